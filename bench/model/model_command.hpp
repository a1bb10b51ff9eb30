// SPDX-License-Identifier: Apache-2.0
// `moat model`: what the measured kernels make of a whole model.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "bench/run/run.hpp"

namespace moat {

// Adds the subcommand `model` to `app`. When it was given, parsing runs it and sets `exit_code` to
// one of ExitCode. `arguments` is the command line, for the record.
void add_model_command(CLI::App& app, const std::vector<std::string>& arguments, int& exit_code,
                       RunWorld (*world)() = this_world);

}  // namespace moat
