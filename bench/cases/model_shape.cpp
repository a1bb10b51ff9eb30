// SPDX-License-Identifier: Apache-2.0
#include "bench/cases/model_shape.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <initializer_list>
#include <string_view>
#include <utility>

#include "bench/cases/case.hpp"
#include "bench/cases/model_fields.hpp"
#include "problems/paged_attention.hpp"

namespace moat {
namespace {

enum class Routing : std::uint8_t { none, sigmoid, softmax };

// What a model is beyond its numbers, as transformers' modeling_*.py of its type has it.
struct Architecture {
  std::string_view type;
  bool normalised_heads = false;
  bool interleaved = false;  // pairs of RoPE are neighbours
  bool sinks = false;
  bool windows = false;  // some layers see a window of keys, others all of them
  Routing routing = Routing::none;
  std::string_view left_out{};
};

constexpr std::array kArchitectures{
    Architecture{.type = "llama"},
    Architecture{.type = "mistral"},
    Architecture{.type = "mixtral", .routing = Routing::softmax},
    Architecture{.type = "phi3"},
    Architecture{.type = "qwen2", .left_out = "the biases of the qkv projection"},
    Architecture{.type = "qwen2_moe",
                 .routing = Routing::softmax,
                 .left_out = "the biases of the qkv projection, the shared expert's gate"},
    Architecture{.type = "qwen3", .normalised_heads = true},
    Architecture{.type = "qwen3_moe", .normalised_heads = true, .routing = Routing::softmax},
    Architecture{.type = "gemma2", .windows = true, .left_out = "the caps of logits"},
    Architecture{.type = "gemma3_text", .normalised_heads = true, .windows = true},
    Architecture{.type = "gpt_oss",
                 .sinks = true,
                 .windows = true,
                 .routing = Routing::softmax,
                 .left_out = "the biases of its products"},
    Architecture{.type = "llama4_text",
                 .interleaved = true,
                 .left_out = "attention's chunks, and norms of queries and keys, which have no "
                             "weight"},
    Architecture{.type = "glm4_moe", .routing = Routing::sigmoid},
    Architecture{.type = "deepseek_v2", .interleaved = true},
    Architecture{.type = "deepseek_v3", .interleaved = true, .routing = Routing::sigmoid},
    Architecture{.type = "deepseek_v32", .interleaved = true, .routing = Routing::sigmoid},
    Architecture{.type = "kimi_k2", .interleaved = true, .routing = Routing::sigmoid},
};

class Reader {
 public:
  Reader(const Configuration& c, int tp) : c_(c), tp_(tp) {}

  ModelShape read(std::optional<WeightFormat> weights) &&;

 private:
  [[noreturn]] void fail(const std::string& what) const {
    throw CaseError(fmt::format("{}: {}", c_.id, what));
  }

  int need(std::string_view field) const {
    if (!is(field)) {
      const ModelField* known = find_model_field(field);
      std::string what = fmt::format("{} is {}: {}", field, c_.has(field) ? "0" : "missing",
                                     known == nullptr ? "" : known->meaning);
      for (const std::string& other : c_.other_layers) what += "; the model has " + other;
      fail(what);
    }
    return c_.size(field);
  }
  int get(std::string_view field, int otherwise) const {
    return c_.has(field) ? c_.size(field) : otherwise;
  }
  bool is(std::string_view field) const { return c_.has(field) && c_.at(field) != 0; }

  // The first of several names for one thing that the configuration has, not 0; empty if none.
  std::string_view one_of(std::initializer_list<std::string_view> names) const {
    const auto found = std::ranges::find_if(names, [&](auto name) { return is(name); });
    return found == names.end() ? std::string_view() : *found;
  }

  int part(std::string_view field, int all, std::string_view of) const {
    if (all % tp_ != 0) {
      fail(fmt::format("{}: {} {} do not divide among --tp {}", field, all, of, tp_));
    }
    return all / tp_;
  }

  void read_architecture();
  void read_attention();
  void read_latent();
  void read_windows();
  void read_mlps();
  void read_experts();
  void count_layers();
  std::optional<MoeRoutingProblem> routing() const;
  void read_weights(std::optional<WeightFormat> weights);
  void leave_out(std::string text) { shape_.left_out.push_back(std::move(text)); }

  const Configuration& c_;
  int tp_;
  Architecture architecture_{};
  ModelShape shape_;
};

void Reader::read_architecture() {
  const auto found = std::ranges::find(kArchitectures, c_.model_type, &Architecture::type);
  if (found != kArchitectures.end()) {
    architecture_ = *found;
    if (!found->left_out.empty()) leave_out(std::string(found->left_out));
    return;
  }
  std::string known;
  for (const auto& a : kArchitectures) {
    known += fmt::format("{}{}", known.empty() ? "" : ", ", a.type);
  }
  leave_out(fmt::format(
      "whatever its model_type{} has beyond Llama's layers: the shapes are those that the fields "
      "tell (known: {})",
      c_.model_type.empty() ? ", which is not told," : fmt::format(" '{}'", c_.model_type), known));
  if (c_.scoring == "sigmoid") architecture_.routing = Routing::sigmoid;
  if (c_.scoring.empty() && is("norm_topk_prob")) architecture_.routing = Routing::softmax;
}

void Reader::read_attention() {
  const int heads = need("num_attention_heads");
  if (c_.has("kv_lora_rank")) {
    shape_.heads = shape_.kv_heads = part("num_attention_heads", heads, "heads");
    return read_latent();
  }
  const int kv_heads = get("num_key_value_heads", heads);
  if (heads % kv_heads != 0) {
    fail(fmt::format("num_attention_heads: {} heads are no multiple of num_key_value_heads {}",
                     heads, kv_heads));
  }
  if (!c_.has("head_dim") && shape_.hidden % heads != 0) {
    fail(
        fmt::format("head_dim is missing, and hidden_size {} does not divide among "
                    "num_attention_heads {}",
                    shape_.hidden, heads));
  }
  shape_.heads = part("num_attention_heads", heads, "heads");
  // With more devices than heads of keys, several devices hold the same one.
  shape_.kv_heads =
      tp_ % kv_heads == 0 ? 1 : part("num_key_value_heads", kv_heads, "heads of keys");
  shape_.head_dim = c_.head_dim();
  const double turned = c_.has("partial_rotary_factor") ? c_.at("partial_rotary_factor") : 1;
  shape_.rotary_dim = static_cast<int>(std::lround(shape_.head_dim * turned));
  if (shape_.rotary_dim % 2 != 0) {
    leave_out(fmt::format("RoPE, whose {} elements are no pairs", shape_.rotary_dim));
    shape_.rotary_dim = 0;
  }
  shape_.normalised_heads =
      architecture_.normalised_heads || (is("use_qk_norm") && c_.model_type != "llama4_text");
  shape_.sinks = architecture_.sinks;
  read_windows();
}

void Reader::read_latent() {
  shape_.latent = LatentShape{.q_rank = get("q_lora_rank", 0),
                              .kv_rank = need("kv_lora_rank"),
                              .nope = need("qk_nope_head_dim"),
                              .rotary = need("qk_rope_head_dim"),
                              .value = need("v_head_dim")};
  if (c_.has("index_topk")) {
    leave_out("sparse attention and its indexer, in place of which attention is over all keys");
  }
}

void Reader::read_windows() {
  const int window = get("sliding_window", 0);
  if (window == 0 || !get("use_sliding_window", 1)) return;
  shape_.windows = {window};
  const bool whole_layers =
      architecture_.windows || c_.model_type.starts_with("qwen") || c_.kinds_of_layers > 1;
  if (whole_layers) shape_.windows.insert(shape_.windows.begin(), 0);
}

void Reader::read_mlps() {
  const std::string& act = c_.activation;
  shape_.swiglu = act.empty() || act == "silu" || act == "swish" || act == "swiglu";
  // Squares and ReLU, and GELU where a LayerNorm stands before it, come without a gate.
  shape_.gated = shape_.swiglu || (act.starts_with("gelu") && shape_.epsilon.has_value());
  if (!shape_.swiglu) {
    leave_out(fmt::format(
        "hidden_act {}, for which there is no kernel; products {}", act,
        shape_.gated ? "are taken to be of a gated layer" : "are those of a layer without a gate"));
  }
  const auto mlp = [&](std::string_view field, int all) {
    shape_.mlps.push_back(part(field, all, "columns"));
  };
  const std::string_view count = one_of({"n_routed_experts", "num_experts", "num_local_experts"});
  if (count.empty()) return mlp("intermediate_size", need("intermediate_size"));
  if (c_.model_type == "llama4_text") {
    if (get("interleave_moe_layer_step", 1) > 1) {
      mlp("intermediate_size_mlp", need("intermediate_size_mlp"));
    }
    // The shared expert is as wide as one of the others.
    shape_.shared_experts = true;
    return mlp("intermediate_size", need("intermediate_size"));
  }
  if (is("first_k_dense_replace") || get("decoder_sparse_step", 1) > 1 || c_.mlp_only_layers > 0) {
    mlp("intermediate_size", need("intermediate_size"));
  }
  const std::size_t dense = shape_.mlps.size();
  if (is("shared_expert_intermediate_size")) {
    mlp("shared_expert_intermediate_size", c_.size("shared_expert_intermediate_size"));
  } else if (const auto shared = one_of({"n_shared_experts", "num_shared_experts"});
             !shared.empty() && is(shared)) {
    const auto columns = one_of({"moe_intermediate_size", "intermediate_size"});
    mlp("moe_intermediate_size",
        need(columns.empty() ? "moe_intermediate_size" : columns) * c_.size(shared));
  }
  shape_.shared_experts = shape_.mlps.size() > dense;
}

void Reader::count_layers() {
  LayerCounts& layers = shape_.layers;
  layers.all = get("num_hidden_layers", 0);
  const int window = shape_.windows.back();
  layers.windowed = window == 0 ? 0 : shape_.windows.size() == 1 ? layers.all : c_.windowed_layers;
  if (shape_.experts.empty()) return;
  // Llama 4 and Qwen have experts in every so many layers, DeepSeek in all but the first ones.
  const int step = c_.model_type == "llama4_text" ? get("interleave_moe_layer_step", 1)
                                                  : get("decoder_sparse_step", 1);
  const int mixed = (layers.all - get("first_k_dense_replace", 0)) / std::max(step, 1);
  layers.experts = std::max(mixed - c_.mlp_only_layers, 0);
}

// That of a kernel, if it is the model's.
std::optional<MoeRoutingProblem> Reader::routing() const {
  if (architecture_.routing == Routing::softmax) {
    if (!get("norm_topk_prob", 1)) return std::nullopt;
    return MoeRoutingProblem{.softmax = true};
  }
  if (architecture_.routing == Routing::none) return std::nullopt;
  if ((!c_.scoring.empty() && c_.scoring != "sigmoid") || !get("norm_topk_prob", 1)) {
    return std::nullopt;
  }
  MoeRoutingProblem routing{};
  if (c_.has("routed_scaling_factor")) {
    routing.scale = static_cast<float>(c_.at("routed_scaling_factor"));
  }
  if (get("n_group", 1) > 1) {
    routing.groups = c_.size("n_group");
    routing.limit = need("topk_group");
  }
  return routing;
}

void Reader::read_experts() {
  const std::string_view count = one_of({"n_routed_experts", "num_experts", "num_local_experts"});
  if (count.empty()) return;
  const auto columns = one_of({"moe_intermediate_size", "intermediate_size"});
  const std::string_view width = columns.empty() ? "moe_intermediate_size" : columns;
  ExpertsShape experts{.count = c_.size(count),
                       .per_token = need("num_experts_per_tok"),
                       .intermediate = part(width, need(width), "columns"),
                       .routing = routing()};
  if (experts.per_token < 1 || experts.per_token > experts.count) {
    fail(fmt::format("num_experts_per_tok: a token goes to {} of {} {}", experts.per_token, count,
                     experts.count));
  }
  if (c_.has("swiglu_limit")) experts.limit = static_cast<float>(c_.at("swiglu_limit"));
  if (!experts.routing) {
    leave_out("the choice of experts, which is none of the kernels'");
  } else {
    experts.routing->experts = experts.count;
    experts.routing->top = experts.per_token;
    if (const std::string wrong = what_is_wrong(*experts.routing); !wrong.empty()) {
      fail(fmt::format("{}, n_group, topk_group, num_experts_per_tok: {}", count, wrong));
    }
  }
  shape_.experts.push_back(experts);
}

void Reader::read_weights(std::optional<WeightFormat> weights) {
  const std::string& told = c_.quantisation;
  if (weights) {
    shape_.weights = *weights;
  } else if (told == "fp8" || told == "int8" || told == "int4") {
    shape_.weights = told == "fp8"    ? WeightFormat::fp8
                     : told == "int8" ? WeightFormat::int8
                                      : WeightFormat::int4;
  } else if (!told.empty()) {
    leave_out(fmt::format("weights in {}{}: products are measured in bf16", told,
                          told == "mxfp4" ? ", which its experts are stored in" : ""));
  }
  shape_.expert_weights = !weights && told == "mxfp4" ? WeightFormat::mxfp4 : shape_.weights;
  if (shape_.weights != WeightFormat::bf16 && !shape_.experts.empty()) {
    leave_out("experts' products in the weights' format, which no kernel has: they are in bf16");
  }
}

ModelShape Reader::read(std::optional<WeightFormat> weights) && {
  if (is("is_encoder_decoder")) {
    fail("is_encoder_decoder: there are no cases of models with an encoder");
  }
  read_architecture();
  shape_.hidden = need("hidden_size");
  shape_.vocab = need("vocab_size");
  // The last device may have fewer rows.
  shape_.vocab_part = (shape_.vocab + tp_ - 1) / tp_;
  shape_.interleaved = architecture_.interleaved;
  const auto layer_norm = one_of({"layer_norm_eps", "layer_norm_epsilon", "norm_epsilon"});
  if (!c_.has("rms_norm_eps") && !layer_norm.empty()) {
    leave_out(fmt::format("LayerNorm ({}), for which there is no kernel", layer_norm));
  } else {
    static_cast<void>(need("rms_norm_eps"));
    shape_.epsilon = static_cast<float>(c_.at("rms_norm_eps"));
  }
  read_attention();
  read_mlps();
  read_experts();
  count_layers();
  shape_.tied = is("tie_word_embeddings");
  read_weights(weights);
  if ((is("attention_bias") || is("mlp_bias")) && c_.model_type != "gpt_oss") {
    leave_out("biases (attention_bias, mlp_bias)");
  }
  if (is("num_nextn_predict_layers")) {
    leave_out("layers that predict further tokens (num_nextn_predict_layers)");
  }
  for (const std::string& other : c_.other_layers) leave_out(other);
  return std::move(shape_);
}

}  // namespace

const std::map<std::string, WeightFormat>& weight_formats() {
  static const std::map<std::string, WeightFormat> formats = {{"bf16", WeightFormat::bf16},
                                                              {"fp8", WeightFormat::fp8},
                                                              {"int8", WeightFormat::int8},
                                                              {"int4", WeightFormat::int4},
                                                              {"mxfp4", WeightFormat::mxfp4}};
  return formats;
}

std::string_view name_of(WeightFormat format) {
  return std::ranges::find(weight_formats(), format,
                           &std::pair<const std::string, WeightFormat>::second)
      ->first;
}

ModelShape shape_of(const Configuration& c, int tp, std::optional<WeightFormat> weights) {
  return Reader(c, tp).read(weights);
}

}  // namespace moat
