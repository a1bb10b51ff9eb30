// SPDX-License-Identifier: Apache-2.0
#include "bench/tune/shape_class.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cctype>
#include <string_view>

#include "bench/cases/case.hpp"

namespace moat {
namespace {

bool is_digit(char c) { return std::isdigit(static_cast<unsigned char>(c)) != 0; }

// Keys whose numbers are no extents: strides and constants. One may stand behind an option, as in
// "btlda70".
bool is_exact(std::string_view key) {
  constexpr std::array<std::string_view, 7> kExact = {"lda",   "ldb",   "ldc", "eps",
                                                      "scale", "limit", "temp"};
  return std::ranges::any_of(kExact, [&](std::string_view k) { return key.ends_with(k); });
}

// The number that begins at `i`, with its fraction and its exponent: 16 of "16e64", 1e-06.
std::string_view number_at(std::string_view name, std::size_t i) {
  std::size_t end = i;
  const auto digits = [&] {
    while (end < name.size() && is_digit(name[end])) ++end;
  };
  const auto digit_behind = [&](std::size_t n) {
    return end + n < name.size() && is_digit(name[end + n]);
  };
  digits();
  if (name.substr(end, 1) == "." && digit_behind(1)) {
    ++end;
    digits();
  }
  const std::string_view exponent = name.substr(end, 2);
  if ((exponent == "e-" || exponent == "e+") && digit_behind(2)) {
    end += 2;
    digits();
  }
  return name.substr(i, end - i);
}

bool is_whole(std::string_view number) { return std::ranges::all_of(number, is_digit); }

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
    const std::string number(number_at(name, i));
    i += number.size();
    const bool extent = is_whole(number) && !is_exact(key) && number != "0";
    text += extent ? std::to_string(std::bit_ceil(std::stoull(number))) : number;
    key.clear();
  }
  return text;
}

}  // namespace moat
