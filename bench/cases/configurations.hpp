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
  std::string_view id;    // on Hugging Face
  std::string_view copy;  // the public copy of its config.json that these numbers were read from
  std::vector<std::pair<std::string_view, double>> fields;  // by their names there

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
