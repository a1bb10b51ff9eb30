// SPDX-License-Identifier: Apache-2.0
// Messages for the person at the terminal.
#pragma once

#include <fmt/format.h>

#include <cstdio>
#include <exception>
#include <string>
#include <utility>

namespace moat {

// Prints on standard error. Never throws on what happens there: a message that cannot be shown, as
// on a closed or full standard error, is no reason to lose a result.
template <class... T>
void say(fmt::format_string<T...> format, T&&... arguments) {
  const std::string text = fmt::format(format, std::forward<T>(arguments)...);
  std::fwrite(text.data(), 1, text.size(), stderr);
  std::fflush(stderr);
}

// Says that `who` could not go on: "who: what". Nothing if the error has no words.
inline void say_error(const std::string& who, const std::exception& e) {
  if (*e.what() != '\0') say("{}: {}\n", who, e.what());
}

}  // namespace moat
