// SPDX-License-Identifier: Apache-2.0
#include "problems/attention.hpp"

#include <fmt/format.h>

#include <cmath>

namespace moat {

std::vector<AttentionProblem> kernels_of(Type<AttentionProblem>) { return {AttentionProblem{}}; }

Description describe(const AttentionProblem&) {
  return {.kernel = "attention",
          .text = "softmax(Q·Kᵀ·scale + mask)·V, causal or full, grouped queries",
          .example = "attention/bf16/b1q512kv512h32hkv8d128causal"};
}

Work work(const AttentionProblem& p) { return p.q_len > 1 ? Work::products : Work::vectors; }

void shape(AttentionProblem& p, ShapeKeys& keys) {
  keys.dimension("b", p.batch);
  keys.dimension("q", p.q_len);
  keys.dimension("kv", p.kv_len);
  keys.dimension("h", p.q_heads);
  keys.dimension("hkv", p.kv_heads);
  keys.dimension("d", p.head_dim);
  keys.flag("causal", p.causal);
  keys.optional_real("scale", p.scale, 1.0f / std::sqrt(static_cast<float>(p.head_dim)));
}

std::string what_is_wrong(const AttentionProblem& p) {
  if (!is_head_dim(p.head_dim)) {
    return fmt::format("d={} is not a head dimension of the kernel: 64 or 128", p.head_dim);
  }
  if (p.q_heads % p.kv_heads != 0) {
    return fmt::format("h={} is not a multiple of hkv={}", p.q_heads, p.kv_heads);
  }
  return {};
}

}  // namespace moat
