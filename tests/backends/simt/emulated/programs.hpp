// SPDX-License-Identifier: Apache-2.0
// The kernels of every architecture family, run by the emulator.
#pragma once

#include "backends/device.hpp"
#include "backends/vocabulary/menu.hpp"

namespace moat::testing {

struct Launch {
  int max_blocks = 3;  // of a grid
  int splits = 1;      // ranges of keys in attention, parts of sums over k
  int units = 0;       // that schedules choose for; 0: those of the family's reference device
  const ScheduleChoice* choice = nullptr;  // in place of the table's
};

// Solve a problem whose operands are in host memory; return how many counters of arrivals are
// not 0, which none may be. Throw emulator::Fault. One of each family's name.
#define MOAT_EMULATED_FAMILY(name) unsigned name(const Problem& problem, const Launch& how);
MOAT_EMULATED_FAMILIES
#undef MOAT_EMULATED_FAMILY

}  // namespace moat::testing
