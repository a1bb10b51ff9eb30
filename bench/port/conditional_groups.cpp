// SPDX-License-Identifier: Apache-2.0
#include "bench/port/conditional_groups.hpp"

#include <cstddef>
#include <string>

namespace moat {

void ConditionalGroups::mark(int group, std::vector<bool>& marked) const {
  for (; group >= 0; group = parent[static_cast<std::size_t>(group)]) {
    marked[static_cast<std::size_t>(group)] = true;
  }
}

ConditionalGroups conditional_groups(const std::vector<SourceLine>& lines) {
  ConditionalGroups groups{.of_line = std::vector<int>(lines.size()), .parent = {-1}};
  int current = 0;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const std::string& name = lines[i].directive;
    const bool opens = name == "if" || name == "ifdef" || name == "ifndef";
    const bool divides =
        name == "elif" || name == "else" || name == "elifdef" || name == "elifndef";
    const bool closes = name == "endif";
    if (!opens && !divides && !closes) {
      groups.of_line[i] = current;
      continue;
    }
    const int outer = opens ? current : groups.parent[static_cast<std::size_t>(current)];
    // An #else or #endif without an #if is the compiler's to complain about.
    const int reads = outer < 0 ? 0 : outer;
    groups.of_line[i] = reads;
    while (i + 1 < lines.size() && lines[i + 1].continuation) groups.of_line[++i] = reads;
    if (closes) {
      current = reads;
    } else if (outer >= 0) {
      groups.parent.push_back(reads);
      current = static_cast<int>(groups.parent.size()) - 1;
    }
  }
  return groups;
}

}  // namespace moat
