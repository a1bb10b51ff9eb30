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
};

inline constexpr const char* kCompareExitHelp =
    "exit codes (1, 6, 7 and 8 only with --gate; the first that applies, in the order 6 1 7 8):\n"
    "  0    the gate is passed, or there is none\n"
    "  1    one of our kernels is slower by more than the threshold\n"
    "  2    bad option or value\n"
    "  3    the records have no case in common\n"
    "  4    the result could not be written\n"
    "  5    a file cannot be read or is no record\n"
    "  6    the threshold is below the noise floor: nothing was judged\n"
    "  7    a case of the base is unverified in the new record, or missing from it\n"
    "  8    a case was measured on another device or under other conditions\n";

}  // namespace moat
