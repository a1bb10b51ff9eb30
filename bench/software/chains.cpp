// SPDX-License-Identifier: Apache-2.0
#include "bench/software/chains.hpp"

#include <fmt/format.h>

#include <cmath>
#include <cstddef>
#include <utility>

#include "bench/cases/case.hpp"
#include "bench/software/indexed.hpp"
#include "bench/software/quantising.hpp"
#include "bench/software/unfused.hpp"

namespace moat {
namespace {

double matrix_bytes(double rows, double cols, DType type) {
  return rows * cols * static_cast<double>(size_of(type));
}

// materialised

std::optional<std::string> cannot_materialise(const Problem& problem, const DeviceInfo&) {
  const auto* p = std::get_if<AttentionProblem>(&problem);
  if (p == nullptr) {
    return fmt::format("scores lie between the steps of attention, not of {}",
                       kernel_name(problem));
  }
  // The softmax has no scale and no mask, and scores rounded to 16 bits miss attention's bound.
  if (p->dtype != DType::f32) return "scores in 16 bits would not meet attention's bound: use f32";
  if (p->causal || p->scale != 1) {
    return "the softmax between the products has neither mask nor scale: use a case that ends in "
           "scale1";
  }
  return std::nullopt;
}

double score_bytes(const Problem& problem) {
  const auto& p = std::get<AttentionProblem>(problem);
  return matrix_bytes(1.0 * p.batch * p.q_heads * p.q_len, p.kv_len, p.dtype);
}

double scores_and_weights(const Problem& problem) { return 2 * score_bytes(problem); }

// Of one head: S = Q·Kᵀ and O = P·V, with the heads side by side in memory.
GemmProblem scores_of(const AttentionProblem& p) {
  return {.dtype = p.dtype,
          .m = p.q_len,
          .n = p.kv_len,
          .k = p.head_dim,
          .order_b = Order::transposed,
          .lda = std::int64_t{p.q_heads} * p.head_dim,
          .ldb = std::int64_t{p.kv_heads} * p.head_dim};
}

GemmProblem values_of(const AttentionProblem& p) {
  return {.dtype = p.dtype,
          .m = p.q_len,
          .n = p.head_dim,
          .k = p.kv_len,
          .ldb = std::int64_t{p.kv_heads} * p.head_dim,
          .ldc = std::int64_t{p.q_heads} * p.head_dim};
}

RowsProblem weights_of(const AttentionProblem& p) {
  return {.op = RowsOp::softmax,
          .dtype = p.dtype,
          .rows = p.batch * p.q_heads * p.q_len,
          .cols = p.kv_len};
}

std::vector<Step> materialised_steps(const Problem& problem) {
  const auto& p = std::get<AttentionProblem>(problem);
  const double heads = 1.0 * p.batch * p.q_heads;
  const double between = score_bytes(problem);
  Step scores = step_of(scores_of(p), heads);
  scores.written_between = between;
  Step weights = step_of(weights_of(p));
  weights.read_between = weights.written_between = between;
  Step values = step_of(values_of(p), heads);
  values.read_between = between;
  return {scores, weights, values};
}

std::function<void(const Problem&)> prepare_materialised(Device& device, const Problem& shape) {
  const double one = score_bytes(shape);
  auto memory = scratch_on(device, 2 * one);
  return [&device, memory, size = static_cast<std::size_t>(one)](const Problem& problem) {
    const auto& p = std::get<AttentionProblem>(problem);
    std::byte* const scores = memory.get();
    std::byte* const weights = scores + size;
    const std::size_t element = size_of(p.dtype);
    const auto head_bytes = element * static_cast<std::size_t>(p.head_dim);
    const auto each_head = [&](auto&& f) {
      for (int b = 0; b < p.batch; ++b) {
        for (int h = 0; h < p.q_heads; ++h) {
          const auto query = static_cast<std::size_t>(b) * p.q_len * p.q_heads + h;
          const auto key =
              static_cast<std::size_t>(b) * p.kv_len * p.kv_heads + h / (p.q_heads / p.kv_heads);
          const auto matrix = element * static_cast<std::size_t>(b * p.q_heads + h) * p.q_len *
                              static_cast<std::size_t>(p.kv_len);
          f(query * head_bytes, key * head_bytes, matrix);
        }
      }
    };
    each_head([&](std::size_t query, std::size_t key, std::size_t matrix) {
      GemmProblem step = scores_of(p);
      step.a = static_cast<const std::byte*>(p.q) + query;
      step.b = static_cast<const std::byte*>(p.k) + key;
      step.c = scores + matrix;
      device.run(step);
    });
    RowsProblem softmax = weights_of(p);
    softmax.x = scores;
    softmax.y = weights;
    device.run(softmax);
    each_head([&](std::size_t query, std::size_t key, std::size_t matrix) {
      GemmProblem step = values_of(p);
      step.a = weights + matrix;
      step.b = static_cast<const std::byte*>(p.v) + key;
      step.c = static_cast<std::byte*>(p.o) + query;
      device.run(step);
    });
  };
}

}  // namespace

std::shared_ptr<std::byte> scratch_on(Device& device, double bytes) {
  void* data = device.allocate(static_cast<std::size_t>(bytes));
  return {static_cast<std::byte*>(data), [&device](std::byte* p) { device.release(p); }};
}

Step step_of(const Problem& problem, double calls) {
  const double written = written_bytes(problem);
  return {.text = case_name(problem),
          .dtype = dtype(problem),
          .products = work(problem) != Work::elements,
          .calls = calls,
          .flops = calls * flops(problem),
          .read = calls * (bytes(problem) - written),
          .written = calls * written};
}

const std::vector<Chain>& chains() {
  static const std::vector<Chain> all{
      unfused_chain(),
      {.name = "materialised",
       .text = "attention as two products per head with scores and weights in memory between them",
       .unsupported = cannot_materialise,
       .steps = materialised_steps,
       .between = scores_and_weights,
       .scratch = scores_and_weights,
       .prepare = prepare_materialised},
      indexed_chain(),
      quantising_chain()};
  return all;
}

const Chain* find_chain(std::string_view name) {
  for (const Chain& chain : chains()) {
    if (chain.name == name) return &chain;
  }
  return nullptr;
}

}  // namespace moat
