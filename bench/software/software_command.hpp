// SPDX-License-Identifier: Apache-2.0
// `moat software`: what optimised software alone buys on a device.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "bench/run/run.hpp"

namespace moat {

// `arguments`: the whole command line. It measures in `world`.
void add_software_command(CLI::App& app, const std::vector<std::string>& arguments, int& exit_code,
                          RunWorld (*world)());

}  // namespace moat
