// SPDX-License-Identifier: Apache-2.0
#include "bench/cases/case.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <optional>

#include "bench/cases/overloaded.hpp"

namespace moat {
namespace {

float default_scale(int head_dim) { return 1.0f / std::sqrt(static_cast<float>(head_dim)); }

constexpr float kDefaultEpsilon = RowsProblem{}.epsilon;

// The kernel's name decides what may follow the dtype.
const KernelInfo* find_kernel(std::string_view name) {
  const auto& all = kernels();
  const auto it = std::ranges::find_if(all, [&](const auto& k) { return k.name == name; });
  return it == all.end() ? nullptr : &*it;
}

std::string kernel_names() {
  std::string names;
  for (const KernelInfo& k : kernels()) names += (names.empty() ? "" : ", ") + k.name;
  return names;
}

// Reads the shape of a case name from left to right.
class Shape {
 public:
  Shape(std::string_view name, std::string_view shape, const KernelInfo& kernel)
      : name_(name), rest_(shape), kernel_(kernel) {}

  [[noreturn]] void fail(const std::string& what) const {
    throw CaseError(fmt::format("case '{}': {} (a {} case looks like '{}')", name_, what,
                                kernel_.name, kernel_.example));
  }

  // `key` and a whole number from 1 to `most`, which must come next.
  std::int64_t number(std::string_view key, std::int64_t most) {
    if (!follows(key)) {
      fail(rest_.empty() ? fmt::format("'{}' is missing at the end", key)
                         : fmt::format("expected '{}' and a number at '{}'", key, rest_));
    }
    rest_.remove_prefix(key.size());
    return value(key, most);
  }

  int dimension(std::string_view key) { return static_cast<int>(number(key, kMaxDimension)); }

  // The same, if `key` comes next; else 0.
  std::int64_t optional_number(std::string_view key, std::int64_t most) {
    return follows(key) ? number(key, most) : 0;
  }

  // `key` and a positive decimal number, if they come next.
  std::optional<float> optional_real(std::string_view key) {
    if (!follows(key)) return std::nullopt;
    rest_.remove_prefix(key.size());
    float result = 0;
    const auto [end, error] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), result);
    if (error != std::errc{} || !(result > 0) || !std::isfinite(result)) {
      fail(fmt::format("'{}' needs a positive number, not '{}'", key, rest_));
    }
    rest_.remove_prefix(static_cast<std::size_t>(end - rest_.data()));
    return result;
  }

  bool flag(std::string_view word) {
    if (!rest_.starts_with(word)) return false;
    rest_.remove_prefix(word.size());
    return true;
  }

  void end() const {
    if (!rest_.empty()) fail(fmt::format("cannot read '{}' at the end", rest_));
  }

 private:
  bool follows(std::string_view key) const {
    return rest_.starts_with(key) && rest_.size() > key.size() &&
           std::string_view("0123456789-+.").find(rest_[key.size()]) != std::string_view::npos;
  }

  std::int64_t value(std::string_view key, std::int64_t most) {
    const bool negative = rest_.starts_with('-');
    const std::string_view digits =
        rest_.substr(0, rest_.find_first_not_of("0123456789", negative ? 1 : 0));
    if (digits.size() == (negative ? 1u : 0u)) {
      fail(fmt::format("'{}' needs a whole number, not '{}'", key, rest_));
    }
    if (negative) fail(fmt::format("{}={} is negative; it must be at least 1", key, digits));
    rest_.remove_prefix(digits.size());
    std::int64_t result = 0;
    const auto [_, error] = std::from_chars(digits.data(), digits.data() + digits.size(), result);
    if (error != std::errc{}) {
      fail(fmt::format("{}={} does not fit into 64 bits; the most is {}", key, digits, most));
    }
    if (digits.size() > 1 && digits.front() == '0') {
      fail(fmt::format("{}={} has a leading zero", key, digits));
    }
    if (result == 0) fail(fmt::format("{}=0 leaves nothing to do; it must be at least 1", key));
    if (result > most) fail(fmt::format("{}={} is too large; the most is {}", key, result, most));
    return result;
  }

  std::string_view name_, rest_;
  const KernelInfo& kernel_;
};

std::int64_t leading(Shape& shape, std::string_view key, std::int64_t width) {
  const std::int64_t ld = shape.optional_number(key, kMaxDimension);
  if (ld != 0 && ld < width) {
    shape.fail(fmt::format("{}={} is less than the {} columns of that matrix", key, ld, width));
  }
  return ld;
}

GemmProblem parse_gemm(Shape& shape) {
  GemmProblem p;
  p.m = shape.dimension("m");
  p.n = shape.dimension("n");
  p.k = shape.dimension("k");
  if (shape.flag("bt")) p.order_b = Order::transposed;
  p.lda = leading(shape, "lda", p.k);
  p.ldb = leading(shape, "ldb", p.order_b == Order::transposed ? p.k : p.n);
  p.ldc = leading(shape, "ldc", p.n);
  return p;
}

AttentionProblem parse_attention(Shape& shape) {
  AttentionProblem p;
  p.batch = shape.dimension("b");
  p.q_len = shape.dimension("q");
  p.kv_len = shape.dimension("kv");
  p.q_heads = shape.dimension("h");
  p.kv_heads = shape.dimension("hkv");
  p.head_dim = shape.dimension("d");
  if (p.head_dim != 64 && p.head_dim != 128) {
    shape.fail(fmt::format("d={} is not a head dimension of the kernel: 64 or 128", p.head_dim));
  }
  if (p.q_heads % p.kv_heads != 0) {
    shape.fail(fmt::format("h={} is not a multiple of hkv={}", p.q_heads, p.kv_heads));
  }
  p.causal = shape.flag("causal");
  p.scale = shape.optional_real("scale").value_or(default_scale(p.head_dim));
  return p;
}

ReductionProblem parse_reduction(Shape& shape, ReductionOp op) {
  ReductionProblem p{.op = op};
  p.n = shape.number("n", kMaxLength);
  return p;
}

RowsProblem parse_rows(Shape& shape, RowsOp op) {
  RowsProblem p{.op = op};
  p.rows = shape.dimension("r");
  p.cols = shape.dimension("c");
  if (op == RowsOp::rms_norm) p.epsilon = shape.optional_real("eps").value_or(kDefaultEpsilon);
  return p;
}

Problem parse_shape(Shape& shape, std::string_view kernel) {
  if (kernel == "gemm") return parse_gemm(shape);
  if (kernel == "attention") return parse_attention(shape);
  if (kernel == "sum") return parse_reduction(shape, ReductionOp::sum);
  if (kernel == "max") return parse_reduction(shape, ReductionOp::max);
  if (kernel == "argmax") return parse_reduction(shape, ReductionOp::argmax);
  if (kernel == "softmax") return parse_rows(shape, RowsOp::softmax);
  return parse_rows(shape, RowsOp::rms_norm);
}

std::string shape_name(const GemmProblem& p) {
  std::string s = fmt::format("m{}n{}k{}", p.m, p.n, p.k);
  if (p.order_b == Order::transposed) s += "bt";
  if (p.lda) s += fmt::format("lda{}", p.lda);
  if (p.ldb) s += fmt::format("ldb{}", p.ldb);
  if (p.ldc) s += fmt::format("ldc{}", p.ldc);
  return s;
}

std::string shape_name(const AttentionProblem& p) {
  std::string s = fmt::format("b{}q{}kv{}h{}hkv{}d{}", p.batch, p.q_len, p.kv_len, p.q_heads,
                              p.kv_heads, p.head_dim);
  if (p.causal) s += "causal";
  if (p.scale != default_scale(p.head_dim)) s += fmt::format("scale{}", p.scale);
  return s;
}

std::string shape_name(const ReductionProblem& p) { return fmt::format("n{}", p.n); }

std::string shape_name(const RowsProblem& p) {
  std::string s = fmt::format("r{}c{}", p.rows, p.cols);
  if (p.op == RowsOp::rms_norm && p.epsilon != kDefaultEpsilon) {
    s += fmt::format("eps{}", p.epsilon);
  }
  return s;
}

// Products of shapes overflow 64 bits long before memory does, so bytes are counted in float64.
std::uint64_t saturated(double bytes) {
  constexpr double kMost = 0x1p64;
  return bytes >= kMost ? std::numeric_limits<std::uint64_t>::max()
                        : static_cast<std::uint64_t>(bytes);
}

double extent(double rows, double cols, std::int64_t ld) {
  return ld ? (rows - 1) * static_cast<double>(ld) + cols : rows * cols;
}

struct Bytes {
  double in, out;
};

Bytes operand_bytes(const Problem& problem) {
  return std::visit(
      Overloaded{
          [](const GemmProblem& p) {
            const auto size = static_cast<double>(size_of(p.dtype));
            const bool bt = p.order_b == Order::transposed;
            return Bytes{.in = size * (extent(p.m, p.k, p.lda) +
                                       extent(bt ? p.n : p.k, bt ? p.k : p.n, p.ldb)),
                         .out = size * extent(p.m, p.n, p.ldc)};
          },
          [](const AttentionProblem& p) {
            const auto head = static_cast<double>(size_of(p.dtype)) * p.head_dim * p.batch;
            const double q = head * p.q_len * p.q_heads;
            return Bytes{.in = q + 2 * head * p.kv_len * p.kv_heads, .out = q};
          },
          [](const ReductionProblem& p) {
            return Bytes{.in = static_cast<double>(size_of(p.dtype)) * static_cast<double>(p.n),
                         .out = p.op == ReductionOp::argmax ? 8.0 : 4.0};
          },
          [](const RowsProblem& p) {
            const auto size = static_cast<double>(size_of(p.dtype));
            const double matrix = size * p.rows * p.cols;
            return Bytes{.in = matrix + (p.op == RowsOp::rms_norm ? size * p.cols : 0),
                         .out = matrix};
          },
          [](const auto&) -> Bytes { throw CaseError("this problem is not a case"); },
      },
      problem);
}

std::string readable(std::uint64_t bytes) {
  constexpr std::array kUnits{"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  auto value = static_cast<double>(bytes);
  std::size_t unit = 0;
  for (; value >= 1024 && unit + 1 < kUnits.size(); ++unit) value /= 1024;
  return fmt::format("{:.{}f} {}", value, unit == 0 ? 0 : 1, kUnits[unit]);
}

}  // namespace

std::string_view kernel_name(const Problem& problem) {
  return std::visit(
      Overloaded{
          [](const GemmProblem&) { return std::string_view("gemm"); },
          [](const AttentionProblem&) { return std::string_view("attention"); },
          [](const ReductionProblem& p) {
            return std::string_view(p.op == ReductionOp::sum   ? "sum"
                                    : p.op == ReductionOp::max ? "max"
                                                               : "argmax");
          },
          [](const RowsProblem& p) {
            return std::string_view(p.op == RowsOp::softmax ? "softmax" : "rmsnorm");
          },
          [](const auto&) -> std::string_view { throw CaseError("this problem is not a case"); },
      },
      problem);
}

std::string case_name(const Problem& problem) {
  const std::string shape = std::visit(
      Overloaded{
          [](const GemmProblem& p) { return shape_name(p); },
          [](const AttentionProblem& p) { return shape_name(p); },
          [](const ReductionProblem& p) { return shape_name(p); },
          [](const RowsProblem& p) { return shape_name(p); },
          [](const auto&) -> std::string { throw CaseError("this problem is not a case"); },
      },
      problem);
  return fmt::format("{}/{}/{}", kernel_name(problem), name_of(dtype(problem)), shape);
}

Problem parse_case(std::string_view name) {
  const std::size_t first = name.find('/');
  const std::string_view kernel = name.substr(0, first);
  const KernelInfo* info = find_kernel(kernel);
  if (info == nullptr) {
    throw CaseError(
        fmt::format("case '{}': there is no kernel '{}'; there are {} (a case looks "
                    "like '{}')",
                    name, kernel, kernel_names(), kernels().front().example));
  }
  const std::size_t second = first == name.npos ? name.npos : name.find('/', first + 1);
  const Shape whole(name, {}, *info);
  if (second == name.npos) whole.fail("a case has three parts: kernel/dtype/shape");
  const std::string_view type = name.substr(first + 1, second - first - 1);
  const auto it = std::ranges::find_if(info->dtypes, [&](DType t) { return name_of(t) == type; });
  if (it == info->dtypes.end()) {
    whole.fail(fmt::format("there is no dtype '{}'; there are f32, f16, bf16", type));
  }
  Shape shape(name, name.substr(second + 1), *info);
  Problem problem = parse_shape(shape, kernel);
  shape.end();
  std::visit([&](auto& p) { p.dtype = *it; }, problem);
  return problem;
}

std::uint64_t input_bytes(const Problem& problem) { return saturated(operand_bytes(problem).in); }

std::uint64_t output_bytes(const Problem& problem) { return saturated(operand_bytes(problem).out); }

void check_memory(const Problem& problem, std::uint64_t available, std::string_view where) {
  const Bytes need = operand_bytes(problem);
  const std::uint64_t bytes = saturated(need.in + need.out);
  if (bytes > available) {
    throw CaseError(fmt::format("case '{}' needs {} of memory; {} has {}", case_name(problem),
                                readable(bytes), where, readable(available)));
  }
}

const std::vector<KernelInfo>& kernels() {
  static const std::vector<KernelInfo> all = [] {
    const std::vector types{DType::f32, DType::f16, DType::bf16};
    return std::vector<KernelInfo>{
        {.name = "gemm",
         .description = "C = A·B, f32 accumulation, B as stored or transposed",
         .example = "gemm/bf16/m4096n4096k4096",
         .dtypes = types},
        {.name = "attention",
         .description = "softmax(Q·Kᵀ·scale + mask)·V, causal or full, grouped queries",
         .example = "attention/bf16/b1q512kv512h32hkv8d128causal",
         .dtypes = types},
        {.name = "sum",
         .description = "sum of a vector, in f32",
         .example = "sum/f32/n1048576",
         .dtypes = types},
        {.name = "max",
         .description = "largest element of a vector",
         .example = "max/f32/n1048576",
         .dtypes = types},
        {.name = "argmax",
         .description = "first position of the largest element",
         .example = "argmax/f32/n1048576",
         .dtypes = types},
        {.name = "softmax",
         .description = "softmax of every row of a matrix",
         .example = "softmax/bf16/r4096c4096",
         .dtypes = types},
        {.name = "rmsnorm",
         .description = "root mean square normalisation of every row of a matrix",
         .example = "rmsnorm/bf16/r4096c4096",
         .dtypes = types},
    };
  }();
  return all;
}

}  // namespace moat
