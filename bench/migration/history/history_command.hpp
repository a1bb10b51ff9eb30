// SPDX-License-Identifier: Apache-2.0
// `moat port history`: what a port took, from git.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

#include "bench/migration/history/green.hpp"
#include "bench/migration/history/history.hpp"
#include "bench/record/strict_json.hpp"

namespace moat {

// Exit codes as of add_diff_commands.
void add_history_command(CLI::App& port, int& exit_code);

// `green` may be null: not asked for. What is not measurable is null, with its reason.
Json history_json(const PathHistory& history, const GreenSearch* green);
std::string history_text(const Json& history);

}  // namespace moat
