// SPDX-License-Identifier: Apache-2.0
// An option whose value is one of a few words.
#pragma once

#include <CLI/CLI.hpp>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "bench/text/suggest.hpp"

namespace moat {

// Turns a word of `known` into its value, T an enumeration; for CLI::Option::transform.
template <class T>
CLI::Validator choice(std::map<std::string, T> known) {
  return {[known = std::move(known)](std::string& text) {
            const auto found = known.find(text);
            if (found == known.end()) {
              std::vector<std::string> names;
              for (const auto& [name, value] : known) names.push_back(name);
              return text + " is not known" + suggestion(text, names);
            }
            text = std::to_string(static_cast<int>(found->second));
            return std::string();
          },
          ""};
}

}  // namespace moat
