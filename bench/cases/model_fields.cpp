// SPDX-License-Identifier: Apache-2.0
#include "bench/cases/model_fields.hpp"

#include <algorithm>

namespace moat {
namespace {

// Beyond any model there is, and small enough that no product of two or three leaves 32 bits.
constexpr double kWidth = 1 << 20;
constexpr double kHeads = 1 << 12;
constexpr double kExperts = 1 << 16;

}  // namespace

const std::vector<ModelField>& model_fields() {
  static const std::vector<ModelField> all{
      {"hidden_size", "elements of a token between layers", 1, kWidth},
      {"intermediate_size", "columns of the feed-forward layer", 1, kWidth},
      {"intermediate_size_mlp", "columns of Llama 4's layers without experts", 1, kWidth},
      {"num_hidden_layers", "layers", 1, kExperts},
      {"num_attention_heads", "heads of queries", 1, kHeads},
      {"num_key_value_heads", "heads of keys and values", 1, kHeads},
      {"head_dim", "elements of a head", 1, kHeads},
      {"partial_rotary_factor", "share of a head that RoPE turns", 0, 1, false},
      {"vocab_size", "rows of the embedding and of the output head", 1, 1 << 24},
      {"tie_word_embeddings", "whether the output head is the embedding", 0, 1},
      {"rms_norm_eps", "epsilon of RMSNorm", 1e-30, 1, false},
      {"layer_norm_eps", "epsilon of LayerNorm", 1e-30, 1, false},
      {"layer_norm_epsilon", "epsilon of LayerNorm", 1e-30, 1, false},
      {"norm_epsilon", "epsilon of LayerNorm", 1e-30, 1, false},
      {"sliding_window", "keys that a query of some layers sees", 0, 1 << 30},
      {"use_sliding_window", "whether layers have a window", 0, 1},
      {"use_qk_norm", "whether heads of queries and keys are normalised", 0, 1},
      {"attention_bias", "whether projections add a bias", 0, 1},
      {"mlp_bias", "whether the feed-forward layer adds a bias", 0, 1},
      {"is_encoder_decoder", "whether there is an encoder", 0, 1},
      {"num_experts", "experts of a layer", 0, kExperts},
      {"n_routed_experts", "experts of a layer", 0, kExperts},
      {"num_local_experts", "experts of a layer", 0, kExperts},
      {"num_experts_per_tok", "experts that a token goes to", 0, 1 << 10},
      {"moe_intermediate_size", "columns of an expert", 0, kWidth},
      {"shared_expert_intermediate_size", "columns of the shared expert", 0, kWidth},
      {"n_shared_experts", "experts that all tokens go to", 0, 1 << 10},
      {"num_shared_experts", "experts that all tokens go to", 0, 1 << 10},
      {"first_k_dense_replace", "layers at the bottom without experts", 0, kExperts},
      {"decoder_sparse_step", "every so many layers have experts", 0, kExperts},
      {"interleave_moe_layer_step", "every so many layers have experts", 1, kExperts},
      {"norm_topk_prob", "whether the weights of the chosen experts sum to 1", 0, 1},
      {"n_group", "groups of experts", 0, kExperts},
      {"topk_group", "groups that experts are chosen from", 0, kExperts},
      {"routed_scaling_factor", "what the weights of experts are scaled by", 1e-30, 1e30, false},
      {"swiglu_limit", "limit of SwiGLU's arguments", 1e-30, 1e30, false},
      {"q_lora_rank", "elements of the latent space of queries", 0, kWidth},
      {"kv_lora_rank", "elements of the latent space of keys and values", 1, kWidth},
      {"qk_nope_head_dim", "elements of a key's head that RoPE leaves", 1, kHeads},
      {"qk_rope_head_dim", "elements of a key's head that RoPE turns", 1, kHeads},
      {"v_head_dim", "elements of a value's head", 1, kHeads},
      {"index_topk", "keys that sparse attention chooses", 1, 1 << 30},
      {"num_nextn_predict_layers", "layers that predict further tokens", 0, kExperts},
  };
  return all;
}

const ModelField* find_model_field(std::string_view name) {
  const auto& all = model_fields();
  const auto found = std::ranges::find(all, name, &ModelField::name);
  return found == all.end() ? nullptr : &*found;
}

}  // namespace moat
