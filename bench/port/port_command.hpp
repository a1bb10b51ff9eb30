// SPDX-License-Identifier: Apache-2.0
// `moat port`: what porting this suite's kernels to each backend and architecture family cost, in
// lines of code.
#pragma once

#include <CLI/CLI.hpp>
#include <filesystem>
#include <string>

#include "bench/record/strict_json.hpp"

namespace moat {

// Where the porting record comes from.
struct PortingPaths {
  std::filesystem::path
      sources;                  // root of the source tree; holds kernels/, problems/ and backends/
  std::filesystem::path build;  // generated files, which are not counted
  std::filesystem::path manifest;   // compile_manifest.json of this build
  std::filesystem::path built;      // porting.json that this build counted
  std::filesystem::path committed;  // results/porting/porting.json
};

// The paths of the build that made this executable.
PortingPaths default_porting_paths();

// Adds the subcommand `port` to `app`. When it was given, parsing runs it and sets `exit_code`:
// 0 done, 1 the committed record is stale (--check), 2 bad usage, 4 output could not be written,
// 5 the count itself failed.
void add_port_command(CLI::App& app, int& exit_code,
                      const PortingPaths& paths = default_porting_paths());

// The porting record of the sources at hand, as bench/port/README.md describes it: what this build
// counted and, for a backend that it does not compile, the committed record if it is of the same
// sources. What neither gives is null, with its reason under "null_reasons". Never throws for
// missing or unreadable files.
Json porting_record(const PortingPaths& paths = default_porting_paths());

// The record as a text table.
std::string porting_table(const Json& record);

// A line with the sum of each port, for the end of `moat run`.
std::string porting_summary(const Json& record);

}  // namespace moat
