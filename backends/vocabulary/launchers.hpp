// SPDX-License-Identifier: Apache-2.0
// The launchers of kernels/, which kernels/*.cpp instantiate with a backend's own compiler or
// options.
#pragma once

#include "backends/vocabulary/target.hpp"
#include "problems/problem.hpp"

namespace moat {
// Solve the problem on the backend: defined in kernels/*.hpp, which units that only call them need
// not read. A backend states Target itself, and what they call is constrained; these are not,
// because compilers of host and device disagree on whether a constraint is part of a symbol's name
// (clang 17 and GCC 14 have it there, those before do not).
#define MOAT_ROW(P)        \
  template <class Backend> \
  void launch(Backend& backend, const P& problem);
MOAT_PROBLEMS(MOAT_ROW)
#undef MOAT_ROW
}  // namespace moat

// Declares that kernels/*.cpp instantiate the launchers of BACKEND; used at namespace moat.
#define MOAT_LAUNCHERS_COMPILED_ELSEWHERE(BACKEND) \
  MOAT_PROBLEMS(MOAT_LAUNCHER_COMPILED_ELSEWHERE, BACKEND)
#define MOAT_LAUNCHER_COMPILED_ELSEWHERE(P, BACKEND) \
  extern template void launch(BACKEND&, const P&);
