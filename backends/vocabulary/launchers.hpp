// SPDX-License-Identifier: Apache-2.0
// The launchers of kernels/, which kernels/*.cpp instantiate with a backend's own compiler or
// options.
#pragma once

#include "backends/vocabulary/target.hpp"
#include "problems/problem.hpp"

namespace moat {
// Solve the problem on the backend: defined in kernels/*.hpp, which units that only call them need
// not read.
template <Target Backend>
void launch(Backend& backend, const GemmProblem& problem);
template <Target Backend>
void launch(Backend& backend, const AttentionProblem& problem);
template <Target Backend>
void launch(Backend& backend, const ReductionProblem& problem);
template <Target Backend>
void launch(Backend& backend, const RowsProblem& problem);
template <Target Backend>
void launch(Backend& backend, const CeilingProblem& problem);
}  // namespace moat

// Declares that kernels/*.cpp instantiate the launchers of BACKEND; used at namespace moat.
#define MOAT_LAUNCHERS_COMPILED_ELSEWHERE(BACKEND)                \
  extern template void launch(BACKEND&, const GemmProblem&);      \
  extern template void launch(BACKEND&, const AttentionProblem&); \
  extern template void launch(BACKEND&, const ReductionProblem&); \
  extern template void launch(BACKEND&, const RowsProblem&);      \
  extern template void launch(BACKEND&, const CeilingProblem&);
