// SPDX-License-Identifier: Apache-2.0
#include "bench/tune/shape_class.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cctype>
#include <cstdint>
#include <string_view>

#include "bench/cases/case.hpp"

namespace moat {
namespace {

bool is_letter(char c) { return std::isalpha(static_cast<unsigned char>(c)) != 0; }
bool is_digit(char c) { return std::isdigit(static_cast<unsigned char>(c)) != 0; }

// Keys whose numbers are no extents: strides and constants. One may stand behind an option, as in
// "btlda70".
bool is_exact(std::string_view key) {
  constexpr std::array<std::string_view, 6> kExact = {"lda", "ldb", "ldc", "eps", "scale", "limit"};
  return std::ranges::any_of(kExact, [&](std::string_view k) { return key.ends_with(k); });
}

// Whether the character at `i` goes on with the number before it. Those that are no extents may
// have a point and an exponent.
bool goes_on(std::string_view name, std::size_t i, bool exact) {
  if (i >= name.size()) return false;
  if (is_digit(name[i])) return true;
  if (!exact) return false;
  const bool exponent = name[i] == 'e' && i + 1 < name.size() && !is_letter(name[i + 1]);
  return exponent || !is_letter(name[i]);
}

}  // namespace

std::string shape_class(const Problem& problem) {
  const std::string name = case_name(problem);
  const std::size_t shape = name.rfind('/') + 1;
  std::string text = name.substr(0, shape);
  std::string key;
  for (std::size_t i = shape; i < name.size();) {
    if (!is_digit(name[i])) {
      key += name[i];
      text += name[i++];
      continue;
    }
    const bool exact = is_exact(key);
    std::string number;
    while (goes_on(name, i, exact)) number += name[i++];
    const bool extent = !exact && number != "0";
    text += extent ? std::to_string(std::bit_ceil(std::stoull(number))) : number;
    key.clear();
  }
  return text;
}

}  // namespace moat
