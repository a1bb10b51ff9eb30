// SPDX-License-Identifier: Apache-2.0
// Cases of transformer models, derived from their public configurations.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "bench/cases/suites.hpp"

namespace moat {

// The fields of a model's config.json that decide shapes, by their names there.
struct ModelConfig {
  std::string_view id;  // on Hugging Face
  int hidden_size;
  int intermediate_size;
  int num_attention_heads;
  int num_key_value_heads;
  int vocab_size;
  float rms_norm_eps;

  int head_dim() const { return hidden_size / num_attention_heads; }
};

// A layer of such a model for 1 and 16 tokens (decode) and 512 and 4096 (prefill): projections,
// attention, normalisation; the output head and the softmax over the vocabulary when decoding.
Suite dense_suite(std::string name, const ModelConfig& config);

// The dense parts of DeepSeek-V3.
Suite deepseek_v3_suite(std::string name);

}  // namespace moat
