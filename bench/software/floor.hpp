// SPDX-License-Identifier: Apache-2.0
// The shortest time that a device's ceilings allow a way.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "bench/measure/ceilings.hpp"
#include "bench/software/pairings.hpp"

namespace moat {

struct Floor {
  std::optional<double> seconds;
  std::string bound;   // compute, memory, or both if steps differ
  std::string reason;  // why there is none
};

// What a way does: the steps of a chain, or that of the kernel. Of a way that has a problem.
std::vector<Step> steps_of(const ReadWay& way);

// Whether what lies between the steps of a chain fits into the device's last-level cache, so that
// it need not go through memory. False for a kernel.
bool stays_in_cache(const ReadWay& way, const DeviceInfo& device);

// The sum of the steps' floors, each max(FLOPs ÷ rate, bytes ÷ rate). What stays in the cache
// between steps costs no traffic. `cold`: operands come from memory.
Floor floor_of(const ReadWay& way, const DeviceInfo& device, const Ceilings& ceilings, bool cold);

}  // namespace moat
