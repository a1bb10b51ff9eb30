// SPDX-License-Identifier: Apache-2.0
#include "bench/text/suggest.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <numeric>
#include <vector>

namespace moat {
namespace {

// Insertions, deletions and substitutions that turn one into the other (Levenshtein 1966).
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (const char c : a) {
    std::size_t diagonal = row[0]++;
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t replaced = diagonal + (c == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, row[j] + 1, row[j + 1] + 1});
    }
  }
  return row.back();
}

}  // namespace

std::optional<std::string> nearest(std::string_view given, std::span<const std::string> known) {
  const auto best =
      std::ranges::min_element(known, [&](const std::string& a, const std::string& b) {
        return edit_distance(given, a) < edit_distance(given, b);
      });
  if (best == known.end() ||
      edit_distance(given, *best) > std::max<std::size_t>(2, given.size() / 3)) {
    return std::nullopt;
  }
  return *best;
}

std::string suggestion(std::string_view given, std::span<const std::string> known) {
  std::string text = ".";
  if (const auto name = nearest(given, known)) text += fmt::format(" Did you mean {}?", *name);
  if (!known.empty()) text += fmt::format(" Known: {}", fmt::join(known, ", "));
  return text;
}

}  // namespace moat
