// SPDX-License-Identifier: Apache-2.0
// The kernels of every architecture family, run by the emulator.
#pragma once

#include "backends/device.hpp"

namespace moat::testing {

struct Launch {
  int max_blocks = 3;  // of a grid
  int splits = 1;      // ranges of keys in attention
};

// Solve a problem whose operands are in host memory; return what is left of the arrivals counter,
// which must be 0. Throw emulator::Fault.
unsigned sm_80(const Problem& problem, const Launch& how);
unsigned sm_90a(const Problem& problem, const Launch& how);
unsigned cdna(const Problem& problem, const Launch& how);
unsigned rdna3(const Problem& problem, const Launch& how);
unsigned plain32(const Problem& problem, const Launch& how);
unsigned plain64(const Problem& problem, const Launch& how);

}  // namespace moat::testing
