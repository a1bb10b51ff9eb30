// SPDX-License-Identifier: Apache-2.0
// `moat explain`: which kernels would be launched for a case on a device that need not be here, and
// how long that takes by a model.
#pragma once

#include <CLI/CLI.hpp>
#include <vector>

#include "bench/explain/explain.hpp"

namespace moat {

// Adds the subcommand, which plans for `targets`. When it was given, parsing prints to standard
// output and sets `exit_code`.
void add_explain_command(CLI::App& app, int& exit_code,
                         std::vector<explain::Target> targets = explain::known_targets());

}  // namespace moat
