// SPDX-License-Identifier: Apache-2.0
#include "bench/port/line_set.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <iterator>
#include <stdexcept>

namespace moat {

LineSet set_union(const LineSet& a, const LineSet& b) {
  LineSet result = a;
  result.insert(b.begin(), b.end());
  return result;
}

LineSet set_intersection(const LineSet& a, const LineSet& b) {
  LineSet result;
  std::ranges::set_intersection(a, b, std::inserter(result, result.end()));
  return result;
}

LineSet set_difference(const LineSet& a, const LineSet& b) {
  LineSet result;
  std::ranges::set_difference(a, b, std::inserter(result, result.end()));
  return result;
}

std::string to_ranges(const std::set<int>& numbers) {
  std::string text;
  for (auto it = numbers.begin(); it != numbers.end();) {
    const int first = *it;
    int last = first;
    for (++it; it != numbers.end() && *it == last + 1; ++it) ++last;
    text += fmt::format("{}{}", text.empty() ? "" : ",", first);
    if (last > first) text += fmt::format("-{}", last);
  }
  return text;
}

std::set<int> parse_ranges(std::string_view text) {
  std::set<int> numbers;
  const auto fail = [&] {
    throw std::invalid_argument(fmt::format("'{}' is no list of line ranges such as 1-3,7", text));
  };
  const char* at = text.data();
  const char* const end = at + text.size();
  const auto number = [&] {
    int value = 0;
    const auto [next, error] = std::from_chars(at, end, value);
    // A source has far fewer lines; the bound keeps a damaged record from filling the memory.
    if (error != std::errc{} || value < 1 || value > 10'000'000) fail();
    at = next;
    return value;
  };
  while (at != end) {
    const int first = number();
    int last = first;
    if (at != end && *at == '-') {
      ++at;
      last = number();
    }
    if (last < first || (!numbers.empty() && first <= *numbers.rbegin())) fail();
    for (int i = first; i <= last; ++i) numbers.insert(numbers.end(), i);
    if (at == end) break;
    if (*at != ',' || at + 1 == end) fail();
    ++at;
  }
  return numbers;
}

std::map<std::string, std::set<int>> by_file(const LineSet& lines) {
  std::map<std::string, std::set<int>> files;
  for (const Line& line : lines) files[line.file].insert(line.number);
  return files;
}

}  // namespace moat
