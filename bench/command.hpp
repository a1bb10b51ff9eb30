// SPDX-License-Identifier: Apache-2.0
// The command `moat` with its subcommands.
#pragma once

#include "bench/run/run.hpp"

namespace moat {

// What main() returns: reads the command line, runs the subcommand and says on standard error what
// went wrong. Returns one of ExitCode. `moat run` measures in `world`.
int command(int argc, char** argv, RunWorld (*world)() = this_world);

}  // namespace moat
