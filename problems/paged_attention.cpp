// SPDX-License-Identifier: Apache-2.0
#include "problems/paged_attention.hpp"

#include <fmt/format.h>

#include <cmath>

namespace moat {
namespace {

// Queries and keys of DeepSeek-V3 before its projections are absorbed: qk_nope_head_dim +
// qk_rope_head_dim.
constexpr int kUnabsorbedDim = 192;

}  // namespace

std::vector<PagedAttentionProblem> kernels_of(Type<PagedAttentionProblem>) {
  return {PagedAttentionProblem{},
          PagedAttentionProblem{.latent = true, .page = kLatentPage, .head_dim = kLatentDim},
          PagedAttentionProblem{.latent = true, .top = 1, .page = 1, .head_dim = kLatentDim}};
}

Description describe(const PagedAttentionProblem& p) {
  if (p.top != 0) {
    return {.kernel = "sparsemla",
            .text = "multi-head latent attention of each query over the keys in a list of its own",
            .example = "sparsemla/bf16/b1q1kv65536h128top2048",
            .types = kHalves};
  }
  if (p.latent) {
    return {.kernel = "mla",
            .text = "multi-head latent attention, projections absorbed, over a paged cache",
            .example = "mla/bf16/b1q1kv4096h128",
            .types = kHalves,
            .codes = kCacheCodes};
  }
  return {.kernel = "pagedattention",
          .text = "attention over a paged cache, with windows, sinks and log-sum-exp",
          .example = "pagedattention/bf16/b4q1kv1000p16h32hkv8d128ragged",
          .types = kHalves};
}

// A latent key meets all heads.
Work work(const PagedAttentionProblem& p) {
  return p.q_len > 1 || p.latent ? Work::products : Work::vectors;
}

void shape(PagedAttentionProblem& p, ShapeKeys& keys) {
  if (!describe(p).codes.empty()) keys.optional_code(p.code);
  keys.dimension("b", p.batch);
  keys.dimension("q", p.q_len);
  keys.dimension("kv", p.kv_len);
  if (!p.latent) keys.dimension("p", p.page);
  keys.dimension("h", p.q_heads);
  if (!p.latent) {
    keys.dimension("hkv", p.kv_heads);
    keys.dimension("d", p.head_dim);
    keys.optional_dimension("dv", p.value_dim);
  }
  if (p.top != 0) keys.dimension("top", p.top);
  keys.flag("ragged", p.ragged);
  if (p.top == 0) keys.flag("causal", p.causal);
  if (!p.latent) {
    keys.flag("sinks", p.sinks);
    keys.optional_dimension("window", p.window);
  }
  const int dim = p.latent ? kUnabsorbedDim : p.head_dim;
  keys.optional_real("scale", p.scale, 1.0f / std::sqrt(static_cast<float>(dim)));
}

std::string what_is_wrong(const PagedAttentionProblem& p) {
  if (p.code && p.dtype != DType::bf16) {
    return fmt::format("a cache in {} is for bf16, not for {}: there are mla/bf16x{} and mla/{}",
                       name_of(*p.code), name_of(p.dtype), name_of(*p.code), name_of(p.dtype));
  }
  constexpr int kMostRagged = 1 << 16;
  if (p.ragged && p.batch > kMostRagged) {
    return fmt::format("b={} are more ragged sequences than {}", p.batch, kMostRagged);
  }
  if (p.top != 0 && std::int64_t{p.batch} * p.q_len > kMaxDimension) {
    return fmt::format("b={} times q={} are more lists than {}", p.batch, p.q_len, kMaxDimension);
  }
  if (p.latent) return {};
  if (p.page != 1 && p.page != 16 && p.page != 64) {
    return fmt::format("p={} is not a page size of the kernel: 1, 16 or 64", p.page);
  }
  const bool equal =
      p.value_dim == 0 && (p.head_dim == 64 || p.head_dim == 128 || p.head_dim == 256);
  const bool unequal = p.head_dim == 192 && p.value_dim == 128;
  if (!equal && !unequal) {
    return fmt::format("d={}{} are not head dimensions of the kernel: 64, 128, 256 or d192dv128",
                       p.head_dim, p.value_dim == 0 ? "" : fmt::format("dv{}", p.value_dim));
  }
  if (p.q_heads % p.kv_heads != 0) {
    return fmt::format("h={} is not a multiple of hkv={}", p.q_heads, p.kv_heads);
  }
  if (p.window != 0 && p.q_len > 1 && !p.causal) {
    return fmt::format("window={} needs causal", p.window);
  }
  return {};
}

}  // namespace moat
