// SPDX-License-Identifier: Apache-2.0
#include "bench/cases/models.hpp"

#include <fmt/format.h>

#include <array>
#include <cmath>
#include <utility>

namespace moat {
namespace {

constexpr std::array kDecodeTokens{1, 16};
constexpr std::array kTokens{1, 16, 512, 4096};
constexpr int kContext = 4096;

// y = x·Wᵀ with the weight stored as out × in, as in every checkpoint.
Problem linear(int tokens, int out, int in) {
  return GemmProblem{
      .dtype = DType::bf16, .m = tokens, .n = out, .k = in, .order_b = Order::transposed};
}

Problem rms_norm(int tokens, int width, float epsilon) {
  return RowsProblem{.op = RowsOp::rms_norm,
                     .dtype = DType::bf16,
                     .rows = tokens,
                     .cols = width,
                     .epsilon = epsilon};
}

Problem swiglu(int tokens, int width) {
  return SwigluProblem{.dtype = DType::bf16, .rows = tokens, .cols = width};
}

// Queries and keys, turned together.
Problem rope(int tokens, int heads, int head_dim, bool interleaved) {
  return RopeProblem{.dtype = DType::bf16,
                     .tokens = tokens,
                     .heads = heads,
                     .head_dim = head_dim,
                     .interleaved = interleaved};
}

// Between attention and feed-forward layer.
Problem add_norm(int tokens, int width, float epsilon) {
  return AddNormProblem{.dtype = DType::bf16, .rows = tokens, .cols = width, .epsilon = epsilon};
}

// Engines widen the logits to f32 before they sample.
Problem vocabulary_softmax(int tokens, int vocab_size) {
  return RowsProblem{
      .op = RowsOp::softmax, .dtype = DType::f32, .rows = tokens, .cols = vocab_size};
}

AttentionProblem attention(const ModelConfig& config, int batch, int q_len, int kv_len) {
  return AttentionProblem{.dtype = DType::bf16,
                          .batch = batch,
                          .q_heads = config.num_attention_heads,
                          .kv_heads = config.num_key_value_heads,
                          .q_len = q_len,
                          .kv_len = kv_len,
                          .head_dim = config.head_dim(),
                          .causal = q_len > 1,
                          .scale = 1.0f / std::sqrt(static_cast<float>(config.head_dim()))};
}

}  // namespace

Suite dense_suite(std::string name, const ModelConfig& c) {
  Suite suite;
  suite.name = std::move(name);
  suite.description = fmt::format(
      "one layer and the output head of {}: qkv, o, gate and up, down projections, attention, "
      "RMSNorm alone and with the residual, RoPE, SwiGLU at 1, 16, 512, 4096 tokens; head and "
      "softmax at 1, 16",
      c.id);
  suite.source = fmt::format(
      "https://huggingface.co/{}/blob/main/config.json: hidden_size {}, intermediate_size {}, "
      "num_attention_heads {}, num_key_value_heads {}, vocab_size {}, rms_norm_eps {}",
      c.id, c.hidden_size, c.intermediate_size, c.num_attention_heads, c.num_key_value_heads,
      c.vocab_size, c.rms_norm_eps);
  const int q = c.num_attention_heads * c.head_dim();
  const int kv = c.num_key_value_heads * c.head_dim();
  for (const int tokens : kTokens) {
    suite.cases.push_back(linear(tokens, q + 2 * kv, c.hidden_size));
    suite.cases.push_back(
        rope(tokens, c.num_attention_heads + c.num_key_value_heads, c.head_dim(), false));
    suite.cases.push_back(linear(tokens, c.hidden_size, q));
    suite.cases.push_back(linear(tokens, 2 * c.intermediate_size, c.hidden_size));
    suite.cases.push_back(swiglu(tokens, c.intermediate_size));
    suite.cases.push_back(linear(tokens, c.hidden_size, c.intermediate_size));
    suite.cases.push_back(rms_norm(tokens, c.hidden_size, c.rms_norm_eps));
    suite.cases.push_back(add_norm(tokens, c.hidden_size, c.rms_norm_eps));
  }
  for (const int tokens : kDecodeTokens) {
    suite.cases.push_back(linear(tokens, c.vocab_size, c.hidden_size));
    suite.cases.push_back(vocabulary_softmax(tokens, c.vocab_size));
    suite.cases.emplace_back(attention(c, tokens, 1, kContext));
  }
  suite.cases.emplace_back(attention(c, 1, 512, 512));
  suite.cases.emplace_back(attention(c, 1, kContext, kContext));
  return suite;
}

Suite deepseek_v3_suite(std::string name) {
  // Names as in config.json.
  constexpr int kHiddenSize = 7168;
  constexpr int kIntermediateSize = 18432;
  constexpr int kMoeIntermediateSize = 2048;
  constexpr int kSharedExperts = 1;
  constexpr int kNumAttentionHeads = 128;
  constexpr int kQLoraRank = 1536;
  constexpr int kKvLoraRank = 512;
  constexpr int kQkNopeHeadDim = 128;
  constexpr int kQkRopeHeadDim = 64;
  constexpr int kVHeadDim = 128;
  constexpr int kVocabSize = 129280;
  constexpr float kRmsNormEps = 1e-6f;

  Suite suite;
  suite.name = std::move(name);
  suite.description =
      "dense parts of DeepSeek-V3 at 1, 16, 512, 4096 tokens, products in bf16 and in FP8 with the "
      "scales of the released weights: latent attention's projections, the MLP of the first three "
      "layers, the shared expert, "
      "RMSNorm alone and with the residual, RoPE, SwiGLU; head and softmax at 1, 16; latent "
      "attention, absorbed over a paged cache of 4096 tokens for 1 and 16 sequences and, with keys "
      "of 192 and values of 128 elements, of 512 tokens. Left out: the routed experts";
  suite.source = fmt::format(
      "https://huggingface.co/deepseek-ai/DeepSeek-V3/blob/main/config.json: hidden_size {}, "
      "intermediate_size {}, moe_intermediate_size {}, n_shared_experts {}, num_attention_heads "
      "{}, q_lora_rank {}, kv_lora_rank {}, qk_nope_head_dim {}, qk_rope_head_dim {}, v_head_dim "
      "{}, vocab_size {}, rms_norm_eps {}",
      kHiddenSize, kIntermediateSize, kMoeIntermediateSize, kSharedExperts, kNumAttentionHeads,
      kQLoraRank, kKvLoraRank, kQkNopeHeadDim, kQkRopeHeadDim, kVHeadDim, kVocabSize, kRmsNormEps);
  const int shared = kSharedExperts * kMoeIntermediateSize;
  const auto add_linear = [&suite](int tokens, int n, int k) {
    suite.cases.push_back(linear(tokens, n, k));
    suite.cases.emplace_back(ScaledGemmProblem{.m = tokens, .n = n, .k = k});
  };
  for (const int tokens : kTokens) {
    // Down to the latent spaces and up again; the key's rotary part is shared by all heads.
    add_linear(tokens, kQLoraRank, kHiddenSize);
    add_linear(tokens, kNumAttentionHeads * (kQkNopeHeadDim + kQkRopeHeadDim), kQLoraRank);
    add_linear(tokens, kKvLoraRank + kQkRopeHeadDim, kHiddenSize);
    add_linear(tokens, kNumAttentionHeads * (kQkNopeHeadDim + kVHeadDim), kKvLoraRank);
    // All heads of the queries and the one of the keys.
    suite.cases.push_back(rope(tokens, kNumAttentionHeads + 1, kQkRopeHeadDim, true));
    add_linear(tokens, kHiddenSize, kNumAttentionHeads * kVHeadDim);
    add_linear(tokens, 2 * kIntermediateSize, kHiddenSize);
    suite.cases.push_back(swiglu(tokens, kIntermediateSize));
    add_linear(tokens, kHiddenSize, kIntermediateSize);
    add_linear(tokens, 2 * shared, kHiddenSize);
    suite.cases.push_back(swiglu(tokens, shared));
    add_linear(tokens, kHiddenSize, shared);
    suite.cases.push_back(rms_norm(tokens, kHiddenSize, kRmsNormEps));
    suite.cases.push_back(add_norm(tokens, kHiddenSize, kRmsNormEps));
    suite.cases.push_back(rms_norm(tokens, kQLoraRank, kRmsNormEps));
    suite.cases.push_back(rms_norm(tokens, kKvLoraRank, kRmsNormEps));
  }
  constexpr int kPrefill = 512;
  static_assert(kKvLoraRank == kLatentValues && kKvLoraRank + kQkRopeHeadDim == kLatentDim);
  const PagedAttentionProblem unabsorbed{
      .page = kLatentPage,
      .q_heads = kNumAttentionHeads,
      .scale = 1.0f / std::sqrt(static_cast<float>(kQkNopeHeadDim + kQkRopeHeadDim))};
  for (const int tokens : kDecodeTokens) {
    suite.cases.push_back(linear(tokens, kVocabSize, kHiddenSize));
    suite.cases.push_back(vocabulary_softmax(tokens, kVocabSize));
    PagedAttentionProblem latent = unabsorbed;
    latent.latent = true;
    latent.batch = tokens;
    latent.kv_len = kContext;
    latent.head_dim = kLatentDim;
    suite.cases.emplace_back(latent);
  }
  PagedAttentionProblem prefill = unabsorbed;
  prefill.q_len = kPrefill;
  prefill.kv_len = kPrefill;
  prefill.kv_heads = kNumAttentionHeads;
  prefill.head_dim = kQkNopeHeadDim + kQkRopeHeadDim;
  prefill.value_dim = kVHeadDim;
  prefill.causal = true;
  suite.cases.emplace_back(prefill);
  return suite;
}

}  // namespace moat
