// SPDX-License-Identifier: Apache-2.0
#include "bench/cases/models.hpp"

#include <fmt/format.h>

#include <array>
#include <cmath>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "bench/cases/configurations.hpp"

namespace moat {
namespace {

constexpr std::array kDecodeTokens{1, 16};
constexpr std::array kTokens{1, 16, 512, 4096};
constexpr int kContext = 4096;
constexpr int kPrefill = 512;

// y = x·Wᵀ with the weight stored as out × in, as in every checkpoint.
Problem linear(int tokens, int out, int in) {
  return GemmProblem{
      .dtype = DType::bf16, .m = tokens, .n = out, .k = in, .order_b = Order::transposed};
}

Problem rms_norm(int rows, int width, float epsilon) {
  return RowsProblem{.op = RowsOp::rms_norm,
                     .dtype = DType::bf16,
                     .rows = rows,
                     .cols = width,
                     .epsilon = epsilon};
}

Problem swiglu(int rows, int width, float limit = 0) {
  return SwigluProblem{.dtype = DType::bf16, .rows = rows, .cols = width, .limit = limit};
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

// Embeddings, from a table of the checkpoint's type.
Problem gather(int tokens, int vocab_size, int width) {
  return GatherProblem{.dtype = DType::bf16, .vocab = vocab_size, .tokens = tokens, .dim = width};
}

// Engines widen the logits to f32 before they sample.
Problem vocabulary_softmax(int tokens, int vocab_size) {
  return RowsProblem{
      .op = RowsOp::softmax, .dtype = DType::f32, .rows = tokens, .cols = vocab_size};
}

// From the same, as Phi-4-reasoning's generation_config.json has it
// (huggingface.co/RedHatAI/Phi-4-reasoning): top_k 50, temperature 0.8, top_p 0.95.
constexpr int kTopK = 50;

Problem vocabulary_topk(int tokens, int vocab_size) {
  return TopkProblem{.dtype = DType::f32, .rows = tokens, .cols = vocab_size, .k = kTopK};
}

Problem vocabulary_sample(int tokens, int vocab_size) {
  return SampleProblem{.dtype = DType::f32,
                       .rows = tokens,
                       .cols = vocab_size,
                       .k = kTopK,
                       .temperature = 0.8f,
                       .top_p = 0.95f};
}

float epsilon_of(const Configuration& c) { return static_cast<float>(c.at("rms_norm_eps")); }

// The cases of one model, each once: layers of several kinds share shapes.
class Cases {
 public:
  explicit Cases(const Configuration& config) : config_(config) {}

  void add(const Problem& problem) {
    if (names_.insert(case_name(problem)).second) all_.push_back(problem);
  }

  // A product in bf16, and in the FP8 of models whose released weights have that.
  void add_linear(int tokens, int out, int in, bool fp8) {
    add(linear(tokens, out, in));
    if (fp8) add(ScaledGemmProblem{.m = tokens, .n = out, .k = in});
  }

  // Both products of a gated feed-forward layer and what is between them.
  void add_gated(int tokens, int intermediate, bool fp8) {
    const int hidden = config_.size("hidden_size");
    add_linear(tokens, 2 * intermediate, hidden, fp8);
    add(swiglu(tokens, intermediate));
    add_linear(tokens, hidden, intermediate, fp8);
  }

  // What is as wide as the residual stream: embeddings and norms.
  void add_stream(int tokens) {
    const int hidden = config_.size("hidden_size");
    add(gather(tokens, config_.size("vocab_size"), hidden));
    add(rms_norm(tokens, hidden, epsilon_of(config_)));
    add(add_norm(tokens, hidden, epsilon_of(config_)));
  }

  void add_head() {
    for (const int tokens : kDecodeTokens) {
      add(linear(tokens, config_.size("vocab_size"), config_.size("hidden_size")));
      add(vocabulary_softmax(tokens, config_.size("vocab_size")));
      add(vocabulary_topk(tokens, config_.size("vocab_size")));
      add(vocabulary_sample(tokens, config_.size("vocab_size")));
    }
  }

  Suite suite(std::string_view name, std::string description) && {
    return {.name = std::string(name),
            .description = std::move(description),
            .source = config_.source(),
            .cases = std::move(all_)};
  }

 private:
  const Configuration& config_;
  std::set<std::string> names_;
  std::vector<Problem> all_;
};

// Grouped queries over a dense cache.
void add_grouped_attention(Cases& cases, const Configuration& c) {
  const auto attention = [&](int batch, int q_len, int kv_len) {
    cases.add(AttentionProblem{.dtype = DType::bf16,
                               .batch = batch,
                               .q_heads = c.size("num_attention_heads"),
                               .kv_heads = c.size("num_key_value_heads"),
                               .q_len = q_len,
                               .kv_len = kv_len,
                               .head_dim = c.head_dim(),
                               .causal = q_len > 1,
                               .scale = 1.0f / std::sqrt(static_cast<float>(c.head_dim()))});
  };
  for (const int tokens : kDecodeTokens) attention(tokens, 1, kContext);
  attention(1, 512, 512);
  attention(1, kContext, kContext);
}

// Projections around it.
void add_grouped_projections(Cases& cases, const Configuration& c, int tokens, bool interleaved) {
  const int heads = c.size("num_attention_heads");
  const int kv_heads = c.size("num_key_value_heads");
  const int hidden = c.size("hidden_size");
  cases.add(linear(tokens, (heads + 2 * kv_heads) * c.head_dim(), hidden));
  cases.add(rope(tokens, heads + kv_heads, c.head_dim(), interleaved));
  cases.add(linear(tokens, hidden, heads * c.head_dim()));
}

// Down to the latent spaces and up again; the key's rotary part is shared by all heads.
void add_latent_projections(Cases& cases, const Configuration& c, int tokens) {
  const int heads = c.size("num_attention_heads");
  const int hidden = c.size("hidden_size");
  const int q_rank = c.size("q_lora_rank");
  const int kv_rank = c.size("kv_lora_rank");
  const int nope = c.size("qk_nope_head_dim");
  const int rotary = c.size("qk_rope_head_dim");
  const int value = c.size("v_head_dim");
  cases.add_linear(tokens, q_rank, hidden, true);
  cases.add_linear(tokens, heads * (nope + rotary), q_rank, true);
  cases.add_linear(tokens, kv_rank + rotary, hidden, true);
  cases.add_linear(tokens, heads * (nope + value), kv_rank, true);
  // All heads of the queries and the one of the keys.
  cases.add(rope(tokens, heads + 1, rotary, true));
  cases.add_linear(tokens, hidden, heads * value, true);
  cases.add(rms_norm(tokens, q_rank, epsilon_of(c)));
  cases.add(rms_norm(tokens, kv_rank, epsilon_of(c)));
}

// Over a paged cache of the latent space, absorbed, to decode, also of codes; of keys and values,
// to prefill.
void add_latent_attention(Cases& cases, const Configuration& c) {
  const int heads = c.size("num_attention_heads");
  const int key = c.size("qk_nope_head_dim") + c.size("qk_rope_head_dim");
  const PagedAttentionProblem unabsorbed{
      .page = kLatentPage, .q_heads = heads, .scale = 1.0f / std::sqrt(static_cast<float>(key))};
  for (const int tokens : kDecodeTokens) {
    PagedAttentionProblem latent = unabsorbed;
    latent.latent = true;
    latent.batch = tokens;
    latent.kv_len = kContext;
    latent.head_dim = c.size("kv_lora_rank") + c.size("qk_rope_head_dim");
    cases.add(latent);
    latent.code = Code::e4m3;
    if (tokens == kDecodeTokens.back()) cases.add(latent);
  }
  PagedAttentionProblem prefill = unabsorbed;
  prefill.q_len = prefill.kv_len = kPrefill;
  prefill.kv_heads = heads;
  prefill.head_dim = key;
  prefill.value_dim = c.size("v_head_dim");
  prefill.causal = true;
  cases.add(prefill);
}

// Attention of gpt-oss: sinks in every layer, a window in every other one.
void add_sink_attention(Cases& cases, const Configuration& c) {
  const auto attention = [&](int batch, int q_len, int kv_len, int window) {
    cases.add(PagedAttentionProblem{.batch = batch,
                                    .q_len = q_len,
                                    .kv_len = kv_len,
                                    .q_heads = c.size("num_attention_heads"),
                                    .kv_heads = c.size("num_key_value_heads"),
                                    .head_dim = c.head_dim(),
                                    .causal = q_len > 1,
                                    .sinks = true,
                                    .window = window,
                                    .scale = 1.0f / std::sqrt(static_cast<float>(c.head_dim()))});
  };
  for (const int window : {0, c.size("sliding_window")}) {
    for (const int tokens : kDecodeTokens) attention(tokens, 1, kContext, window);
    attention(1, kPrefill, kPrefill, window);
  }
}

// A mixture of experts: how many there are, how many of them a token meets, and their width.
struct Experts {
  int count;
  int per_token;
  int intermediate;
  float limit = 0;  // of their SwiGLU
  std::optional<MoeRoutingProblem> routing{};
};

// Experts of one device where it cannot hold all: of several devices, as many as are a power of
// two, each has an equal share of them and, as each brings as many tokens, of the work.
int experts_of_a_device(const Experts& experts, int hidden) {
  constexpr double kMostBytes = 1 << 30;  // of one product's weights
  const double bytes = 2.0 * 2 * experts.intermediate * hidden;
  int count = experts.count;
  while (count % 2 == 0 && count / 2 >= experts.per_token && count * bytes > kMostBytes) count /= 2;
  return count;
}

// The router, the choice of experts, tokens on their way to them and back, and their products.
void add_experts(Cases& cases, const Configuration& c, int tokens, const Experts& experts) {
  const int hidden = c.size("hidden_size");
  const int top = experts.per_token;
  cases.add(linear(tokens, experts.count, hidden));
  if (experts.routing) {
    MoeRoutingProblem routing = *experts.routing;
    routing.tokens = tokens;
    routing.experts = experts.count;
    routing.top = top;
    cases.add(routing);
  }
  cases.add(MoePermuteProblem{.dtype = DType::bf16,
                              .tokens = tokens,
                              .experts = experts.count,
                              .top = top,
                              .cols = hidden});
  const auto product = [&](int n, int k) {
    cases.add(GroupedGemmProblem{.dtype = DType::bf16,
                                 .tokens = tokens,
                                 .experts = experts_of_a_device(experts, hidden),
                                 .top = top,
                                 .n = n,
                                 .k = k});
  };
  product(2 * experts.intermediate, hidden);
  cases.add(swiglu(tokens * top, experts.intermediate, experts.limit));
  product(hidden, experts.intermediate);
  cases.add(
      MoeUnpermuteProblem{.dtype = DType::bf16, .tokens = tokens, .top = top, .cols = hidden});
}

constexpr std::string_view kAround =
    "embeddings, RMSNorm alone and with the residual, RoPE, SwiGLU at 1, 16, 512, 4096 tokens; "
    "head, softmax, top-k and sampling at 1, 16";
constexpr std::string_view kExperts =
    "the router, the choice of experts, permutation, and products of as many experts as 1 GiB of "
    "weights holds";

Suite dense(std::string_view name, std::string_view id) {
  const Configuration& c = find_configuration(id);
  Cases cases(c);
  for (const int tokens : kTokens) {
    add_grouped_projections(cases, c, tokens, false);
    cases.add_gated(tokens, c.size("intermediate_size"), false);
    cases.add_stream(tokens);
  }
  cases.add_head();
  add_grouped_attention(cases, c);
  return std::move(cases).suite(
      name, fmt::format("one layer and the output head of {}: qkv, o, gate and up, down "
                        "projections, attention, {}",
                        id, kAround));
}

// What products of codes read: of the stream behind the residual addition, where one operation does
// both, and of what no operation before them quantises.
void add_quantised(Cases& cases, const Configuration& c, int tokens) {
  const int hidden = c.size("hidden_size");
  const int expert = c.size("moe_intermediate_size");
  cases.add(AddNormQuantiseProblem{.rows = tokens, .cols = hidden, .epsilon = epsilon_of(c)});
  for (const int width : {hidden, c.size("q_lora_rank"), c.size("kv_lora_rank"),
                          c.size("num_attention_heads") * c.size("v_head_dim"),
                          c.size("intermediate_size"), c.size("n_shared_experts") * expert}) {
    cases.add(QuantiseProblem{.rows = tokens, .cols = width});
  }
}

// DeepSeek-V3 and what is built like it.
Suite latent(std::string_view name, std::string_view id) {
  const Configuration& c = find_configuration(id);
  const int expert = c.size("moe_intermediate_size");
  Cases cases(c);
  MoeRoutingProblem routing{.scale = static_cast<float>(c.at("routed_scaling_factor"))};
  if (c.size("n_group") > 1) {
    routing.groups = c.size("n_group");
    routing.limit = c.size("topk_group");
  }
  for (const int tokens : kTokens) {
    add_latent_projections(cases, c, tokens);
    cases.add_gated(tokens, c.size("intermediate_size"), true);
    cases.add_gated(tokens, c.size("n_shared_experts") * expert, true);
    add_experts(cases, c, tokens,
                {.count = c.size("n_routed_experts"),
                 .per_token = c.size("num_experts_per_tok"),
                 .intermediate = expert,
                 .routing = routing});
    add_quantised(cases, c, tokens);
    cases.add_stream(tokens);
  }
  cases.add_head();
  add_latent_attention(cases, c);
  return std::move(cases).suite(
      name, fmt::format(
                "parts of {}, products in bf16 and in FP8 with the scales of the "
                "released weights: latent attention's projections, the MLP of the first "
                "layers, the shared expert, quantisation of what products read, {}, "
                "latent attention, absorbed over a paged cache to decode, keys of {} and values of "
                "{} elements to prefill, {}",
                id, kExperts, c.size("qk_nope_head_dim") + c.size("qk_rope_head_dim"),
                c.size("v_head_dim"), kAround));
}

// Grouped queries and experts in every layer, with queries and keys that are normalised per head.
Suite qwen3(std::string_view name, std::string_view id) {
  const Configuration& c = find_configuration(id);
  const int heads = c.size("num_attention_heads") + c.size("num_key_value_heads");
  Cases cases(c);
  for (const int tokens : kTokens) {
    add_grouped_projections(cases, c, tokens, false);
    cases.add(rms_norm(tokens * heads, c.head_dim(), epsilon_of(c)));
    add_experts(cases, c, tokens,
                {.count = c.size("num_experts"),
                 .per_token = c.size("num_experts_per_tok"),
                 .intermediate = c.size("moe_intermediate_size"),
                 .routing = MoeRoutingProblem{.softmax = true}});
    cases.add_stream(tokens);
  }
  cases.add_head();
  add_grouped_attention(cases, c);
  return std::move(cases).suite(
      name, fmt::format("parts of {}: qkv and o projections, attention, RMSNorm of the heads "
                        "of queries and keys, {}, {}",
                        id, kExperts, kAround));
}

Suite gpt_oss(std::string_view name, std::string_view id) {
  const Configuration& c = find_configuration(id);
  Cases cases(c);
  for (const int tokens : kTokens) {
    add_grouped_projections(cases, c, tokens, false);
    add_experts(cases, c, tokens,
                {.count = c.size("num_local_experts"),
                 .per_token = c.size("num_experts_per_tok"),
                 .intermediate = c.size("intermediate_size"),
                 .limit = static_cast<float>(c.at("swiglu_limit")),
                 .routing = MoeRoutingProblem{.softmax = true}});
    cases.add_stream(tokens);
  }
  cases.add_head();
  add_sink_attention(cases, c);
  return std::move(cases).suite(
      name,
      fmt::format("parts of {}: qkv and o projections, attention with "
                  "sinks over a paged cache, with and without the window of {} keys, {}, {}, with "
                  "its limit. Left out: the biases of its products",
                  id, c.size("sliding_window"), kExperts, kAround));
}

// Scout and Maverick differ in their number of experts, and Maverick has dense layers in between.
Suite llama4(std::string_view name) {
  const Configuration& c = find_configuration("meta-llama/Llama-4-Maverick-17B-128E-Instruct");
  const Configuration& scout = find_configuration("meta-llama/Llama-4-Scout-17B-16E-Instruct");
  Cases cases(c);
  for (const int tokens : kTokens) {
    add_grouped_projections(cases, c, tokens, true);
    cases.add_gated(tokens, c.size("intermediate_size_mlp"), false);
    // The shared expert is as wide as one of the others.
    cases.add_gated(tokens, c.size("intermediate_size"), false);
    for (const Configuration* of : {&c, &scout}) {
      add_experts(cases, *of, tokens,
                  {.count = of->size("num_local_experts"),
                   .per_token = of->size("num_experts_per_tok"),
                   .intermediate = of->size("intermediate_size")});
    }
    cases.add_stream(tokens);
  }
  cases.add_head();
  add_grouped_attention(cases, c);
  Suite suite = std::move(cases).suite(
      name, fmt::format("parts of Llama 4 Maverick and Scout: qkv and o projections, "
                        "attention over all keys, Maverick's dense MLP, the shared expert, of both "
                        "{}, {}. Left out: Scout's norm of queries and keys, which has no weight, "
                        "attention's chunks of 8192 keys, and the choice of experts, whose weights "
                        "are not normalised",
                        kExperts, kAround));
  suite.source += "; " + scout.source();
  return suite;
}

}  // namespace

std::vector<Suite> model_suites() {
  return {dense("llama3-8b", "meta-llama/Llama-3.1-8B"),
          dense("llama3-70b", "meta-llama/Llama-3.1-70B"),
          dense("qwen2.5-7b", "Qwen/Qwen2.5-7B"),
          latent("deepseek-v3", "deepseek-ai/DeepSeek-V3"),
          latent("kimi-k2", "moonshotai/Kimi-K2-Instruct"),
          qwen3("qwen3-30b-a3b", "Qwen/Qwen3-30B-A3B"),
          qwen3("qwen3-235b-a22b", "Qwen/Qwen3-235B-A22B"),
          gpt_oss("gpt-oss-120b", "openai/gpt-oss-120b"),
          llama4("llama-4")};
}

}  // namespace moat
