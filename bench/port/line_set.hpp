// SPDX-License-Identifier: Apache-2.0
// Sets of source lines.
#pragma once

#include <compare>
#include <map>
#include <set>
#include <string>
#include <string_view>

namespace moat {

struct Line {
  std::string file;  // relative to the root of the project, with '/'
  int number = 0;    // from 1

  auto operator<=>(const Line&) const = default;
};

using LineSet = std::set<Line>;

LineSet set_union(const LineSet& a, const LineSet& b);
LineSet set_intersection(const LineSet& a, const LineSet& b);
LineSet set_difference(const LineSet& a, const LineSet& b);

// Numbers as ranges, "1-3,7".
std::string to_ranges(const std::set<int>& numbers);

// Throws std::invalid_argument, naming the text, unless it is what `to_ranges` writes.
std::set<int> parse_ranges(std::string_view text);

std::map<std::string, std::set<int>> by_file(const LineSet& lines);

}  // namespace moat
