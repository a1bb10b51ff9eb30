// SPDX-License-Identifier: Apache-2.0
// The host's clock, as an interface so that tests can script it.
#pragma once

#include <chrono>

namespace moat {

class Clock {
 public:
  virtual ~Clock() = default;
  // Seconds since any fixed moment; never goes back.
  virtual double now() = 0;
};

class SteadyClock final : public Clock {
 public:
  double now() override {
    const auto t = std::chrono::steady_clock::now().time_since_epoch();
    return std::chrono::duration<double>(t).count();
  }
};

}  // namespace moat
