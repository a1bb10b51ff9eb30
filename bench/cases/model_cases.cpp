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

class Cases {
 public:
  Cases(const ModelShape& shape, const ModelUse& use, std::vector<std::string>& left_out)
      : s_(shape), use_(use), left_out_(left_out) {}

  std::vector<Problem> all() &&;

 private:
  void add(const Problem& problem);
  void leave_out(const std::string& text);
  void add_product(int tokens, int out, int in);
  void add_linear(int tokens, int out, int in);
  void add_norm(int rows, int width);
  void add_rope(int tokens, int heads, int head_dim);
  void add_grouped_projections(int tokens);
  void add_latent_projections(int tokens);
  void add_mlp(int tokens, int intermediate);
  void add_experts(int tokens, const ExpertsShape& experts);
  void add_quantised(int tokens);
  void add_stream(int tokens);
  void add_head(int tokens);
  void add_attention(int batch, int q_len, int kv_len, int window);
  void add_grouped_attention();
  void add_latent_attention();
  std::vector<int> prefill(bool paged);

  const ModelShape& s_;
  const ModelUse& use_;
  std::vector<std::string>& left_out_;
  std::set<std::string> names_;
  std::vector<Problem> all_;
};

// Layers of several kinds share shapes.
void Cases::add(const Problem& problem) {
  std::string name = case_name(problem);
  if (const std::string wrong = what_is_wrong(problem); !wrong.empty()) {
    throw CaseError(fmt::format("case '{}': {}", name, wrong));
  }
  if (names_.insert(std::move(name)).second) all_.push_back(problem);
}

void Cases::leave_out(const std::string& text) {
  if (std::ranges::find(left_out_, text) == left_out_.end()) left_out_.push_back(text);
}

// y = x·Wᵀ with the weight stored as out × in, as in every checkpoint.
void Cases::add_product(int tokens, int out, int in) {
  add(GemmProblem{
      .dtype = DType::bf16, .m = tokens, .n = out, .k = in, .order_b = Order::transposed});
}

// The same in bf16 and in what the weights are stored in.
void Cases::add_linear(int tokens, int out, int in) {
  add_product(tokens, out, in);
  if (s_.weights == WeightFormat::bf16) return;
  if (s_.weights == WeightFormat::fp8) {
    return add(ScaledGemmProblem{.m = tokens, .n = out, .k = in});
  }
  const WeightGemmProblem coded{.code = s_.weights == WeightFormat::int8   ? Code::int8
                                        : s_.weights == WeightFormat::int4 ? Code::int4
                                                                           : Code::mxfp4,
                                .m = tokens,
                                .n = out,
                                .k = in};
  if (const std::string wrong = what_is_wrong(coded); wrong.empty()) {
    add(coded);
  } else {
    leave_out(wrong);
  }
}

void Cases::add_norm(int rows, int width) {
  if (!s_.epsilon) return;
  add(RowsProblem{.op = RowsOp::rms_norm,
                  .dtype = DType::bf16,
                  .rows = rows,
                  .cols = width,
                  .epsilon = *s_.epsilon});
}

// Queries and keys, turned together.
void Cases::add_rope(int tokens, int heads, int head_dim) {
  if (head_dim == 0) return;
  add(RopeProblem{.dtype = DType::bf16,
                  .tokens = tokens,
                  .heads = heads,
                  .head_dim = head_dim,
                  .interleaved = s_.interleaved});
}

void Cases::add_grouped_projections(int tokens) {
  const int heads = s_.heads + s_.kv_heads;
  add_linear(tokens, (heads + s_.kv_heads) * s_.head_dim, s_.hidden);
  add_rope(tokens, heads, s_.rotary_dim);
  add_linear(tokens, s_.hidden, s_.heads * s_.head_dim);
  if (s_.normalised_heads) add_norm(tokens * heads, s_.head_dim);
}

void Cases::add_latent_projections(int tokens) {
  const LatentShape& latent = *s_.latent;
  const int queries = s_.heads * (latent.nope + latent.rotary);
  if (latent.q_rank > 0) add_linear(tokens, latent.q_rank, s_.hidden);
  add_linear(tokens, queries, latent.q_rank > 0 ? latent.q_rank : s_.hidden);
  add_linear(tokens, latent.kv_rank + latent.rotary, s_.hidden);
  add_linear(tokens, s_.heads * (latent.nope + latent.value), latent.kv_rank);
  // All heads of the queries and the one of the keys.
  add_rope(tokens, s_.heads + 1, latent.rotary);
  add_linear(tokens, s_.hidden, s_.heads * latent.value);
  if (latent.q_rank > 0) add_norm(tokens, latent.q_rank);
  add_norm(tokens, latent.kv_rank);
}

// Both products of a feed-forward layer and what is between them.
void Cases::add_mlp(int tokens, int intermediate) {
  add_linear(tokens, (s_.gated ? 2 : 1) * intermediate, s_.hidden);
  if (s_.swiglu) {
    add(SwigluProblem{.dtype = DType::bf16, .rows = tokens, .cols = intermediate});
  }
  add_linear(tokens, s_.hidden, intermediate);
}

// The router, the choice of experts, tokens on their way to them and back, and their products.
void Cases::add_experts(int tokens, const ExpertsShape& experts) {
  const int top = experts.per_token;
  add_product(tokens, experts.count, s_.hidden);
  if (experts.routing) {
    MoeRoutingProblem routing = *experts.routing;
    routing.tokens = tokens;
    routing.experts = experts.count;
    routing.top = top;
    add(routing);
  }
  add(MoePermuteProblem{.dtype = DType::bf16,
                        .tokens = tokens,
                        .experts = experts.count,
                        .top = top,
                        .cols = s_.hidden});
  const int here = experts_of_a_device(experts, s_.hidden);
  const auto product = [&](int n, int k) {
    GroupedGemmProblem p{
        .dtype = DType::bf16, .tokens = tokens, .experts = here, .top = top, .n = n, .k = k};
    add(p);
    if (here == experts.count || tokens != use_.tokens.front()) return;
    p.experts = experts.count;
    leave_out(
        fmt::format("products of all {} experts at once, whose weights are beyond 1 GiB ({} "
                    "are within): --case {} asks for them",
                    experts.count, here, case_name(p)));
  };
  product((s_.gated ? 2 : 1) * experts.intermediate, s_.hidden);
  if (s_.swiglu) {
    add(SwigluProblem{.dtype = DType::bf16,
                      .rows = tokens * top,
                      .cols = experts.intermediate,
                      .limit = experts.limit});
  }
  product(s_.hidden, experts.intermediate);
  add(MoeUnpermuteProblem{.dtype = DType::bf16, .tokens = tokens, .top = top, .cols = s_.hidden});
}

// What products of FP8 codes read: of the stream behind the residual addition, where one operation
// does both, and of what no operation before them quantises.
void Cases::add_quantised(int tokens) {
  if (s_.epsilon) {
    add(AddNormQuantiseProblem{.rows = tokens, .cols = s_.hidden, .epsilon = *s_.epsilon});
  }
  std::vector<int> widths = {s_.hidden};
  if (s_.latent) {
    if (s_.latent->q_rank > 0) widths.push_back(s_.latent->q_rank);
    widths.push_back(s_.latent->kv_rank);
  }
  widths.push_back(s_.heads * (s_.latent ? s_.latent->value : s_.head_dim));
  widths.insert(widths.end(), s_.mlps.begin(), s_.mlps.end());
  for (const int width : widths) add(QuantiseProblem{.rows = tokens, .cols = width});
}

// What is as wide as the residual stream: embeddings, from a table of the checkpoint's type, and
// norms, of which one is between attention and feed-forward layer.
void Cases::add_stream(int tokens) {
  add(GatherProblem{
      .dtype = DType::bf16, .vocab = s_.vocab_part, .tokens = tokens, .dim = s_.hidden});
  add_norm(tokens, s_.hidden);
  if (s_.epsilon) {
    add(AddNormProblem{
        .dtype = DType::bf16, .rows = tokens, .cols = s_.hidden, .epsilon = *s_.epsilon});
  }
}

void Cases::add_head(int tokens) {
  add_product(tokens, s_.vocab_part, s_.hidden);
  add(RowsProblem{.op = RowsOp::softmax, .dtype = DType::f32, .rows = tokens, .cols = s_.vocab});
  const int k = std::min(kTopK, s_.vocab);
  add(TopkProblem{.dtype = DType::f32, .rows = tokens, .cols = s_.vocab, .k = k});
  add(SampleProblem{.dtype = DType::f32,
                    .rows = tokens,
                    .cols = s_.vocab,
                    .k = k,
                    .temperature = kTemperature,
                    .top_p = kTopP});
}

// Over a paged cache the usual cases have no long prompt: models with so many heads take seconds
// for a call of it on a processor.
std::vector<int> Cases::prefill(bool paged) {
  if (use_.tokens != ModelUse{}.tokens || !use_.prefill.empty()) return use_.prefill;
  if (!paged) return {kPrefill, kLongPrefill};
  leave_out(fmt::format(
      "attention of a prompt of {} tokens over a paged cache, which takes long: --tokens {} asks "
      "for it",
      kLongPrefill, fmt::join(use_.tokens, ",")));
  return {kPrefill};
}

// Grouped queries: over a dense cache; with sinks, windows and wide heads over a paged one.
void Cases::add_attention(int batch, int q_len, int kv_len, int window) {
  if (is_head_dim(s_.head_dim) && !s_.sinks && window == 0) {
    return add(AttentionProblem{.dtype = DType::bf16,
                                .batch = batch,
                                .q_heads = s_.heads,
                                .kv_heads = s_.kv_heads,
                                .q_len = q_len,
                                .kv_len = kv_len,
                                .head_dim = s_.head_dim,
                                .causal = q_len > 1,
                                .scale = scale_of(s_.head_dim)});
  }
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
    add(paged);
  } else {
    leave_out(fmt::format("attention: {}", wrong));
  }
}

void Cases::add_grouped_attention() {
  for (const int window : s_.windows) {
    for (const int context : use_.contexts) {
      for (const int tokens : use_.decode) add_attention(tokens, 1, context, window);
    }
    for (const int tokens : prefill(s_.sinks)) add_attention(1, tokens, tokens, window);
  }
}

// Over a paged cache of the latent space, absorbed, to decode, also of codes; of keys and values,
// to prefill.
void Cases::add_latent_attention() {
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
      if (!kernel) continue;
      PagedAttentionProblem latent = unabsorbed;
      latent.latent = true;
      latent.batch = tokens;
      latent.kv_len = context;
      latent.head_dim = kLatentDim;
      add(latent);
      latent.code = Code::e4m3;
      if (tokens == use_.decode.back()) add(latent);
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
      add(whole);
    } else {
      leave_out(fmt::format("attention of prompts: {}", wrong));
    }
  }
}

std::vector<Problem> Cases::all() && {
  for (const int tokens : use_.tokens) {
    if (s_.latent) {
      add_latent_projections(tokens);
    } else {
      add_grouped_projections(tokens);
    }
    for (const int width : s_.mlps) add_mlp(tokens, width);
    for (const ExpertsShape& experts : s_.experts) add_experts(tokens, experts);
    if (s_.weights == WeightFormat::fp8) add_quantised(tokens);
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

std::vector<Problem> model_cases(const ModelShape& shape, const ModelUse& use,
                                 std::vector<std::string>& left_out) {
  return Cases(shape, use, left_out).all();
}

}  // namespace moat
