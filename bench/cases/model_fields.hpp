// SPDX-License-Identifier: Apache-2.0
// The fields of a config.json from which the shapes of a model's layers follow.
#pragma once

#include <string_view>
#include <vector>

namespace moat {

struct ModelField {
  std::string_view name;     // as the library transformers has it
  std::string_view meaning;  // what it counts, for who lacks it
  double least = 1;
  double most = 1;
  bool whole = true;
};

const std::vector<ModelField>& model_fields();

// That of a name; null if no shape depends on it.
const ModelField* find_model_field(std::string_view name);

}  // namespace moat
