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
  std::string bound = {};   // compute, memory, or both if steps differ
  std::string reason = {};  // why there is none
  // Of a product with a single vector whose arithmetic has no ceiling: the time of its bytes, which
  // bind on every device known.
  bool from_memory_alone = false;
};

// What a way does: the steps of a chain, or that of the kernel. Of a way that has a problem.
std::vector<Step> steps_of(const ReadWay& way);

// Whether what lies between the steps of a chain fits into the device's last-level cache, so that
// it need not go through memory. False for a kernel.
bool stays_in_cache(const ReadWay& way, const DeviceInfo& device);

// Whether the bytes that it moves decide its time: those of its floor, or, where a ceiling is
// missing, because it does but a few operations with each element that it finds in memory.
bool memory_binds(const ReadWay& way, const Floor& floor, bool cold);

// The sum of the steps' floors, each max(FLOPs ÷ rate, bytes ÷ rate). What stays in the cache
// between steps costs no traffic. `cold`: operands come from memory.
Floor floor_of(const ReadWay& way, const DeviceInfo& device, const Ceilings& ceilings, bool cold);

}  // namespace moat
