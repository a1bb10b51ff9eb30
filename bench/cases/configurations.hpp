// SPDX-License-Identifier: Apache-2.0
// Configurations of public models: the numbers of their config.json from which shapes, parameters
// and bytes of caches follow.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace moat {

struct Configuration {
  std::string id;          // on Hugging Face
  std::string copy;        // the public copy of its config.json that these numbers were read from
  std::string model_type;  // of the library transformers: how what the fields count is put together
  std::vector<std::pair<std::string, double>> fields;  // by their names there
  std::string quantisation = {};  // what weights are stored in: fp8, int4, mxfp4, …; "" for bf16
  std::string activation = {};    // hidden_act; "" is silu
  std::string scoring = {};       // scoring_func, by which experts are chosen
  int kinds_of_layers = 1;        // in layer_types
  int mlp_only_layers = 0;        // how many layers are named there
  // Layers whose queries see a window of keys, of layer_types; -1: that does not tell.
  int windowed_layers = -1;
  std::vector<std::string> other_layers = {};  // what is beside these layers, for a person

  bool has(std::string_view field) const;
  // A field's value. Throws CaseError, which lists the fields there are.
  double at(std::string_view field) const;
  // The same of a size.
  int size(std::string_view field) const { return static_cast<int>(at(field)); }
  // head_dim, or what it is in configurations without that field.
  int head_dim() const;
  // Where the numbers come from, and all of them.
  std::string source() const;
};

const std::vector<Configuration>& configurations();

// By its id. Throws CaseError, which lists the ids there are.
const Configuration& find_configuration(std::string_view id);

}  // namespace moat
