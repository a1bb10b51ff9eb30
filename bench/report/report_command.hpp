// SPDX-License-Identifier: Apache-2.0
// `moat report`: records in, one HTML file out.
#pragma once

#include <CLI/CLI.hpp>

namespace moat {

// Adds the subcommand `report` to `app`. When it was given, parsing runs it and sets `exit_code`:
// 0, 2 bad option, 4 the file could not be written, 5 a record cannot be read.
void add_report_command(CLI::App& app, int& exit_code);

}  // namespace moat
