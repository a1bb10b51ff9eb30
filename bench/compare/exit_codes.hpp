// SPDX-License-Identifier: Apache-2.0
// What the exit status of `moat compare` says. `moat compare --help` lists the same.
#pragma once

#include <cstdint>

namespace moat {

enum CompareExit : std::uint8_t {
  kCompareOk = 0,
  kCompareSlower = 1,
  kCompareUsage = 2,
  kCompareNothing = 3,
  kCompareOutput = 4,
  kCompareUnreadable = 5,
  kCompareNoise = 6,
  kCompareUnverified = 7,
  kCompareIncomparable = 8,
  kCompareUndecided = 9,
};

inline constexpr const char* kCompareExitHelp =
    "exit codes (1 and 6 to 9 only with --gate; of several the first in the order 6 1 7 8 9 3):\n"
    "  0    the gate is passed, or there is none\n"
    "  1    one of our kernels is slower by more than the threshold\n"
    "  2    bad option or value\n"
    "  3    the records have no case in common; with --gate: none of ours\n"
    "  4    the result could not be written\n"
    "  5    a file cannot be read, is no record, or holds what cannot be, such as a time of 0\n"
    "  6    the threshold is below the noise floor, or the floor is unknown: nothing was judged\n"
    "  7    a case of the base is unverified in the new record, or missing from it or from one of\n"
    "       several new runs\n"
    "  8    a case was measured on another device or under other conditions, or the runs of one\n"
    "       side are of several builds\n"
    "  9    a case could not be judged: fewer than 10 samples on a side, disturbed, without a\n"
    "       result in the base, or inconclusive and beyond the threshold in a quarter of the\n"
    "       resamples or more; or a run was interrupted or lacks cases that it had planned\n";

}  // namespace moat
