// SPDX-License-Identifier: Apache-2.0
// `moat port scan`: what a port would have to change, predicted from the base alone.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

#include "bench/migration/diff/rename_table.hpp"
#include "bench/migration/source/tree.hpp"
#include "bench/record/strict_json.hpp"

namespace moat {

// Exit codes as of add_diff_commands.
void add_scan_command(CLI::App& port, int& exit_code);

// Names of the base's model with how each maps (same, rename, arguments differ, no equivalent, or
// not in the table), launches and inline assembly, and silent hazards: file, line, text. README.md
// there has the members and the hazards.
Json scan_tree(const Tree& tree, const std::string& from, const std::string& to,
               const RenameTable& table);

std::string scan_text(const Json& scan, std::size_t places);

}  // namespace moat
