// SPDX-License-Identifier: Apache-2.0
#include "bench/cases/model_cases.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <utility>

#include "bench/cases/case.hpp"

namespace moat {
namespace {

constexpr int kPrefill = 512;
constexpr int kLongPrefill = 4096;

// Engines widen the logits to f32 before they sample, as Phi-4-reasoning's generation_config.json
// has it (huggingface.co/RedHatAI/Phi-4-reasoning): top_k 50, temperature 0.8, top_p 0.95.
constexpr int kTopK = 50;
constexpr float kTemperature = 0.8f;
constexpr float kTopP = 0.95f;

// Experts of one device where it cannot hold all: of several devices, as many as are a power of
// two, each has an equal share of them and, as each brings as many tokens, of the work.
int experts_of_a_device(const ExpertsShape& experts, int hidden) {
  constexpr double kMostBytes = 1 << 30;  // of one product's weights
  const double bytes = 2.0 * 2 * experts.intermediate * hidden;
  int count = experts.count;
  while (count % 2 == 0 && count / 2 >= experts.per_token && count * bytes > kMostBytes) count /= 2;
  return count;
}

float scale_of(int elements) { return 1.0f / std::sqrt(static_cast<float>(elements)); }

constexpr const char* kNoCase = "no case stands for it";

class Operations {
 public:
  Operations(const ModelShape& shape, const ModelUse& use, std::vector<std::string>& left_out)
      : s_(shape), use_(use), left_out_(left_out) {}

  std::vector<ModelOperation> all() &&;

 private:
  void add(std::string what, double count, const Problem& problem);
  void add_beside(const Problem& problem) { add("", 0, problem); }
  void lack(std::string what, double count, const Problem& alike, std::string why = kNoCase);
  void lack_bytes(std::string what, double count, double bytes, std::string why = kNoCase);
  void leave_out(const std::string& text);
  void add_product(std::string what, double count, int tokens, int out, int in);
  void add_linear(const std::string& what, double count, int tokens, int out, int in);
  void add_norm(std::string what, double count, int rows, int width);
  void add_rope(int tokens, int heads, int head_dim);
  void add_grouped_projections(int tokens);
  void add_latent_projections(int tokens);
  void add_mlp(const std::string& of, double count, int tokens, int intermediate);
  void add_mlps(int tokens);
  void add_experts(int tokens, const ExpertsShape& experts);
  void add_experts_product(const std::string& what, int tokens, const ExpertsShape& experts, int n,
                           int k);
  void add_quantised(int tokens);
  void add_stream(int tokens);
  void add_head(int tokens);
  void add_attention(double count, int batch, int q_len, int kv_len, int window);
  void add_grouped_attention();
  void add_latent_attention();
  std::vector<int> prefill(bool paged);
  double layers() const { return s_.layers.all; }
  bool in_fp8() const { return s_.weights == WeightFormat::fp8; }

  const ModelShape& s_;
  const ModelUse& use_;
  std::vector<std::string>& left_out_;
  std::vector<ModelOperation> all_;
  bool in_layers_ = true;
};

void Operations::add(std::string what, double count, const Problem& problem) {
  if (const std::string wrong = what_is_wrong(problem); !wrong.empty()) {
    throw CaseError(fmt::format("case '{}': {}", case_name(problem), wrong));
  }
  all_.push_back({.what = std::move(what),
                  .problem = problem,
                  .count = count,
                  .in_layers = in_layers_,
                  .flops = flops(problem),
                  .bytes = bytes(problem)});
}

// What no case stands for and works as much as `alike`.
void Operations::lack(std::string what, double count, const Problem& alike, std::string why) {
  all_.push_back({.what = std::move(what),
                  .count = count,
                  .in_layers = in_layers_,
                  .flops = flops(alike),
                  .bytes = bytes(alike),
                  .why = std::move(why)});
}

// What moves bytes and computes next to nothing.
void Operations::lack_bytes(std::string what, double count, double bytes, std::string why) {
  all_.push_back({.what = std::move(what),
                  .count = count,
                  .in_layers = in_layers_,
                  .bytes = bytes,
                  .why = std::move(why)});
}

void Operations::leave_out(const std::string& text) {
  if (std::ranges::find(left_out_, text) == left_out_.end()) left_out_.push_back(text);
}

GemmProblem product_of(int tokens, int out, int in) {
  return {.dtype = DType::bf16, .m = tokens, .n = out, .k = in, .order_b = Order::transposed};
}

std::optional<Code> code_of(WeightFormat format) {
  if (format == WeightFormat::int8) return Code::int8;
  if (format == WeightFormat::int4) return Code::int4;
  if (format == WeightFormat::mxfp4) return Code::mxfp4;
  return std::nullopt;
}

// y = x·Wᵀ with the weight stored as out × in, as in every checkpoint.
void Operations::add_product(std::string what, double count, int tokens, int out, int in) {
  add(std::move(what), count, product_of(tokens, out, in));
}

// The same in bf16 and in what the weights are stored in, with which the model computes.
void Operations::add_linear(const std::string& what, double count, int tokens, int out, int in) {
  const auto code = code_of(s_.weights);
  const WeightGemmProblem coded{.code = code.value_or(Code::int4), .m = tokens, .n = out, .k = in};
  const std::string wrong = code ? what_is_wrong(coded) : "";
  const bool plain = s_.weights == WeightFormat::bf16 || !wrong.empty();
  add_product(what, plain ? count : 0, tokens, out, in);
  if (!wrong.empty()) return leave_out(wrong);
  if (in_fp8()) add(what, count, ScaledGemmProblem{.m = tokens, .n = out, .k = in});
  if (code) add(what, count, coded);
}

void Operations::add_norm(std::string what, double count, int rows, int width) {
  const RowsProblem norm{.op = RowsOp::rms_norm,
                         .dtype = DType::bf16,
                         .rows = rows,
                         .cols = width,
                         .epsilon = s_.epsilon.value_or(1)};
  if (!s_.epsilon) return lack(std::move(what), count, norm, "LayerNorm has no kernel");
  add(std::move(what), count, norm);
}

// Queries and keys, turned together.
void Operations::add_rope(int tokens, int heads, int head_dim) {
  if (head_dim == 0) return;
  add("RoPE", layers(),
      RopeProblem{.dtype = DType::bf16,
                  .tokens = tokens,
                  .heads = heads,
                  .head_dim = head_dim,
                  .interleaved = s_.interleaved});
}

void Operations::add_grouped_projections(int tokens) {
  const int heads = s_.heads + s_.kv_heads;
  add_linear("qkv projection", layers(), tokens, (heads + s_.kv_heads) * s_.head_dim, s_.hidden);
  add_rope(tokens, heads, s_.rotary_dim);
  add_linear("o projection", layers(), tokens, s_.hidden, s_.heads * s_.head_dim);
  if (s_.normalised_heads) add_norm("norm of heads", layers(), tokens * heads, s_.head_dim);
  // Each number is read once and written once.
  lack_bytes("keys and values into the cache", layers(),
             2.0 * 2 * 2 * tokens * s_.kv_heads * s_.head_dim);
}

void Operations::add_latent_projections(int tokens) {
  const LatentShape& latent = *s_.latent;
  const int queries = s_.heads * (latent.nope + latent.rotary);
  const int from = latent.q_rank > 0 ? latent.q_rank : s_.hidden;
  if (latent.q_rank > 0) add_linear("q_a projection", layers(), tokens, latent.q_rank, s_.hidden);
  add_linear(latent.q_rank > 0 ? "q_b projection" : "q projection", layers(), tokens, queries,
             from);
  add_linear("kv_a projection", layers(), tokens, latent.kv_rank + latent.rotary, s_.hidden);
  // Absorbed, to decode, it is two products with as many operations and the same weights.
  add_linear("kv_b projection", layers(), tokens, s_.heads * (latent.nope + latent.value),
             latent.kv_rank);
  // All heads of the queries and the one of the keys.
  add_rope(tokens, s_.heads + 1, latent.rotary);
  add_linear("o projection", layers(), tokens, s_.hidden, s_.heads * latent.value);
  if (latent.q_rank > 0) add_norm("norm of q_a", layers(), tokens, latent.q_rank);
  add_norm("norm of kv_a", layers(), tokens, latent.kv_rank);
  lack_bytes("keys into the cache", layers(), 2.0 * 2 * tokens * (latent.kv_rank + latent.rotary));
}

// Both products of a feed-forward layer and what is between them.
void Operations::add_mlp(const std::string& of, double count, int tokens, int intermediate) {
  add_linear(of + (s_.gated ? "gate and up projection" : "up projection"), count, tokens,
             (s_.gated ? 2 : 1) * intermediate, s_.hidden);
  const SwigluProblem between{.dtype = DType::bf16, .rows = tokens, .cols = intermediate};
  if (s_.swiglu) {
    add(of + "SwiGLU", count, between);
  } else {
    lack_bytes(of + "activation", count, (s_.gated ? 3.0 : 2.0) * 2 * tokens * intermediate,
               "the activation has no kernel");
  }
  add_linear(of + "down projection", count, tokens, s_.hidden, intermediate);
}

void Operations::add_mlps(int tokens) {
  for (std::size_t i = 0; i < s_.mlps.size(); ++i) {
    const bool shared = s_.shared_experts && i + 1 == s_.mlps.size();
    add_mlp(shared ? "shared expert: " : "",
            shared ? s_.layers.experts : layers() - s_.layers.experts, tokens, s_.mlps[i]);
  }
}

// As many experts as one device holds, which reads no more weights than all of them.
void Operations::add_experts_product(const std::string& what, int tokens,
                                     const ExpertsShape& experts, int n, int k) {
  GroupedGemmProblem product{.dtype = DType::bf16,
                             .tokens = tokens,
                             .experts = experts_of_a_device(experts, s_.hidden),
                             .top = experts.per_token,
                             .n = n,
                             .k = k};
  add(what, s_.layers.experts, product);
  const int held = product.experts;
  const auto met = [&] {
    return std::ranges::count_if(expert_rows(product), [](auto rows) { return rows > 0; });
  };
  const auto measured = met();
  product.experts = experts.count;
  if (const auto all = met(); all > measured) {
    lack_bytes(what + ", weights of further experts", s_.layers.experts,
               2.0 * static_cast<double>(all - measured) * n * k,
               fmt::format("the product is measured over {} of {} experts", held, experts.count));
  }
  if (held == experts.count || tokens != use_.tokens.front()) return;
  leave_out(
      fmt::format("products of all {} experts at once, whose weights are beyond 1 GiB ({} are "
                  "within): --case {} asks for them",
                  experts.count, held, case_name(product)));
}

// The router, the choice of experts, tokens on their way to them and back, and their products.
void Operations::add_experts(int tokens, const ExpertsShape& experts) {
  const int top = experts.per_token;
  const double count = s_.layers.experts;
  add_product("router", count, tokens, experts.count, s_.hidden);
  MoeRoutingProblem routing = experts.routing.value_or(MoeRoutingProblem{});
  routing.tokens = tokens;
  routing.experts = experts.count;
  routing.top = top;
  if (experts.routing) {
    add("choice of experts", count, routing);
  } else {
    lack("choice of experts", count, routing, "it is none of the kernels'");
  }
  add("permutation", count,
      MoePermuteProblem{.dtype = DType::bf16,
                        .tokens = tokens,
                        .experts = experts.count,
                        .top = top,
                        .cols = s_.hidden});
  add_experts_product(s_.gated ? "experts: gate and up projection" : "experts: up projection",
                      tokens, experts, (s_.gated ? 2 : 1) * experts.intermediate, s_.hidden);
  if (s_.swiglu) {
    add("experts: SwiGLU", count,
        SwigluProblem{.dtype = DType::bf16,
                      .rows = tokens * top,
                      .cols = experts.intermediate,
                      .limit = experts.limit});
  } else {
    lack_bytes("experts: activation", count,
               (s_.gated ? 3.0 : 2.0) * 2 * tokens * top * experts.intermediate,
               "the activation has no kernel");
  }
  add_experts_product("experts: down projection", tokens, experts, s_.hidden, experts.intermediate);
  add("unpermutation", count,
      MoeUnpermuteProblem{.dtype = DType::bf16, .tokens = tokens, .top = top, .cols = s_.hidden});
}

// What products of FP8 codes read: of the stream behind the residual addition, where one operation
// does both, and of what no operation before them quantises.
void Operations::add_quantised(int tokens) {
  if (s_.epsilon) {
    // Before each layer's two parts, but for the first one, and not before the output head.
    add("residual addition, norm and quantisation", 2 * layers() - 1,
        AddNormQuantiseProblem{.rows = tokens, .cols = s_.hidden, .epsilon = *s_.epsilon});
  }
  const auto quantise = [&](const char* what, double count, int width) {
    add(what, count, QuantiseProblem{.rows = tokens, .cols = width});
  };
  quantise("quantisation of the stream", s_.epsilon ? 1 : 2 * layers(), s_.hidden);
  if (s_.latent) {
    if (s_.latent->q_rank > 0) quantise("quantisation of q_a", layers(), s_.latent->q_rank);
    quantise("quantisation of kv_a", layers(), s_.latent->kv_rank);
  }
  quantise("quantisation of heads", layers(),
           s_.heads * (s_.latent ? s_.latent->value : s_.head_dim));
  for (std::size_t i = 0; i < s_.mlps.size(); ++i) {
    const bool shared = s_.shared_experts && i + 1 == s_.mlps.size();
    quantise(shared ? "shared expert: quantisation" : "quantisation behind SwiGLU",
             shared ? s_.layers.experts : layers() - s_.layers.experts, s_.mlps[i]);
  }
}

// What is as wide as the residual stream: embeddings, from a table of the checkpoint's type, and
// norms, of which one is between attention and feed-forward layer.
void Operations::add_stream(int tokens) {
  in_layers_ = false;
  add("embedding", 1,
      GatherProblem{
          .dtype = DType::bf16, .vocab = s_.vocab_part, .tokens = tokens, .dim = s_.hidden});
  add_norm("norm before the first layer", 1, tokens, s_.hidden);
  in_layers_ = true;
  const AddNormProblem norm{
      .dtype = DType::bf16, .rows = tokens, .cols = s_.hidden, .epsilon = s_.epsilon.value_or(1)};
  const std::string what = "residual addition and norm";
  // One behind each part of a layer, the last one before the output head.
  if (!s_.epsilon) return lack(what, 2 * layers(), norm, "LayerNorm has no kernel");
  add(what, in_fp8() ? 1 : 2 * layers(), norm);
}

void Operations::add_head(int tokens) {
  in_layers_ = false;
  add_product("output head", 1, tokens, s_.vocab_part, s_.hidden);
  lack_bytes("logits from bf16 to f32", 1, (2.0 + 4.0) * tokens * s_.vocab);
  add_beside(
      RowsProblem{.op = RowsOp::softmax, .dtype = DType::f32, .rows = tokens, .cols = s_.vocab});
  const int k = std::min(kTopK, s_.vocab);
  add_beside(TopkProblem{.dtype = DType::f32, .rows = tokens, .cols = s_.vocab, .k = k});
  add("sampling", 1,
      SampleProblem{.dtype = DType::f32,
                    .rows = tokens,
                    .cols = s_.vocab,
                    .k = k,
                    .temperature = kTemperature,
                    .top_p = kTopP});
  in_layers_ = true;
}

// Over a paged cache the usual cases have no long prompt: models with so many heads take seconds
// for a call of it on a processor.
std::vector<int> Operations::prefill(bool paged) {
  if (use_.tokens != ModelUse{}.tokens || !use_.prefill.empty()) return use_.prefill;
  if (!paged) return {kPrefill, kLongPrefill};
  leave_out(fmt::format(
      "attention of a prompt of {} tokens over a paged cache, which takes long: --tokens {} asks "
      "for it",
      kLongPrefill, fmt::join(use_.tokens, ",")));
  return {kPrefill};
}

// Grouped queries: over a dense cache; with sinks, windows and wide heads over a paged one.
void Operations::add_attention(double count, int batch, int q_len, int kv_len, int window) {
  const std::string what =
      window > 0 ? fmt::format("attention, window of {} keys", window) : "attention";
  const AttentionProblem dense{.dtype = DType::bf16,
                               .batch = batch,
                               .q_heads = s_.heads,
                               .kv_heads = s_.kv_heads,
                               .q_len = q_len,
                               .kv_len = kv_len,
                               .head_dim = s_.head_dim,
                               .causal = q_len > 1,
                               .scale = scale_of(s_.head_dim)};
  if (is_head_dim(s_.head_dim) && !s_.sinks && window == 0) return add(what, count, dense);
  const PagedAttentionProblem paged{.batch = batch,
                                    .q_len = q_len,
                                    .kv_len = kv_len,
                                    .q_heads = s_.heads,
                                    .kv_heads = s_.kv_heads,
                                    .head_dim = s_.head_dim,
                                    .causal = q_len > 1,
                                    .sinks = s_.sinks,
                                    .window = window,
                                    .scale = scale_of(s_.head_dim)};
  if (const std::string wrong = what_is_wrong(paged); wrong.empty()) {
    add(what, count, paged);
  } else {
    leave_out(fmt::format("attention: {}", wrong));
    lack(what, count, dense, wrong);
  }
}

void Operations::add_grouped_attention() {
  for (const int window : s_.windows) {
    const double windowed = s_.layers.windowed;
    const double count = windowed < 0 ? 0 : window > 0 ? windowed : layers() - windowed;
    for (const int context : use_.contexts) {
      for (const int tokens : use_.decode) add_attention(count, tokens, 1, context, window);
    }
    for (const int tokens : prefill(s_.sinks)) add_attention(count, 1, tokens, tokens, window);
  }
}

// Over a paged cache of the latent space, absorbed, to decode, also of codes; of keys and values,
// to prefill.
void Operations::add_latent_attention() {
  const LatentShape& sizes = *s_.latent;
  const int key = sizes.nope + sizes.rotary;
  const PagedAttentionProblem unabsorbed{
      .page = kLatentPage, .q_heads = s_.heads, .scale = scale_of(key)};
  const bool kernel = sizes.kv_rank == kLatentValues && sizes.kv_rank + sizes.rotary == kLatentDim;
  if (!kernel) {
    leave_out(
        fmt::format("latent attention over kv_lora_rank {} and qk_rope_head_dim {}: the "
                    "kernel's are {} and {}",
                    sizes.kv_rank, sizes.rotary, kLatentValues, kLatentDim - kLatentValues));
  }
  for (const int context : use_.contexts) {
    for (const int tokens : use_.decode) {
      PagedAttentionProblem latent = unabsorbed;
      latent.latent = true;
      latent.batch = tokens;
      latent.kv_len = context;
      latent.head_dim = sizes.kv_rank + sizes.rotary;
      if (!kernel) {
        lack("latent attention", layers(), latent, "the latent space is none of the kernel's");
        continue;
      }
      add("latent attention", layers(), latent);
      latent.code = Code::e4m3;
      if (tokens == use_.decode.back()) add_beside(latent);
    }
  }
  for (const int tokens : prefill(true)) {
    PagedAttentionProblem whole = unabsorbed;
    whole.q_len = whole.kv_len = tokens;
    whole.kv_heads = s_.heads;
    whole.head_dim = key;
    whole.value_dim = sizes.value == key ? 0 : sizes.value;
    whole.causal = true;
    if (const std::string wrong = what_is_wrong(whole); wrong.empty()) {
      add("attention", layers(), whole);
    } else {
      leave_out(fmt::format("attention of prompts: {}", wrong));
      lack("attention", layers(), whole, wrong);
    }
  }
}

std::vector<ModelOperation> Operations::all() && {
  for (const int tokens : use_.tokens) {
    if (s_.latent) {
      add_latent_projections(tokens);
    } else {
      add_grouped_projections(tokens);
    }
    add_mlps(tokens);
    for (const ExpertsShape& experts : s_.experts) add_experts(tokens, experts);
    if (in_fp8()) add_quantised(tokens);
    add_stream(tokens);
  }
  // Of a prompt the last token alone meets the head.
  for (const int tokens : use_.decode.empty() ? std::vector{1} : use_.decode) add_head(tokens);
  if (s_.latent) {
    add_latent_attention();
  } else {
    add_grouped_attention();
  }
  return std::move(all_);
}

}  // namespace

ModelUse use_of(const std::vector<int>& tokens, const std::vector<int>& contexts) {
  ModelUse use;
  if (!contexts.empty()) use.contexts = contexts;
  if (tokens.empty()) return use;
  use.tokens = tokens;
  use.decode.clear();
  for (const int n : tokens) (n <= kMostDecoded ? use.decode : use.prefill).push_back(n);
  return use;
}

std::vector<ModelOperation> model_operations(const ModelShape& shape, const ModelUse& use,
                                             std::vector<std::string>& left_out) {
  return Operations(shape, use, left_out).all();
}

double weight_bytes(WeightFormat format, int out, int in) {
  // What a second row of inputs and results adds is all that is not the weights'.
  const auto of = [](const auto& one, const auto& two) {
    const Problem a = one;
    const Problem b = two;
    return 2 * bytes(a) - bytes(b);
  };
  const auto code = code_of(format);
  const WeightGemmProblem p{.code = code.value_or(Code::int4), .m = 1, .n = out, .k = in};
  if (code && what_is_wrong(p).empty()) {
    WeightGemmProblem twice = p;
    twice.m = 2;
    return of(p, twice);
  }
  if (format == WeightFormat::fp8) {
    return of(ScaledGemmProblem{.m = 1, .n = out, .k = in},
              ScaledGemmProblem{.m = 2, .n = out, .k = in});
  }
  return of(product_of(1, out, in), product_of(2, out, in));
}

// Layers of several kinds share shapes.
std::vector<Problem> model_cases(const ModelShape& shape, const ModelUse& use,
                                 std::vector<std::string>& left_out) {
  std::vector<Problem> cases;
  std::set<std::string> names;
  for (const ModelOperation& o : model_operations(shape, use, left_out)) {
    if (o.problem && names.insert(case_name(*o.problem)).second) cases.push_back(*o.problem);
  }
  return cases;
}

}  // namespace moat
