// SPDX-License-Identifier: Apache-2.0
// What the command's exit status says. `moat run --help` lists the same.
#pragma once

#include <cstdint>

namespace moat {

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

}  // namespace moat
