// SPDX-License-Identifier: Apache-2.0
// Why an instruction cannot be executed.
#pragma once

#include <cstdarg>
#include <cstdio>

namespace moat::amx {

// `exception` is what hardware raises, "#UD" or "#GP", or "refused" for what it would do and no
// kernel can mean. Nothing is allocated: it is made in a signal handler.
struct Fault {
  const char* exception = nullptr;  // none
  char reason[160] = {};

  explicit operator bool() const { return exception != nullptr; }
};

[[gnu::format(printf, 2, 3)]] inline Fault fault(const char* exception, const char* format, ...) {
  Fault result{.exception = exception};
  va_list arguments;
  va_start(arguments, format);
  std::vsnprintf(result.reason, sizeof result.reason, format, arguments);
  va_end(arguments);
  return result;
}

}  // namespace moat::amx
