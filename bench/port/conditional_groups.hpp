// SPDX-License-Identifier: Apache-2.0
// The groups of lines that a preprocessor keeps or skips as a whole.
#pragma once

#include <vector>

#include "bench/migration/source/sloc.hpp"

namespace moat {

// Group 0 is the file itself; every other one lies between two of #if, #elif, #else and #endif.
struct ConditionalGroups {
  std::vector<int> of_line;  // group of each line; a conditional directive is in the outer group,
                             // which is where it is read
  std::vector<int> parent;   // group that encloses each group; −1 for group 0

  // Marks the group and all that enclose it.
  void mark(int group, std::vector<bool>& marked) const;
};

ConditionalGroups conditional_groups(const std::vector<SourceLine>& lines);

}  // namespace moat
