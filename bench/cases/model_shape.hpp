// SPDX-License-Identifier: Apache-2.0
// What the layers of a transformer model and its output head are made of, on one of the devices
// that share them.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bench/cases/configurations.hpp"
#include "problems/moe_routing.hpp"

namespace moat {

// What weights of products are stored in, beside bf16.
enum class WeightFormat : std::uint8_t { bf16, fp8, int8, int4, mxfp4 };

// By name.
const std::map<std::string, WeightFormat>& weight_formats();
std::string_view name_of(WeightFormat format);

// Down to the latent spaces and up again; the key's rotary part is shared by all heads.
struct LatentShape {
  int q_rank = 0;  // 0: queries are projected at once
  int kv_rank = 0;
  int nope = 0;    // elements of a key's head that are not turned
  int rotary = 0;  // and those that are
  int value = 0;
};

// A mixture of experts: how many there are, how many of them a token meets, and their width.
struct ExpertsShape {
  int count = 0;
  int per_token = 0;
  int intermediate = 0;
  float limit = 0;                           // of their SwiGLU; 0: none
  std::optional<MoeRoutingProblem> routing;  // none: no kernel chooses as this model does
};

// How many layers of each kind there are.
struct LayerCounts {
  int all = 0;        // 0: the configuration does not tell
  int experts = 0;    // with a mixture of experts and the shared ones; the others have one layer
  int windowed = -1;  // whose queries see a window of keys; -1: the configuration does not tell
};

struct ModelShape {
  int hidden = 0;
  int vocab = 0;                 // all of it
  int vocab_part = 0;            // rows of the embedding and the head on this device
  std::optional<float> epsilon;  // none: no norm of the model is an RMSNorm
  int heads = 0;                 // on this device, as all that follows
  int kv_heads = 0;
  int head_dim = 0;
  int rotary_dim = 0;  // 0: no RoPE
  bool interleaved = false;
  bool normalised_heads = false;  // RMSNorm of the heads of queries and keys
  bool sinks = false;
  std::vector<int> windows{0};  // of the kinds of layers; 0: all keys
  std::optional<LatentShape> latent{};
  std::vector<int> mlps{};      // widths of layers without experts, and of shared experts
  bool shared_experts = false;  // the last of these is theirs
  bool gated = true;            // these have a gate
  bool swiglu = true;           // which is SwiGLU's
  std::vector<ExpertsShape> experts{};
  WeightFormat weights = WeightFormat::bf16;
  WeightFormat expert_weights = WeightFormat::bf16;  // what memory holds of experts
  LayerCounts layers{};
  bool tied = false;                    // the output head is the embedding
  std::vector<std::string> left_out{};  // what no case stands for, for a person
};

// The share of one of `tp` devices, over which tensor parallelism divides heads, columns of
// feed-forward layers and experts, and rows of the vocabulary. `weights`: instead of what the
// configuration says. Throws CaseError, which names the configuration and the field, for one that
// is missing, does not divide or contradicts another.
ModelShape shape_of(const Configuration& c, int tp = 1, std::optional<WeightFormat> weights = {});

}  // namespace moat
