// SPDX-License-Identifier: Apache-2.0
// The kernels as they are compiled for one instruction set.
#pragma once

#include "backends/cpu/runtime.hpp"
#include "backends/cpu/sets.hpp"
#include "problems/problem.hpp"

namespace moat::cpu {

struct KernelTable {
  // Solves the problem and returns with the result. Throws what a worker threw.
  void (*run)(Backend& backend, const Problem& problem);
};

}  // namespace moat::cpu
