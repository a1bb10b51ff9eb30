// SPDX-License-Identifier: Apache-2.0
// `moat compare`: what changed between records, and whether that is more than noise.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

namespace moat {

// Adds the subcommand `compare` to `app`. When it was given, parsing runs it and sets `exit_code`
// to one of CompareExit.
void add_compare_command(CLI::App& app, int& exit_code);

// "5%", "5 %" or "0.05" as 0.05. Throws UsageError, which names the option, for anything else.
double parse_threshold(const std::string& option, const std::string& text);

}  // namespace moat
