// SPDX-License-Identifier: Apache-2.0
// What numbers on the command line may look like.
#pragma once

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace moat {

// A number in plain decimal notation and nothing else: no sign but '-', no blanks, no other base,
// neither nan nor infinity.
template <class T>
std::optional<T> plain_number(std::string_view text) {
  T value{};
  const char* end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || rest != end) return std::nullopt;
  if constexpr (std::is_floating_point_v<T>) {
    if (!std::isfinite(value)) return std::nullopt;
  } else {
    // A leading zero means octal to some, "-0" is nothing to count.
    const std::size_t sign = text.starts_with('-') ? 1 : 0;
    if (text[sign] == '0' && text.size() > 1) return std::nullopt;
  }
  return value;
}

// A whole number, or, with a k behind it, 1024 times as much.
inline std::optional<std::int64_t> number_with_k(std::string_view text) {
  const bool thousands = text.ends_with('k');
  if (thousands) text.remove_suffix(1);
  const auto number = plain_number<int>(text);
  if (!number) return std::nullopt;
  return std::int64_t{*number} * (thousands ? 1024 : 1);
}

// "is not a whole number from 1 to 4096", for T the type of the option.
template <class T>
std::string number_wanted(T least, T most) {
  return fmt::format("is not a {} from {} to {}",
                     std::is_floating_point_v<T> ? "number" : "whole number", least, most);
}

// Lets through plain numbers within the range, and tells it in --help.
template <class T>
CLI::Validator number_check(T least, T most) {
  return {[=](std::string& text) {
            const auto value = plain_number<T>(text);
            if (value && *value >= least && *value <= most) return std::string();
            return fmt::format("\"{}\" {}", text, number_wanted(least, most));
          },
          fmt::format("from {} to {}", least, most)};
}

}  // namespace moat
