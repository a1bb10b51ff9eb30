// SPDX-License-Identifier: Apache-2.0
// What a gate says about a comparison.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "bench/compare/comparison.hpp"
#include "bench/text/exit_codes.hpp"

namespace moat {

struct Gate {
  // The first that applies of 6, 1, 7, 8, 9 and 3; 3 alone if no case is in common, and 6 only if
  // there is a case to judge.
  CompareExit exit_code = kCompareOk;
  std::string verdict;               // "passed", "not passed: 2 slower", "refused: …"
  std::vector<std::string> reasons;  // of the comparison as a whole, not of a case

  bool passed() const { return exit_code == kCompareOk; }
  // Below the noise floor: nothing was judged.
  bool refused() const { return exit_code == kCompareNoise; }
};

// Judges our kernels by the comparison's threshold.
Gate judge_gate(const Comparison& comparison);

// Whether a case alone keeps a gate from passing: it fails, or cannot be judged.
bool fails_gate(const CaseComparison& c);

}  // namespace moat
