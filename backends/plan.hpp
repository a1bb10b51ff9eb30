// SPDX-License-Identifier: Apache-2.0
// What a backend would launch on a device that need not be there.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "backends/known_device.hpp"
#include "problems/problem.hpp"

namespace moat {

// A launch as the device's queue would be asked for it. Sizes that its schedule lacks are 0.
struct PlannedLaunch {
  std::string kernel;  // the block program and its schedule: names of types
  std::string schedule;
  std::string schedule_name;    // as menus have it (backends/vocabulary/menu.hpp)
  const void* entry = nullptr;  // the kernel's address
  unsigned blocks = 0;
  unsigned threads = 0;          // per block
  std::size_t shared_bytes = 0;  // per block
  std::int64_t items = 0;        // of work, which the blocks share
  int m = 0;                     // of a tile, and of a step
  int n = 0;
  int k = 0;
  int waves = 0;            // per block
  int residency = 0;        // blocks that a unit should hold at once, as the schedule says
  int beside = 0;           // blocks that a unit runs at once: of few waves, two at least
  int stages = 0;           // steps that are in shared memory at once
  bool persistent = false;  // no more blocks than the device holds at once
  std::string products;     // what multiplies: empty for a kernel without products
  std::optional<double> product_rate{};  // the device's peak for that, FLOP/s
  std::size_t workspace_bytes = 0;  // of device memory that this and other launches share; 0: none
};

struct LaunchPlan {
  std::string architecture;  // the one of this build whose code the device runs
  std::string family;
  std::vector<PlannedLaunch> launches;
  // What the kernel of the problem can run with, as Device::schedules.
  std::vector<std::string> schedules;
};

// With the schedule of that name, or, if it is empty or not of the problem's menu, with the table's
// choice. Throws DeviceError if this build has no code for the device or a block needs more than it
// may have, std::invalid_argument if no kernel takes the problem.
using Planner = LaunchPlan (*)(const KnownDevice& device, const Problem& problem,
                               const std::string& schedule);

// Of the backends of this build that know devices.
struct BackendPlanner {
  std::string backend;  // as the registry names it
  Planner plan;
};
const std::vector<BackendPlanner>& backend_planners();

}  // namespace moat
