// SPDX-License-Identifier: Apache-2.0
// The arithmetic units of this processor that libraries may use.
#pragma once

#include <vector>

#include "backends/cpu/unit_loops/unit_loop.hpp"
#include "backends/unit.hpp"

namespace moat::cpu {

// Whether a unit can be used here.
enum class Presence : unsigned char {
  absent,  // the processor lacks it
  barred,  // the system does not let programs use it
  usable,
};

// A loop of this build, and its unit here.
struct LoopHere {
  const UnitLoop* loop;
  Presence presence;
};

// Every loop for processors of this build's kind, also those whose units are not here. For AMX the
// system is asked to let this process use it.
std::vector<LoopHere> unit_loops();

// The loop as the harness calls it, on `threads` ≥ 1 threads. Its unit has to be usable.
Unit unit_of(const UnitLoop& loop, int threads);

// Those of unit_loops() that the processor has. One that the system bars, or that this compiler
// cannot emit, says so in `missing`.
std::vector<Unit> units(int threads);

}  // namespace moat::cpu
