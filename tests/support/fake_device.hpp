// SPDX-License-Identifier: Apache-2.0
// A device whose every duration, clock and cache size is scripted by a test.
#pragma once

#include <functional>
#include <optional>
#include <utility>

#include "bench/measure/clock.hpp"
#include "tests/support/host_memory.hpp"

namespace moat {

// Moves only when told to.
class FakeClock final : public Clock {
 public:
  double now() override { return seconds_; }
  void advance(double seconds) { seconds_ += seconds; }

 private:
  double seconds_ = 0;
};

// Memory is the host's. A call takes the time that `duration` tells, on both clocks.
class FakeDevice : public HostMemory {
 public:
  explicit FakeDevice(FakeClock& clock) : clock_(clock) { info_.backend = "fake"; }

  std::function<double(const Problem&)> duration = [](const Problem&) { return 1e-3; };
  // What `elapsed` tells for a batch that took `seconds`.
  std::function<double(double seconds)> event_time = [](double seconds) { return seconds; };
  std::function<std::optional<int>()> current_mhz = [] { return std::optional<int>{}; };
  using HostMemory::info_;
  int synchronized = 0;

  void run(const Problem& problem) override {
    const double seconds = duration(problem);
    clock_.advance(seconds);
    busy_ += seconds;
  }
  void synchronize() override { ++synchronized; }
  void start_timer() override { busy_ = 0; }
  double elapsed() override { return event_time(busy_); }
  std::optional<int> clock_mhz() override { return current_mhz(); }

 private:
  FakeClock& clock_;
  double busy_ = 0;
};

}  // namespace moat
