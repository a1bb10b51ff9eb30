// SPDX-License-Identifier: Apache-2.0
// `moat tune`: the fastest schedule of each class of shapes, measured on the device at hand.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "bench/run/run.hpp"

namespace moat {

// Adds the subcommand `tune` to `app`. When it was given, parsing measures on the devices of
// `world` and sets `exit_code` to one of ExitCode.
void add_tune_command(CLI::App& app, const std::vector<std::string>& arguments, int& exit_code,
                      RunWorld (*world)());

}  // namespace moat
