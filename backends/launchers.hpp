// The launchers of kernels/, which kernels/*.cpp instantiate with a backend's own compiler or
// options.
#pragma once

#include "kernels/problem.hpp"

// Declares that kernels/*.cpp instantiate the launchers of BACKEND; used at namespace moat.
#define MOAT_LAUNCHERS_COMPILED_ELSEWHERE(BACKEND)                \
  extern template void launch(BACKEND&, const GemmProblem&);      \
  extern template void launch(BACKEND&, const AttentionProblem&); \
  extern template void launch(BACKEND&, const ReductionProblem&); \
  extern template void launch(BACKEND&, const RowsProblem&);      \
  extern template void launch(BACKEND&, const CeilingProblem&);
