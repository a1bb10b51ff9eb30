// SPDX-License-Identifier: Apache-2.0
#include "bench/software/unfused.hpp"

#include <fmt/format.h>

#include <concepts>
#include <type_traits>

#include "bench/cases/case.hpp"
#include "bench/software/loops.hpp"

namespace moat {
namespace {

using Solve = std::function<void(const Problem&)>;

// Of each problem P that has steps: refusal(p, device), steps(p), between(p) and scratch(p) in
// bytes, and prepare(device, p).

std::string needs_host(const DeviceInfo& device, std::string_view step) {
  return device.host ? ""
                     : fmt::format("no kernel {} by itself; a loop does on the host alone", step);
}

std::string needs_f32(DType type, std::string_view what) {
  return type == DType::f32
             ? ""
             : fmt::format("{} in 16 bits would not meet the fused kernel's bound: use f32", what);
}

double matrix_bytes(double rows, double cols, DType type) {
  return rows * cols * static_cast<double>(size_of(type));
}

// addrmsnorm

RowsProblem norm_of(const AddNormProblem& p) {
  return {.op = RowsOp::rms_norm,
          .dtype = p.dtype,
          .rows = p.rows,
          .cols = p.cols,
          .epsilon = p.epsilon,
          .x = p.sum,
          .weight = p.weight,
          .y = p.y};
}

std::string refusal(const AddNormProblem&, const DeviceInfo& device) {
  return needs_host(device, "adds two matrices");
}

double between(const AddNormProblem& p) { return matrix_bytes(p.rows, p.cols, p.dtype); }

double scratch(const AddNormProblem&) { return 0; }

std::vector<Step> steps(const AddNormProblem& p) {
  const double matrix = between(p);
  Step norm = step_of(norm_of(p));
  norm.read_between = matrix;
  return {{.text = "x + residual, a loop",
           .dtype = p.dtype,
           .flops = 1.0 * p.rows * p.cols,
           .read = 2 * matrix,
           .written = matrix},
          norm};
}

Solve prepare(Device& device, const AddNormProblem&) {
  return [&device](const Problem& problem) {
    const auto& p = std::get<AddNormProblem>(problem);
    loops().add_elements(p.dtype, p.x, p.residual, p.sum, std::int64_t{p.rows} * p.cols,
                         device.info().compute_units);
    device.run(norm_of(p));
  };
}

// addrmsnormquant

AddNormProblem first_of(const AddNormQuantiseProblem& p, void* y) {
  return {.dtype = p.dtype,
          .rows = p.rows,
          .cols = p.cols,
          .epsilon = p.epsilon,
          .x = p.x,
          .residual = p.residual,
          .weight = p.weight,
          .sum = p.sum,
          .y = y};
}

QuantiseProblem second_of(const AddNormQuantiseProblem& p, const void* y) {
  return {.dtype = p.dtype,
          .code = p.code,
          .rows = p.rows,
          .cols = p.cols,
          .ue8m0 = p.ue8m0,
          .x = y,
          .codes = p.codes,
          .scales = p.scales};
}

std::string refusal(const AddNormQuantiseProblem& p, const DeviceInfo&) {
  return needs_f32(p.dtype, "y");
}

double between(const AddNormQuantiseProblem& p) { return matrix_bytes(p.rows, p.cols, p.dtype); }

double scratch(const AddNormQuantiseProblem& p) { return between(p); }

std::vector<Step> steps(const AddNormQuantiseProblem& p) {
  Step norm = step_of(first_of(p, nullptr));
  norm.written_between = between(p);
  Step quantise = step_of(second_of(p, nullptr));
  quantise.read_between = between(p);
  return {norm, quantise};
}

Solve prepare(Device& device, const AddNormQuantiseProblem& shape) {
  return [&device, y = scratch_on(device, scratch(shape))](const Problem& problem) {
    const auto& p = std::get<AddNormQuantiseProblem>(problem);
    device.run(first_of(p, y.get()));
    device.run(second_of(p, y.get()));
  };
}

// swiglu

std::string refusal(const SwigluProblem& p, const DeviceInfo& device) {
  if (p.limit > 0) return "the steps are those of the gate without a limit";
  if (const std::string why = needs_f32(p.dtype, "the gate"); !why.empty()) return why;
  return needs_host(device, "computes the gate");
}

double between(const SwigluProblem& p) { return matrix_bytes(p.rows, p.cols, p.dtype); }

double scratch(const SwigluProblem& p) { return between(p); }

std::vector<Step> steps(const SwigluProblem& p) {
  const double matrix = between(p);
  const double count = 1.0 * p.rows * p.cols;
  return {{.text = "silu(gate), a loop",
           .dtype = p.dtype,
           .flops = flops(p) - count,
           .read = matrix,
           .written = matrix,
           .written_between = matrix},
          {.text = "gate · value, a loop",
           .dtype = p.dtype,
           .flops = count,
           .read = 2 * matrix,
           .written = matrix,
           .read_between = matrix}};
}

Solve prepare(Device& device, const SwigluProblem& shape) {
  return [&device, gate = scratch_on(device, scratch(shape))](const Problem& problem) {
    const auto& p = std::get<SwigluProblem>(problem);
    const auto* x = static_cast<const float*>(p.x);
    auto* gates = reinterpret_cast<float*>(gate.get());
    const int threads = device.info().compute_units;
    const std::int64_t cols = p.cols;
    loops().silu_rows({x, 2 * cols}, {gates, cols}, p.rows, cols, threads);
    loops().multiply_rows({gates, cols}, {x + cols, 2 * cols}, {static_cast<float*>(p.y), cols},
                          p.rows, cols, threads);
  };
}

// rope

std::string refusal(const RopeProblem& p, const DeviceInfo& device) {
  if (p.interleaved) return "the steps are those of pairs that lie half a head apart";
  if (const std::string why = needs_f32(p.dtype, "products"); !why.empty()) return why;
  return needs_host(device, "multiplies two matrices element by element");
}

double heads_bytes(const RopeProblem& p) {
  return matrix_bytes(p.tokens, 1.0 * p.heads * p.head_dim, p.dtype);
}

// The second halves, x turned, and both products.
double between(const RopeProblem& p) { return 3.5 * heads_bytes(p); }

double scratch(const RopeProblem& p) { return between(p); }

std::vector<Step> steps(const RopeProblem& p) {
  const double x = heads_bytes(p);
  const double count = 1.0 * p.tokens * p.heads * p.head_dim;
  const double table = matrix_bytes(p.tokens, p.head_dim / 2, DType::f32);
  return {{.text = "−second half, a loop",
           .dtype = p.dtype,
           .read = x / 2,
           .written = x / 2,
           .written_between = x / 2},
          {.text = "turned: (−second half, first half), a loop",
           .dtype = p.dtype,
           .read = x,
           .written = x,
           .read_between = x / 2,
           .written_between = x},
          {.text = "x · cos, a loop",
           .dtype = p.dtype,
           .flops = count,
           .read = x + table,
           .written = x,
           .written_between = x},
          {.text = "turned · sin, a loop",
           .dtype = p.dtype,
           .flops = count,
           .read = x + table,
           .written = x,
           .read_between = x,
           .written_between = x},
          {.text = "sum of both, a loop",
           .dtype = p.dtype,
           .flops = count,
           .read = 2 * x,
           .written = x,
           .read_between = 2 * x}};
}

Solve prepare(Device& device, const RopeProblem& shape) {
  return [&device, memory = scratch_on(device, scratch(shape))](const Problem& problem) {
    const auto& p = std::get<RopeProblem>(problem);
    const HeadShape heads{.tokens = p.tokens, .heads = p.heads, .half = p.head_dim / 2};
    const std::int64_t count = heads.tokens * heads.heads * p.head_dim;
    const auto* x = static_cast<const float*>(p.x);
    auto* turned = reinterpret_cast<float*>(memory.get());
    float* by_cos = turned + count;
    float* by_sin = by_cos + count;
    float* second = by_sin + count;
    const int threads = device.info().compute_units;
    loops().negate_second_halves(x, second, heads, threads);
    loops().join_halves(second, x, turned, heads, threads);
    loops().scale_heads(x, static_cast<const float*>(p.cos), by_cos, heads, threads);
    loops().scale_heads(turned, static_cast<const float*>(p.sin), by_sin, heads, threads);
    loops().add_elements(p.dtype, by_cos, by_sin, p.y, count, threads);
  };
}

template <class P>
concept HasSteps = requires(const P& p) {
  { steps(p) } -> std::same_as<std::vector<Step>>;
};

// f of a problem that has steps; of others a value-initialised result.
template <class F>
auto of_steps(const Problem& problem, F&& f) {
  return std::visit(
      [&]<class P>(const P& p) -> decltype(f(AddNormProblem{})) {
        if constexpr (HasSteps<P>) return f(p);
        return {};
      },
      problem);
}

std::optional<std::string> unsupported(const Problem& problem, const DeviceInfo& device) {
  std::string known;
  for (const Problem& kernel : kernels()) {
    if (!of_steps(kernel, [](const auto&) { return true; })) continue;
    if (kernel.index() == problem.index()) {
      const std::string why = of_steps(problem, [&](const auto& p) { return refusal(p, device); });
      return why.empty() ? std::nullopt : std::optional(why);
    }
    known += fmt::format("{}{}", known.empty() ? "" : ", ", describe(kernel).kernel);
  }
  return fmt::format("unfused steps are known of {}, not of {}", known, kernel_name(problem));
}

}  // namespace

Chain unfused_chain() {
  return {.name = "unfused",
          .text = "a fused kernel's operations one after the other, each through memory",
          .unsupported = unsupported,
          .steps =
              [](const Problem& problem) {
                return of_steps(problem, [](const auto& p) { return steps(p); });
              },
          .between =
              [](const Problem& problem) {
                return of_steps(problem, [](const auto& p) { return between(p); });
              },
          .scratch =
              [](const Problem& problem) {
                return of_steps(problem, [](const auto& p) { return scratch(p); });
              },
          .prepare =
              [](Device& device, const Problem& problem) {
                return of_steps(problem, [&](const auto& p) { return prepare(device, p); });
              }};
}

}  // namespace moat
