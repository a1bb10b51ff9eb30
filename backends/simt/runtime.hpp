// SPDX-License-Identifier: Apache-2.0
// Calls of a vendor's runtime, each checked. R is the table of its names, such as cuda::Runtime.
#pragma once

#include <optional>
#include <string>

#include "backends/device.hpp"

namespace moat::simt {

// A function of the vendor's runtime, with its name for messages.
template <class Error, class... Params>
struct Call {
  using Function = Error(Params...);
  constexpr Call(const char* its_name, Function* its_function)
      : name(its_name), function(its_function) {}
  const char* name;
  Function* function;
};
template <class Error, class... Params>
Call(const char*, Error (*)(Params...)) -> Call<Error, Params...>;

// A call's failure as an exception: names the call, the device, what was asked and the runtime's
// text.
template <class R>
[[noreturn]] void fail(const char* call, typename R::Error error, const std::string& where) {
  // A failed call leaves its error behind for the next query.
  static_cast<void>(R::kGetLastError.function());
  const std::string message =
      std::string(call) + where + ": " + R::error_string(error) + " (" + R::error_name(error) + ")";
  if (error == R::kOutOfMemory) throw OutOfMemory(message);
  throw DeviceError(message);
}

// Calls a function of the runtime; throws if it fails.
template <class R, class... Params, class... Args>
void check(const Call<typename R::Error, Params...>& call, const std::string& where, Args... args) {
  const auto error = call.function(args...);
  if (error != R::kSuccess) fail<R>(call.name, error, where);
}

// An attribute of a device, or nothing where the runtime does not know it.
template <class R>
std::optional<int> attribute(typename R::Attribute which, int device) {
  int value = 0;
  if (R::kDeviceGetAttribute.function(&value, which, device) == R::kSuccess) return value;
  static_cast<void>(R::kGetLastError.function());
  return std::nullopt;
}

}  // namespace moat::simt
