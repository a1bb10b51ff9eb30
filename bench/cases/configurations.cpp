// SPDX-License-Identifier: Apache-2.0
#include "bench/cases/configurations.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "bench/cases/case.hpp"

namespace moat {
namespace {

// Of the models of several modalities, the fields of text_config.
constexpr const char* kDynamo =
    "github.com/ai-dynamo/aiconfigurator (aic-core/src/aiconfigurator_core/model_configs)";

auto find_field(const Configuration& c, std::string_view field) {
  return std::ranges::find(c.fields, field, [](const auto& f) { return f.first; });
}

}  // namespace

bool Configuration::has(std::string_view field) const {
  return find_field(*this, field) != fields.end();
}

double Configuration::at(std::string_view field) const {
  const auto found = find_field(*this, field);
  if (found != fields.end()) return found->second;
  std::string known;
  for (const auto& [name, _] : fields)
    known += fmt::format("{}{}", known.empty() ? "" : ", ", name);
  throw CaseError(
      fmt::format("the configuration of {} has no field '{}'; it has {}", id, field, known));
}

int Configuration::head_dim() const {
  return has("head_dim") ? size("head_dim") : size("hidden_size") / size("num_attention_heads");
}

std::string Configuration::source() const {
  std::string text =
      fmt::format("https://huggingface.co/{}/blob/main/config.json, read from {}:", id, copy);
  for (const char* separator = " "; const auto& [name, value] : fields) {
    text += fmt::format("{}{} {}", separator, name, value);
    separator = ", ";
  }
  return text;
}

const std::vector<Configuration>& configurations() {
  static const std::vector<Configuration> all{
      {.id = "meta-llama/Llama-3.1-8B",
       .copy = kDynamo,
       .model_type = "llama",
       .fields = {{"hidden_size", 4096},
                  {"intermediate_size", 14336},
                  {"num_hidden_layers", 32},
                  {"num_attention_heads", 32},
                  {"num_key_value_heads", 8},
                  {"vocab_size", 128256},
                  {"rms_norm_eps", 1e-5}}},
      {.id = "meta-llama/Llama-3.1-70B",
       .copy = kDynamo,
       .model_type = "llama",
       .fields = {{"hidden_size", 8192},
                  {"intermediate_size", 28672},
                  {"num_hidden_layers", 80},
                  {"num_attention_heads", 64},
                  {"num_key_value_heads", 8},
                  {"vocab_size", 128256},
                  {"rms_norm_eps", 1e-5}}},
      {.id = "meta-llama/Llama-3.1-405B",
       .copy = kDynamo,
       .model_type = "llama",
       .fields = {{"hidden_size", 16384},
                  {"intermediate_size", 53248},
                  {"num_hidden_layers", 126},
                  {"num_attention_heads", 128},
                  {"num_key_value_heads", 8},
                  {"vocab_size", 128256},
                  {"rms_norm_eps", 1e-5}}},
      {.id = "Qwen/Qwen2.5-7B",
       .copy = "github.com/citsjtu2020/LLM-Prof",
       .model_type = "qwen2",
       .fields = {{"hidden_size", 3584},
                  {"intermediate_size", 18944},
                  {"num_hidden_layers", 28},
                  {"num_attention_heads", 28},
                  {"num_key_value_heads", 4},
                  {"vocab_size", 152064},
                  {"rms_norm_eps", 1e-6}}},
      {.id = "Qwen/Qwen3-30B-A3B",
       .copy = kDynamo,
       .model_type = "qwen3_moe",
       .fields = {{"hidden_size", 2048},
                  {"moe_intermediate_size", 768},
                  {"num_hidden_layers", 48},
                  {"num_attention_heads", 32},
                  {"num_key_value_heads", 4},
                  {"head_dim", 128},
                  {"num_experts", 128},
                  {"num_experts_per_tok", 8},
                  {"vocab_size", 151936},
                  {"rms_norm_eps", 1e-6}}},
      {.id = "Qwen/Qwen3-235B-A22B",
       .copy = kDynamo,
       .model_type = "qwen3_moe",
       .fields = {{"hidden_size", 4096},
                  {"moe_intermediate_size", 1536},
                  {"num_hidden_layers", 94},
                  {"num_attention_heads", 64},
                  {"num_key_value_heads", 4},
                  {"head_dim", 128},
                  {"num_experts", 128},
                  {"num_experts_per_tok", 8},
                  {"vocab_size", 151936},
                  {"rms_norm_eps", 1e-6}}},
      {.id = "openai/gpt-oss-120b",
       .copy = kDynamo,
       .model_type = "gpt_oss",
       .fields = {{"hidden_size", 2880},
                  {"intermediate_size", 2880},
                  {"num_hidden_layers", 36},
                  {"num_attention_heads", 64},
                  {"num_key_value_heads", 8},
                  {"head_dim", 64},
                  {"sliding_window", 128},
                  {"num_local_experts", 128},
                  {"num_experts_per_tok", 4},
                  {"swiglu_limit", 7},
                  {"vocab_size", 201088},
                  {"rms_norm_eps", 1e-5}},
       .quantisation = "mxfp4",
       .windowed_layers = 18},
      {.id = "meta-llama/Llama-4-Scout-17B-16E-Instruct",
       .copy = kDynamo,
       .model_type = "llama4_text",
       .fields = {{"hidden_size", 5120},
                  {"intermediate_size", 8192},
                  {"intermediate_size_mlp", 16384},
                  {"num_hidden_layers", 48},
                  {"interleave_moe_layer_step", 1},
                  {"num_attention_heads", 40},
                  {"num_key_value_heads", 8},
                  {"head_dim", 128},
                  {"num_local_experts", 16},
                  {"num_experts_per_tok", 1},
                  {"vocab_size", 202048},
                  {"rms_norm_eps", 1e-5}}},
      {.id = "meta-llama/Llama-4-Maverick-17B-128E-Instruct",
       .copy = kDynamo,
       .model_type = "llama4_text",
       .fields = {{"hidden_size", 5120},
                  {"intermediate_size", 8192},
                  {"intermediate_size_mlp", 16384},
                  {"num_hidden_layers", 48},
                  {"interleave_moe_layer_step", 2},
                  {"num_attention_heads", 40},
                  {"num_key_value_heads", 8},
                  {"head_dim", 128},
                  {"num_local_experts", 128},
                  {"num_experts_per_tok", 1},
                  {"vocab_size", 202048},
                  {"rms_norm_eps", 1e-5}}},
      {.id = "deepseek-ai/deepseek-llm-67b-base",
       .copy = "huggingface.co/Vivacem/DeepSeek-67B-MMIQC, which was trained from it",
       .model_type = "llama",
       .fields = {{"hidden_size", 8192},
                  {"intermediate_size", 22016},
                  {"num_hidden_layers", 95},
                  {"num_attention_heads", 64},
                  {"num_key_value_heads", 8},
                  {"vocab_size", 102400},
                  {"rms_norm_eps", 1e-6}}},
      {.id = "deepseek-ai/DeepSeek-V2",
       .copy = "huggingface.co/deepseek-ai/DeepSeek-V2-Chat",
       .model_type = "deepseek_v2",
       .fields = {{"hidden_size", 5120},
                  {"intermediate_size", 12288},
                  {"moe_intermediate_size", 1536},
                  {"num_hidden_layers", 60},
                  {"first_k_dense_replace", 1},
                  {"num_attention_heads", 128},
                  {"q_lora_rank", 1536},
                  {"kv_lora_rank", 512},
                  {"qk_nope_head_dim", 128},
                  {"qk_rope_head_dim", 64},
                  {"n_routed_experts", 160},
                  {"n_shared_experts", 2},
                  {"num_experts_per_tok", 6},
                  {"rms_norm_eps", 1e-6}}},
      {.id = "deepseek-ai/DeepSeek-V3",
       .copy = kDynamo,
       .model_type = "deepseek_v3",
       .fields = {{"hidden_size", 7168},
                  {"intermediate_size", 18432},
                  {"moe_intermediate_size", 2048},
                  {"num_hidden_layers", 61},
                  {"first_k_dense_replace", 3},
                  {"num_attention_heads", 128},
                  {"q_lora_rank", 1536},
                  {"kv_lora_rank", 512},
                  {"qk_nope_head_dim", 128},
                  {"qk_rope_head_dim", 64},
                  {"v_head_dim", 128},
                  {"n_routed_experts", 256},
                  {"n_shared_experts", 1},
                  {"num_experts_per_tok", 8},
                  {"n_group", 8},
                  {"topk_group", 4},
                  {"routed_scaling_factor", 2.5},
                  {"vocab_size", 129280},
                  {"rms_norm_eps", 1e-6}},
       .quantisation = "fp8"},
      {.id = "deepseek-ai/DeepSeek-V3.2",
       .copy = kDynamo,
       .model_type = "deepseek_v32",
       .fields = {{"num_hidden_layers", 61},
                  {"num_attention_heads", 128},
                  {"kv_lora_rank", 512},
                  {"qk_rope_head_dim", 64},
                  {"index_head_dim", 128},
                  {"index_n_heads", 64},
                  {"index_topk", 2048}}},
      {.id = "moonshotai/Kimi-K2-Instruct",
       .copy = kDynamo,
       .model_type = "kimi_k2",
       .fields = {{"hidden_size", 7168},
                  {"intermediate_size", 18432},
                  {"moe_intermediate_size", 2048},
                  {"num_hidden_layers", 61},
                  {"first_k_dense_replace", 1},
                  {"num_attention_heads", 64},
                  {"q_lora_rank", 1536},
                  {"kv_lora_rank", 512},
                  {"qk_nope_head_dim", 128},
                  {"qk_rope_head_dim", 64},
                  {"v_head_dim", 128},
                  {"n_routed_experts", 384},
                  {"n_shared_experts", 1},
                  {"num_experts_per_tok", 8},
                  {"n_group", 1},
                  {"topk_group", 1},
                  {"routed_scaling_factor", 2.827},
                  {"vocab_size", 163840},
                  {"rms_norm_eps", 1e-6}},
       .quantisation = "fp8"},
  };
  return all;
}

const Configuration& find_configuration(std::string_view id) {
  std::string known;
  for (const Configuration& c : configurations()) {
    if (c.id == id) return c;
    known += fmt::format("{}{}", known.empty() ? "" : ", ", c.id);
  }
  throw CaseError(fmt::format("there is no configuration of '{}'; there are {}", id, known));
}

}  // namespace moat
