// SPDX-License-Identifier: Apache-2.0
// oneDNN 3 as its documents describe it, one element after the other in float64. What they forbid
// it refuses, as the library does, so that a baseline which asks for it fails here too.
#include "tests/bench/baselines/onednn3/standin.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstring>

#include "problems/codes.hpp"
#include "problems/dtype.hpp"

using dnnl::memory;
using dims = memory::dims;
using type = memory::data_type;

struct Fields {
  std::string kind, name, text;
  memory::desc source, weights, destination;
  dnnl::primitive_attr attributes;
  std::function<void(const dnnl_primitive_desc&, const dnnl::Arguments&)> solve;
};
struct dnnl_primitive_desc : Fields, std::enable_shared_from_this<dnnl_primitive_desc> {
  explicit dnnl_primitive_desc(Fields fields) : Fields(std::move(fields)) {}
};

struct dnnl::memory::State {
  memory::desc desc;
  std::vector<std::byte> owned;
  void* data = nullptr;
};

namespace standin {

State& state() {
  static State only;
  return only;
}

namespace {

[[noreturn]] void refuse(const std::string& why) { throw dnnl::error("stand-in: " + why); }
void demand(bool held, const std::string& what) {
  if (!held) refuse(what);
}

const char* name_of(type t) {
  switch (t) {
    case type::f16:
      return "f16";
    case type::bf16:
      return "bf16";
    case type::f32:
      return "f32";
    case type::s8:
      return "s8";
    case type::u8:
      return "u8";
#if STANDIN_MINOR >= 9
    case type::f8_e5m2:
      return "f8_e5m2";
    case type::f8_e4m3:
      return "f8_e4m3";
    case type::s4:
      return "s4";
    case type::e8m0:
      return "e8m0";
    case type::f4_e2m1:
      return "f4_e2m1";
#endif
    default:
      return "undef";
  }
}

double read(const void* data, type t, std::int64_t element) {
  const auto of = [&]<class T>(moat::Type<T>, std::int64_t at) {
    T x;
    std::memcpy(&x, static_cast<const std::byte*>(data) + at * std::int64_t{sizeof(T)}, sizeof(T));
    return x;
  };
  switch (t) {
    case type::f16:
      return moat::to_float(of(moat::Type<moat::f16>{}, element));
    case type::bf16:
      return moat::to_float(of(moat::Type<moat::bf16>{}, element));
    case type::f32:
      return of(moat::Type<float>{}, element);
    case type::s8:
      return of(moat::Type<std::int8_t>{}, element);
    case type::u8:
      return of(moat::Type<std::uint8_t>{}, element);
#if STANDIN_MINOR >= 9
    case type::f8_e5m2:
      return moat::decode(of(moat::Type<moat::e5m2>{}, element));
    case type::f8_e4m3:
      return moat::decode(of(moat::Type<moat::e4m3>{}, element));
    case type::e8m0:
      return moat::decode(of(moat::Type<moat::e8m0>{}, element));
    case type::s4:
      return moat::decode(of(moat::Type<moat::int4>{}, element / 2), static_cast<int>(element % 2));
    case type::f4_e2m1:
      return moat::decode(of(moat::Type<moat::mxfp4>{}, element / 2),
                          static_cast<int>(element % 2));
#endif
    default:
      refuse("a type that is not read");
  }
}

void write(void* data, type t, std::int64_t element, double x) {
  const auto put = [&](const auto& value) {
    std::memcpy(static_cast<std::byte*>(data) + element * std::int64_t{sizeof(value)}, &value,
                sizeof(value));
  };
  const auto single = static_cast<float>(x);
  switch (t) {
    case type::f16:
      return put(moat::from_float<moat::f16>(single));
    case type::bf16:
      return put(moat::from_float<moat::bf16>(single));
    case type::f32:
      return put(single);
    case type::u8:
      return put(static_cast<std::uint8_t>(x));
    default:
      refuse("a type that is not written");
  }
}

std::int64_t count(const memory::desc& d) {
  std::int64_t n = 1;
  for (const auto length : d.lengths) n *= length;
  return n;
}

// Indices of element `i`, the last dimension fastest.
dims place(const memory::desc& d, std::int64_t i) {
  dims at(d.lengths.size());
  for (std::size_t k = at.size(); k-- > 0;) {
    at[k] = i % d.lengths[k];
    i /= d.lengths[k];
  }
  return at;
}

// Where it lies; dimensions of length 1 are the same for all.
std::int64_t offset(const memory::desc& d, const dims& at) {
  std::int64_t sum = 0;
  for (std::size_t k = 0; k < at.size(); ++k) {
    if (d.lengths[k] != 1) sum += at[k] * d.strides[k];
  }
  return sum;
}

const memory& argument(const dnnl::Arguments& all, int which) {
  const auto found = all.find(which);
  demand(found != all.end(), fmt::format("argument {} is missing", which));
  demand(found->second.state != nullptr && found->second.state->data != nullptr,
         fmt::format("argument {} has no memory", which));
  return found->second;
}

const memory& argument(const dnnl::Arguments& all, int which, const memory::desc& planned) {
  const memory& given = argument(all, which);
  const memory::desc& d = given.state->desc;
  demand(d.lengths == planned.lengths && d.strides == planned.strides && d.type == planned.type,
         fmt::format("argument {} is of another descriptor than planned", which));
  return given;
}

std::string text(const memory::desc& d) {
  return fmt::format("{} {}", name_of(d.type), fmt::join(d.lengths, "x"));
}

using Plan = dnnl_primitive_desc;

// Null, or an error, of what is missing.
std::shared_ptr<const Plan> offer(Fields plan, bool allow_empty) {
  const auto lists = [&](const std::vector<std::string>& kinds) {
    return std::ranges::find(kinds, plan.kind) != kinds.end();
  };
  if (lists(state().missing)) {
    if (allow_empty) return nullptr;
    refuse("no implementation of " + plan.kind);
  }
  plan.name = lists(state().reference) ? "ref:any" : "standin:" + plan.kind;
  return std::make_shared<const Plan>(std::move(plan));
}

#if STANDIN_MINOR >= 4
// The scale of an element. Scales lie dense, the last dimension fastest.
double scale(const Plan& plan, const dnnl::Arguments& all, int which, const memory::desc& of,
             const dims& at) {
  const auto found = plan.attributes.scales.find(which);
  if (found == plan.attributes.scales.end()) return 1;
  const auto& [mask, groups, t] = found->second;
  dims lengths, index;
  for (std::size_t k = 0; k < at.size(); ++k) {
    const bool varies = (mask >> k & 1) != 0;
    const std::int64_t together = varies ? groups.at(k) : of.lengths[k];
    lengths.push_back(of.lengths[k] / together);
    index.push_back(at[k] / together);
  }
  memory::desc dense(lengths, t, dims{lengths[1], 1});
  const memory& given = argument(all, DNNL_ARG_ATTR_SCALES | which, dense);
  return read(given.state->data, t, offset(dense, index));
}
#else
double scale(const Plan&, const dnnl::Arguments&, int, const memory::desc&, const dims&) {
  return 1;
}
#endif

void solve_matmul(const Plan& plan, const dnnl::Arguments& all) {
  const memory::desc &a = plan.source, &b = plan.weights, &c = plan.destination;
  const void* from_a = argument(all, DNNL_ARG_SRC, a).state->data;
  const void* from_b = argument(all, DNNL_ARG_WEIGHTS, b).state->data;
  void* to = argument(all, DNNL_ARG_DST, c).state->data;
  const std::size_t last = c.lengths.size() - 1;
  for (std::int64_t i = 0; i < count(c); ++i) {
    const dims at = place(c, i);
    double sum = 0;
    for (std::int64_t s = 0; s < a.lengths[last]; ++s) {
      dims of_a = at, of_b = at;
      of_a[last] = of_b[last - 1] = s;
      sum += read(from_a, a.type, offset(a, of_a)) * scale(plan, all, DNNL_ARG_SRC, a, of_a) *
             read(from_b, b.type, offset(b, of_b)) * scale(plan, all, DNNL_ARG_WEIGHTS, b, of_b);
    }
    int step = 0;
    for (const auto& operation : plan.attributes.operations.steps) {
      if (operation.which == dnnl::algorithm::eltwise_linear) {
        sum = operation.alpha * sum + operation.beta;
      } else {
        const memory& second =
            argument(all, DNNL_ARG_ATTR_MULTIPLE_POST_OP(step) | DNNL_ARG_SRC_1, operation.second);
        sum += read(second.state->data, operation.second.type, offset(operation.second, at));
      }
      ++step;
    }
    write(to, c.type, offset(c, at), sum);
  }
}

// f(offsets of one row's elements) for each row, the last dimension being a row's.
template <class F>
void for_each_row(const memory::desc& d, F&& f) {
  const std::int64_t cols = d.lengths.back();
  std::vector<std::int64_t> row(static_cast<std::size_t>(cols));
  for (std::int64_t first = 0; first < count(d); first += cols) {
    for (std::int64_t j = 0; j < cols; ++j) row[j] = offset(d, place(d, first + j));
    f(first / cols, row);
  }
}

void solve_softmax(const Plan& plan, const dnnl::Arguments& all) {
  const void* from = argument(all, DNNL_ARG_SRC, plan.source).state->data;
  void* to = argument(all, DNNL_ARG_DST, plan.destination).state->data;
  for_each_row(plan.source, [&](std::int64_t, const std::vector<std::int64_t>& row) {
    double largest = -INFINITY, sum = 0;
    for (const auto i : row) largest = std::max(largest, read(from, plan.source.type, i));
    std::vector<double> x;
    for (const auto i : row) {
      sum += x.emplace_back(std::exp(read(from, plan.source.type, i) - largest));
    }
    for (std::size_t j = 0; j < row.size(); ++j) {
      write(to, plan.destination.type, row[j], x[j] / sum);
    }
  });
}

void solve_norm(const Plan& plan, const dnnl::Arguments& all, dnnl::prop_kind kind, float epsilon,
                dnnl::normalization_flags flags, type of_scale) {
  const auto has = [&](unsigned flag) { return (static_cast<unsigned>(flags) & flag) != 0; };
  const bool given = has(1), scaled = has(2), root_only = has(16);
  const void* from = argument(all, DNNL_ARG_SRC, plan.source).state->data;
  void* to = argument(all, DNNL_ARG_DST, plan.destination).state->data;
  dims of_rows(plan.source.lengths.begin(), plan.source.lengths.end() - 1);
  const bool stored = given || kind == dnnl::prop_kind::forward_training;
  const memory::desc statistics(of_rows, type::f32, dims{1});
  const auto statistic = [&](int which) {
    return static_cast<float*>(argument(all, which, statistics).state->data);
  };
  const memory::desc of_cols(dims{plan.source.lengths.back()}, of_scale, dims{1});
  const void* scales = scaled ? argument(all, DNNL_ARG_SCALE, of_cols).state->data : nullptr;
  for_each_row(plan.source, [&](std::int64_t r, const std::vector<std::int64_t>& row) {
    double mean = 0, variance = 0;
    if (given) {
      if (!root_only) mean = statistic(DNNL_ARG_MEAN)[r];
      variance = statistic(DNNL_ARG_VARIANCE)[r];
    } else {
      const auto n = static_cast<double>(row.size());
      for (const auto i : row) mean += root_only ? 0 : read(from, plan.source.type, i) / n;
      for (const auto i : row) {
        const double apart = read(from, plan.source.type, i) - mean;
        variance += apart * apart / n;
      }
    }
    if (stored && !given) {
      if (!root_only) statistic(DNNL_ARG_MEAN)[r] = static_cast<float>(mean);
      statistic(DNNL_ARG_VARIANCE)[r] = static_cast<float>(variance);
    }
    for (std::size_t j = 0; j < row.size(); ++j) {
      double y = (read(from, plan.source.type, row[j]) - mean) / std::sqrt(variance + epsilon);
      if (scaled) y *= read(scales, of_scale, static_cast<std::int64_t>(j));
      write(to, plan.destination.type, row[j], y);
    }
  });
}

void solve_reorder(const Plan& plan, const dnnl::Arguments& all) {
  const void* from = argument(all, DNNL_ARG_FROM, plan.source).state->data;
  void* to = argument(all, DNNL_ARG_TO, plan.destination).state->data;
  for (std::int64_t i = 0; i < count(plan.source); ++i) {
    const dims at = place(plan.source, i);
    write(to, plan.destination.type, offset(plan.destination, at),
          read(from, plan.source.type, offset(plan.source, at)));
  }
}

}  // namespace
}  // namespace standin

using standin::demand;
using standin::offer;
using standin::state;

const dnnl_version_t* dnnl_version() { return &state().version; }

namespace dnnl {

cpu_isa get_effective_cpu_isa() { return state().isa; }

normalization_flags operator|(normalization_flags a, normalization_flags b) {
  return static_cast<normalization_flags>(static_cast<unsigned>(a) | static_cast<unsigned>(b));
}

engine::engine(kind which, std::size_t index) {
  demand(which == kind::cpu && index == 0, "there is one engine, of the CPU");
}

stream::stream(const engine&) {}
stream& stream::wait() { return *this; }

memory::desc::desc(const dims& sizes, data_type of, const dims& elements_apart)
    : lengths(sizes), strides(elements_apart), type(of) {
  demand(sizes.size() == elements_apart.size(), "as many strides as dimensions");
}

memory::memory(const desc& of, const engine&) : state(std::make_shared<State>()) {
  state->desc = of;
  std::int64_t last = 0;
  for (std::size_t k = 0; k < of.lengths.size(); ++k) last += (of.lengths[k] - 1) * of.strides[k];
  state->owned.resize(static_cast<std::size_t>(last + 1) * sizeof(float), std::byte{0xff});
  state->data = state->owned.data();
}
memory::memory(const desc& of, const engine&, void* data) : state(std::make_shared<State>()) {
  state->desc = of;
  state->data = data;
}
void* memory::get_data_handle() const { return state->data; }
void memory::set_data_handle(void* data) { state->data = data; }
memory::desc memory::get_desc() const { return state->desc; }

void post_ops::append_eltwise(algorithm which, float alpha, float beta) {
  demand(which == algorithm::eltwise_linear, "x · alpha + beta");
  steps.push_back({which, alpha, beta, {}});
}
void post_ops::append_binary(algorithm which, const memory::desc& second) {
  demand(which == algorithm::binary_add, "an addition");
  steps.push_back({which, 0, 0, second});
}

void primitive_attr::set_post_ops(const post_ops& given) { operations = given; }
#if STANDIN_MINOR >= 4
void primitive_attr::set_scales(int argument, int mask, const memory::dims& groups,
                                memory::data_type of) {
  demand(groups.size() == 2 && mask == 3, "groups need the mask of the last two dimensions");
  scales[argument] = {mask, groups, of};
}
void primitive_attr::set_fpmath_mode(fpmath_mode which, bool apply_to_int) {
  mode = which;
  of_integers = apply_to_int;
}
#endif

const char* primitive_desc_base::impl_info_str() const {
  demand(plan != nullptr, "an empty descriptor has no name");
  return plan->name.c_str();
}

primitive::primitive(const dnnl_primitive_desc* desc) {
  demand(desc != nullptr, "a primitive needs a descriptor");
  plan = desc->shared_from_this();
}
void primitive::execute(const stream&, const Arguments& arguments) const {
  demand(plan != nullptr, "an empty primitive does not run");
  plan->solve(*plan, arguments);
  state().ran.push_back(plan->text);
}

matmul::primitive_desc::primitive_desc(const engine&, const memory::desc& source,
                                       const memory::desc& weights, const memory::desc& destination,
                                       const primitive_attr& attributes, bool allow_empty) {
  const std::size_t last = destination.lengths.size() - 1;
  demand(source.lengths[last] == weights.lengths[last - 1] &&
             source.lengths[last - 1] == destination.lengths[last - 1] &&
             weights.lengths[last] == destination.lengths[last],
         "m × k by k × n gives m × n");
  demand(destination.strides[last] == 1 || destination.lengths[last] == 1,
         "columns of the result are contiguous");
  std::string scales;
  for (const auto& [which, of] : attributes.scales) {
    const memory::desc& scaled = which == DNNL_ARG_SRC ? source : weights;
    for (std::size_t k = 0; k < of.groups.size(); ++k) {
      demand(scaled.lengths[k] % of.groups[k] == 0, "a group divides its dimension");
    }
    scales += fmt::format(" scales {} {}", standin::name_of(of.type), fmt::join(of.groups, "x"));
  }
#if STANDIN_MINOR >= 5
  const bool integers = weights.type == type::s8 || weights.type == type::s4;
  if (integers && source.type != type::s8 && source.type != type::u8) {
    demand(attributes.of_integers && attributes.mode != fpmath_mode::strict,
           "integers beside floats need a mode that applies to them");
    scales += attributes.mode == fpmath_mode::bf16 ? " by bf16" : " by f16";
  }
#endif
  plan = offer({.kind = "matmul",
                .name = {},
                .text = fmt::format("matmul {} · {} > {}{}", standin::text(source),
                                    standin::text(weights), standin::text(destination), scales),
                .source = source,
                .weights = weights,
                .destination = destination,
                .attributes = attributes,
                .solve = standin::solve_matmul},
               allow_empty);
}
memory::desc matmul::primitive_desc::src_desc() const { return plan->source; }
memory::desc matmul::primitive_desc::weights_desc() const { return plan->weights; }
memory::desc matmul::primitive_desc::dst_desc() const { return plan->destination; }

softmax_forward::primitive_desc::primitive_desc(const engine&, prop_kind, algorithm which,
                                                const memory::desc& source,
                                                const memory::desc& destination, int axis,
                                                const primitive_attr&, bool allow_empty) {
  demand(which == algorithm::softmax_accurate && axis + 1 == std::ssize(source.lengths),
         "softmax over the last dimension");
  demand(source.strides == destination.strides, "one layout");
  plan = offer(
      {.kind = "softmax",
       .name = {},
       .text = fmt::format("softmax {} > {}", standin::text(source), standin::text(destination)),
       .source = source,
       .weights = {},
       .destination = destination,
       .attributes = {},
       .solve = standin::solve_softmax},
      allow_empty);
}

namespace {
std::shared_ptr<const dnnl_primitive_desc> norm(prop_kind kind, const memory::desc& source,
                                                const memory::desc& destination, float epsilon,
                                                normalization_flags flags, type of_scale,
                                                bool allow_empty) {
  demand(source.strides == destination.strides && source.lengths.size() == 2, "rows alike");
  return offer({.kind = "norm",
                .name = {},
                .text = fmt::format("norm {} > {} flags {} scale {}", standin::text(source),
                                    standin::text(destination), static_cast<unsigned>(flags),
                                    standin::name_of(of_scale)),
                .source = source,
                .weights = {},
                .destination = destination,
                .attributes = {},
                .solve =
                    [=](const dnnl_primitive_desc& plan, const Arguments& all) {
                      standin::solve_norm(plan, all, kind, epsilon, flags, of_scale);
                    }},
               allow_empty);
}
}  // namespace

layer_normalization_forward::primitive_desc::primitive_desc(
    const engine&, prop_kind kind, const memory::desc& source, const memory::desc& destination,
    float epsilon, normalization_flags flags, const primitive_attr&, bool allow_empty) {
  plan = norm(kind, source, destination, epsilon, flags, type::f32, allow_empty);
}
#if STANDIN_MINOR >= 4
layer_normalization_forward::primitive_desc::primitive_desc(
    const engine&, prop_kind kind, const memory::desc& source, const memory::desc& destination,
    memory::data_type of_scale, float epsilon, normalization_flags flags, const primitive_attr&,
    bool allow_empty) {
  plan = norm(kind, source, destination, epsilon, flags, of_scale, allow_empty);
}
#endif

reorder::primitive_desc::primitive_desc(const engine&, const memory::desc& from, const engine&,
                                        const memory::desc& to) {
  demand(from.lengths == to.lengths, "a reorder keeps the dimensions");
  plan = offer({.kind = "reorder",
                .name = {},
                .text = fmt::format("reorder {} > {}", standin::text(from), standin::text(to)),
                .source = from,
                .weights = {},
                .destination = to,
                .attributes = {},
                .solve = standin::solve_reorder},
               false);
}
reorder::reorder(const memory& from, const memory& to)
    : primitive(primitive_desc(engine(engine::kind::cpu, 0), from.get_desc(),
                               engine(engine::kind::cpu, 0), to.get_desc())) {}
void reorder::execute(const stream& on, const memory& from, const memory& to) const {
  primitive::execute(on, {{DNNL_ARG_FROM, from}, {DNNL_ARG_TO, to}});
}

}  // namespace dnnl
