// SPDX-License-Identifier: Apache-2.0
#include "bench/software/pairings.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <variant>

#include "bench/cases/case.hpp"
#include "bench/run/usage_error.hpp"
#include "bench/text/suggest.hpp"

namespace moat {
namespace {

// An approximation beside what it approximates: each is verified against its own reference. In
// f16, of which ceilings are known where bf16's are not.
Pairing sparse_attention(int length) {
  return {.name = fmt::format("sparse-attention-{}", length),
          .says = fmt::format("one token's latent attention over {} keys: over all of them, and "
                              "over up to 2048 that an indexer with 256 more bytes a token "
                              "chooses, which is not the same result",
                              length),
          .ways = {{.name = "full", .text = fmt::format("mla/f16/b1q1kv{}h128", length)},
                   {.name = "sparse",
                    .text = fmt::format("indexed:sparsemla/f16/b1q1kv{}h128top2048", length)}},
          .series = "sparse-attention",
          .length = length};
}

std::vector<Pairing> make_pairings() {
  std::vector<Pairing> all{
      {.name = "product-decode",
       .says =
           "one token through weights of 4096 × 4096, in ever fewer bits; of fp8 the token comes "
           "in codes, or is quantised first",
       .ways = {{.name = "f32", .text = "gemm/f32/m1n4096k4096bt"},
                {.name = "bf16", .text = "gemm/bf16/m1n4096k4096bt"},
                {.name = "fp8", .text = "scaledgemm/bf16xe4m3/m1n4096k4096"},
                {.name = "fp8-quantised", .text = "quantising:scaledgemm/bf16xe4m3/m1n4096k4096"},
                {.name = "int4", .text = "weightonly/bf16xint4/m1n4096k4096"}}},
      {.name = "product-prefill",
       .says = "256 tokens through weights of 2112 × 7168, as DeepSeek-V3's first projection has; "
               "of fp8 the tokens come in codes, or are quantised first",
       .ways = {{.name = "f32", .text = "gemm/f32/m256n2112k7168bt"},
                {.name = "bf16", .text = "gemm/bf16/m256n2112k7168bt"},
                {.name = "fp8", .text = "scaledgemm/bf16xe4m3/m256n2112k7168"},
                {.name = "fp8-quantised", .text = "quantising:scaledgemm/bf16xe4m3/m256n2112k7168"},
                {.name = "int4", .text = "weightonly/bf16xint4/m256n2112k7168"}}},
      {.name = "attention-decode",
       .says = "one token's 64 queries over 2048 keys of 128 elements: all heads with keys of "
               "their own, 8 heads for all, one latent vector for all",
       .ways = {{.name = "mha", .text = "attention/bf16/b1q1kv2048h64hkv64d128"},
                {.name = "gqa-8", .text = "attention/bf16/b1q1kv2048h64hkv8d128"},
                {.name = "mla", .text = "mla/bf16/b1q1kv2048h64"},
                {.name = "mla-fp8", .text = "mla/bf16xe4m3/b1q1kv2048h64"}}},
      {.name = "attention-prefill",
       .says = "512 tokens, 8 heads: scores that go through memory, and scores that never do",
       .ways = {{.name = "materialised",
                 .text = "materialised:attention/f32/b1q512kv512h8hkv8d64scale1"},
                {.name = "online", .text = "attention/f32/b1q512kv512h8hkv8d64scale1"}}},
      {.name = "add-norm",
       .says = "the residual's addition and RMSNorm of 8192 rows, in two passes or in one",
       .ways = {{.name = "unfused", .text = "unfused:addrmsnorm/bf16/r8192c4096"},
                {.name = "fused", .text = "addrmsnorm/bf16/r8192c4096"}}},
      {.name = "norm-quantise",
       .says =
           "the residual's addition, RMSNorm and FP8 codes of 2048 rows, in two passes or in one",
       .ways = {{.name = "unfused", .text = "unfused:addrmsnormquant/f32xe4m3/r2048c7168"},
                {.name = "fused", .text = "addrmsnormquant/f32xe4m3/r2048c7168"}}},
      {.name = "swiglu",
       .says = "the gate of 1024 tokens' feed-forward layer, silu and product apart or in one pass",
       .ways = {{.name = "unfused", .text = "unfused:swiglu/f32/r1024c14336"},
                {.name = "fused", .text = "swiglu/f32/r1024c14336"}}},
      {.name = "rope",
       .says = "2048 tokens' 32 heads turned, in the five passes of eager frameworks or in one",
       .ways = {{.name = "unfused", .text = "unfused:rope/f32/t2048h32d128"},
                {.name = "fused", .text = "rope/f32/t2048h32d128"}}},
      {.name = "experts",
       .says = "16 tokens through 32 experts as wide as Qwen3-30B-A3B's: each through all, each "
               "through 2",
       .ways = {{.name = "dense", .text = "gemm/bf16/m16n49152k2048bt"},
                {.name = "experts", .text = "groupedgemm/bf16/t16e32top2n1536k2048"}}}};
  for (const int length : {2048, 4096, 16384, 65536}) all.push_back(sparse_attention(length));
  return all;
}

}  // namespace

const std::vector<Pairing>& pairings() {
  static const std::vector<Pairing> all = make_pairings();
  return all;
}

const Pairing& find_pairing(std::string_view option, std::string_view name) {
  std::vector<std::string> known;
  for (const Pairing& p : pairings()) {
    if (p.name == name) return p;
    known.push_back(p.name);
  }
  throw UsageError(
      fmt::format("{}: {} is not known{}", option, name, suggestion(std::string(name), known)));
}

ReadWay read_way(std::string_view text) {
  ReadWay way;
  std::string_view name = text;
  if (const auto colon = text.find(':'); colon != text.npos) {
    way.chain = find_chain(text.substr(0, colon));
    if (way.chain == nullptr) {
      std::string known;
      for (const Chain& c : chains())
        known += fmt::format("{}{}", known.empty() ? "" : ", ", c.name);
      throw CaseError(fmt::format("way '{}': there is no chain '{}'; there are {}", text,
                                  text.substr(0, colon), known));
    }
    name = text.substr(colon + 1);
  }
  const std::string_view kernel = name.substr(0, name.find('/'));
  if (!kernel.empty() && find_kernel(kernel) == nullptr) {
    way.missing = fmt::format("no kernel {} in this build", kernel);
    return way;
  }
  way.problem = parse_case(name);
  try {
    if (way.chain != nullptr) way.chain->steps(*way.problem);
  } catch (const std::bad_variant_access&) {
    throw CaseError(fmt::format("way '{}': {} is {}; it has no steps for {}", text, way.chain->name,
                                way.chain->text, kernel));
  }
  return way;
}

}  // namespace moat
