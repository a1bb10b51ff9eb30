// SPDX-License-Identifier: Apache-2.0
#include "bench/baselines/onednn_codes.hpp"

#include <fmt/format.h>

#include <memory>
#include <stdexcept>
#include <unordered_map>

#include "bench/baselines/onednn_api.hpp"

namespace moat::onednn {

#if MOAT_ONEDNN(3, 5)  // 3.4 has scales for groups, 3.5 integers of 4 bits
namespace {

using Type = dnnl::memory::data_type;

std::optional<Type> code_type(Code code) {
  switch (code) {
    case Code::int8:
      return Type::s8;
    case Code::int4:
      return Type::s4;
    case Code::e4m3:
      return Type::f8_e4m3;
    case Code::e5m2:
      return Type::f8_e5m2;
#if MOAT_ONEDNN(3, 6)
    case Code::e8m0:
      return Type::e8m0;
#endif
#if MOAT_ONEDNN(3, 7)
    case Code::mxfp4:
      return Type::f4_e2m1;
#endif
    default:
      return std::nullopt;
  }
}

// Elements that share a scale, of the two dimensions of a matrix as oneDNN has it: A is m × k, W is
// k × n.
struct Groups {
  std::int64_t rows = 1;
  std::int64_t cols = 1;
  Type type = Type::f32;
};

// C = A·W.
struct Product {
  std::int64_t m, n, k;
  Type a, w, c;
  std::optional<Groups> of_a;
  Groups of_w;
  std::optional<dnnl::fpmath_mode> mode;  // the type that integers are decoded to
};

Product product_of(const WeightGemmProblem& p) {
  const Type type = data_type(p.dtype);
  return {.m = p.m,
          .n = p.n,
          .k = p.k,
          .a = type,
          .w = code_type(p.code).value(),
          .c = type,
          .of_a = std::nullopt,
          .of_w = {.rows = group(p),
                   .type = p.code == Code::mxfp4 ? code_type(Code::e8m0).value() : type},
          .mode = p.dtype == DType::f16 ? dnnl::fpmath_mode::f16 : dnnl::fpmath_mode::bf16};
}

Product product_of(const ScaledGemmProblem& p) {
  const Type codes = code_type(p.code).value();
  const Type scales = p.ue8m0 ? code_type(Code::e8m0).value() : Type::f32;
  return {.m = p.m,
          .n = p.n,
          .k = p.k,
          .a = codes,
          .w = codes,
          .c = data_type(p.dtype),
          .of_a = Groups{.rows = 1, .cols = kPerScale, .type = scales},
          .of_w = {.rows = kPerScale, .cols = kPerScale, .type = scales},
          .mode = std::nullopt};
}

// Of every element, in groups of both dimensions.
constexpr int kBothDimensions = 3;

dnnl::matmul::primitive_desc describe(const dnnl::engine& engine, const Product& p) {
  dnnl::primitive_attr attributes;
  attributes.set_scales(DNNL_ARG_WEIGHTS, kBothDimensions, {p.of_w.rows, p.of_w.cols}, p.of_w.type);
  if (p.of_a) {
    attributes.set_scales(DNNL_ARG_SRC, kBothDimensions, {p.of_a->rows, p.of_a->cols},
                          p.of_a->type);
  }
  if (p.mode) attributes.set_fpmath_mode(*p.mode, true);
  return matmul(engine, strided(p.a, {p.m, p.k}, {p.k, 1}), strided(p.w, {p.k, p.n}, {1, p.k}),
                strided(p.c, {p.m, p.n}, {p.n, 1}), attributes);
}

// Scales of W, from our order, in which those of a column follow one another, to oneDNN's.
struct Transposition {
  std::int64_t rows, cols;
  Type moved;  // what a scale is moved as
  bool needed() const { return rows > 1 && cols > 1; }
  dnnl::memory::desc from() const { return strided(moved, {rows, cols}, {1, rows}); }
  dnnl::memory::desc to() const { return strided(moved, {rows, cols}, {cols, 1}); }
};

Transposition transposition(const Product& p) {
  Type moved = p.of_w.type;
#if MOAT_ONEDNN(3, 6)
  if (moved == Type::e8m0) moved = Type::u8;  // bytes, for which there are fast reorders
#endif
  return {.rows = p.k / p.of_w.rows, .cols = p.n / p.of_w.cols, .moved = moved};
}

class Call {
 public:
  Call(const dnnl::engine& engine, const Product& p)
      : stream_(engine), transposition_(transposition(p)) {
    const auto desc = describe(engine, p);
    product_ = dnnl::matmul(desc);
    const auto view = [&](const dnnl::memory::desc& of) {
      return dnnl::memory(of, engine, nullptr);
    };
    const auto scales = [&](std::int64_t rows, std::int64_t cols, Type type) {
      return view(strided(type, {rows, cols}, {cols, 1}));
    };
    const std::int64_t of_w_rows = transposition_.rows;
    const std::int64_t of_w_cols = transposition_.cols;
    arguments_ = {
        {DNNL_ARG_SRC, view(desc.src_desc())},
        {DNNL_ARG_WEIGHTS, view(desc.weights_desc())},
        {DNNL_ARG_DST, view(desc.dst_desc())},
        {DNNL_ARG_ATTR_SCALES | DNNL_ARG_WEIGHTS, scales(of_w_rows, of_w_cols, p.of_w.type)}};
    if (p.of_a) {
      arguments_.emplace(DNNL_ARG_ATTR_SCALES | DNNL_ARG_SRC,
                         scales(p.m / p.of_a->rows, p.k / p.of_a->cols, p.of_a->type));
    }
    if (!transposition_.needed()) return;
    given_ = view(transposition_.from());
    turned_ = dnnl::memory(transposition_.to(), engine);
    transpose_ = dnnl::reorder(
        dnnl::reorder::primitive_desc(engine, transposition_.from(), engine, transposition_.to()));
    set(DNNL_ARG_ATTR_SCALES | DNNL_ARG_WEIGHTS, turned_.get_data_handle());
  }

  void run(const void* a, const void* a_scales, const void* w, const void* w_scales, void* c) {
    set(DNNL_ARG_SRC, a);
    set(DNNL_ARG_WEIGHTS, w);
    set(DNNL_ARG_DST, c);
    if (a_scales != nullptr) set(DNNL_ARG_ATTR_SCALES | DNNL_ARG_SRC, a_scales);
    if (transposition_.needed()) {
      given_.set_data_handle(const_cast<void*>(w_scales));
      transpose_.execute(stream_, given_, turned_);
    } else {
      set(DNNL_ARG_ATTR_SCALES | DNNL_ARG_WEIGHTS, w_scales);
    }
    product_.execute(stream_, arguments_);
    stream_.wait();
  }

 private:
  void set(int argument, const void* data) {
    arguments_.at(argument).set_data_handle(const_cast<void*>(data));
  }

  dnnl::stream stream_;
  Transposition transposition_;
  dnnl::primitive product_;
  dnnl::reorder transpose_;
  std::unordered_map<int, dnnl::memory> arguments_;
  dnnl::memory given_, turned_;
};

std::string kernel_of(const dnnl::engine& engine, const Product& p) {
  const auto desc = describe(engine, p);
  if (!desc) return {};
  std::string name = desc.impl_info_str();
  const Transposition scales = transposition(p);
  if (scales.needed()) {
    const dnnl::reorder::primitive_desc moving(engine, scales.from(), engine, scales.to());
    name = std::string(moving.impl_info_str()) + " + " + name;
  }
  return name;
}

std::string lacks(Code code) {
  return fmt::format("oneDNN {}.{} has no numbers in {}", DNNL_VERSION_MAJOR, DNNL_VERSION_MINOR,
                     name_of(code));
}

}  // namespace

std::optional<std::string> no_codes(const WeightGemmProblem& p) {
  if (!code_type(p.code)) return lacks(p.code);
  return std::nullopt;
}

std::optional<std::string> no_codes(const ScaledGemmProblem& p) {
  if (!code_type(p.code)) return lacks(p.code);
  if (p.ue8m0 && !code_type(Code::e8m0)) return lacks(Code::e8m0);
  if (p.k % kPerScale != 0 || p.n % kPerScale != 0) {
    return "oneDNN has no groups that do not divide k and n";
  }
  return std::nullopt;
}

std::string coded_kernel(const dnnl::engine& engine, const WeightGemmProblem& p) {
  return kernel_of(engine, product_of(p));
}

std::string coded_kernel(const dnnl::engine& engine, const ScaledGemmProblem& p) {
  return kernel_of(engine, product_of(p));
}

std::function<void(const Problem&)> prepare_coded(const dnnl::engine& engine,
                                                  const WeightGemmProblem& p) {
  return [call = std::make_shared<Call>(engine, product_of(p))](const Problem& problem) {
    const auto& q = std::get<WeightGemmProblem>(problem);
    call->run(q.a, nullptr, q.w, q.scales, q.c);
  };
}

std::function<void(const Problem&)> prepare_coded(const dnnl::engine& engine,
                                                  const ScaledGemmProblem& p) {
  return [call = std::make_shared<Call>(engine, product_of(p))](const Problem& problem) {
    const auto& q = std::get<ScaledGemmProblem>(problem);
    call->run(q.a, q.a_scales, q.b, q.b_scales, q.c);
  };
}

#else

std::optional<std::string> no_codes(const WeightGemmProblem&) {
  return fmt::format("oneDNN {}.{} has no products with weights in codes, as 3.5 and later have",
                     DNNL_VERSION_MAJOR, DNNL_VERSION_MINOR);
}

std::optional<std::string> no_codes(const ScaledGemmProblem&) {
  return fmt::format(
      "oneDNN {}.{} has no products with a scale for each block, as 3.5 and later have",
      DNNL_VERSION_MAJOR, DNNL_VERSION_MINOR);
}

std::string coded_kernel(const dnnl::engine&, const WeightGemmProblem&) { return {}; }
std::string coded_kernel(const dnnl::engine&, const ScaledGemmProblem&) { return {}; }

std::function<void(const Problem&)> prepare_coded(const dnnl::engine&, const WeightGemmProblem& p) {
  throw std::runtime_error(*no_codes(p));
}
std::function<void(const Problem&)> prepare_coded(const dnnl::engine&, const ScaledGemmProblem& p) {
  throw std::runtime_error(*no_codes(p));
}

#endif

}  // namespace moat::onednn
