// SPDX-License-Identifier: Apache-2.0
// What the exit status of a command says. 0 and 2 to 4 mean the same for all; `moat run --help` and
// `moat compare --help` list theirs.
#pragma once

#include <cstdint>

namespace moat {

// Of `moat run` and, where they can occur, of the other commands.
enum ExitCode : std::uint8_t {
  kExitOk = 0,
  kExitFailed = 1,     // a case failed its verification or is suspect
  kExitUsage = 2,      // a bad option or value; nothing was measured
  kExitNothing = 3,    // no case matched; nothing was measured
  kExitOutput = 4,     // a file could not be written
  kExitDevice = 5,     // a device, or a case on it, could not run
  kExitDisturbed = 6,  // all that was timed is right, but other work left cases without a number
  kExitInterrupted = 130,
};

// Of `moat compare`; 1 and 6 to 9 are verdicts of its gate.
enum CompareExit : std::uint8_t {
  kCompareOk = kExitOk,
  kCompareSlower = 1,
  kCompareUsage = kExitUsage,
  kCompareNothing = kExitNothing,
  kCompareOutput = kExitOutput,
  kCompareUnreadable = 5,
  kCompareNoise = 6,
  kCompareUnverified = 7,
  kCompareIncomparable = 8,
  kCompareUndecided = 9,
};

inline constexpr const char* kExitCodeHelp =
    "exit codes:\n"
    "  0    every case was verified and timed\n"
    "  1    a case failed its verification or is suspect\n"
    "  2    bad option or value; nothing was measured\n"
    "  3    no case matched; nothing was measured\n"
    "  4    a file could not be written\n"
    "  5    a device, or a case on it, could not run\n"
    "  6    the machine was too busy: cases are right, but have no number (disturbed)\n"
    "  130  interrupted; the record holds what was verified\n"
    "with --ab that of the build that failed; no speed is judged: moat compare --gate does\n"
    "that, with exit codes of its own\n";

inline constexpr const char* kCompareExitHelp =
    "exit codes (1 and 6 to 9 only with --gate; of several the first in the order 6 1 7 8 9; 3 is\n"
    "the first where no case is in common, and the last otherwise):\n"
    "  0    the gate is passed, or there is none\n"
    "  1    one of our kernels is slower by more than the threshold\n"
    "  2    bad option or value\n"
    "  3    the records have no case in common; with --gate: none of ours\n"
    "  4    the result could not be written\n"
    "  5    a file cannot be read, is no record, or holds what cannot be, such as a time of 0\n"
    "  6    there are cases to judge, but the threshold is below the noise floor or the floor is\n"
    "       unknown: none was judged. Where there are none, 7, 8, 9 or 3 tells why\n"
    "  7    a case of the base is unverified in the new record, or missing from it or from one of\n"
    "       several new runs\n"
    "  8    a case was measured on another device or under other conditions, or the runs of one\n"
    "       side are of several builds\n"
    "  9    a case could not be judged: fewer than 10 samples on a side, disturbed, without a\n"
    "       result in the base, or inconclusive and beyond the threshold in a quarter of the\n"
    "       resamples or more; or a run was interrupted or lacks cases that it had planned\n";

}  // namespace moat
