// SPDX-License-Identifier: Apache-2.0
// What the environment says of an interpreted device. A value that means nothing is an error: with
// a default in its place the run would be another than the one that was asked for.
#pragma once

#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>

namespace moat {

// The variable's value; empty if it is not set.
inline std::string_view setting(const char* name) {
  const char* const value = std::getenv(name);
  return value != nullptr ? value : "";
}

// A whole number from 1 to `most`; `otherwise` if the variable is not set or empty. Throws
// std::invalid_argument, which names variable and value, for everything else.
inline int number_setting(const char* name, int otherwise, int most = 1 << 20) {
  const std::string_view text = setting(name);
  if (text.empty()) return otherwise;
  int value = 0;
  const auto end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || stop != end || value < 1 || value > most) {
    throw std::invalid_argument(std::string(name) + " is '" + std::string(text) +
                                "', not a whole number from 1 to " + std::to_string(most));
  }
  return value;
}

// Ends the process with the message: settings are read before main, where nobody catches.
[[noreturn]] inline void refuse(const std::exception& e) {
  std::fprintf(stderr, "%s\n", e.what());
  std::fflush(stderr);
  std::_Exit(2);
}

}  // namespace moat
