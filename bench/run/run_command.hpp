// SPDX-License-Identifier: Apache-2.0
// `moat run`: verifies and times the kernels and leaves a record.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "bench/run/run.hpp"

namespace moat {

// Adds the subcommand `run` to `app`. When it was given, parsing runs it and sets `exit_code` to
// one of ExitCode. `arguments` is the command line, for the record.
void add_run_command(CLI::App& app, const std::vector<std::string>& arguments, int& exit_code,
                     RunWorld (*world)() = this_world);

}  // namespace moat
