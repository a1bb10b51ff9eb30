// SPDX-License-Identifier: Apache-2.0
// What the operating system tells of the threads, scripted by a test.
#pragma once

#include <optional>
#include <string>

#include "bench/measure/scheduling.hpp"

namespace moat {

class ScriptedScheduling final : public Scheduling {
 public:
  std::optional<SchedulingTotals> totals() override {
    now.waited_seconds += step;
    return untold.empty() ? std::optional(now) : std::nullopt;
  }
  std::string reason() const override { return untold; }
  std::optional<double> steal_seconds() override { return steal; }

  SchedulingTotals now;
  std::string untold;  // why nothing is told
  std::optional<double> steal;
  double step = 0;  // what threads wait between any two readings
};

}  // namespace moat
