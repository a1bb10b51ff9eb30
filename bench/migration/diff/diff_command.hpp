// SPDX-License-Identifier: Apache-2.0
// `moat port diff` and `moat port rev`: what a finished port changed.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "bench/migration/diff/rename_table.hpp"
#include "bench/migration/diff/tree_diff.hpp"

namespace moat {

// Adds `diff` and `rev` to `port`. They set `exit_code`: 0 done, 2 bad usage, 4 output could not be
// written, 5 reading or comparing failed.
void add_diff_commands(CLI::App& port, int& exit_code);

// Options that several subcommands share.
struct CodeOptions {
  std::string from = "cuda";
  std::string to = "hip";
  std::vector<std::string> rename_files;
  std::vector<std::string> extensions;
  std::vector<std::string> include;
  std::vector<std::string> exclude;
  int threads = 0;  // 0: one per core

  FileFilter filter() const;
  int thread_count() const;
  // The shipped table, if there is one, and the user's. Throws std::invalid_argument.
  RenameTable table() const;
};
std::shared_ptr<CodeOptions> add_code_options(CLI::App& command, bool with_from);

// Runs a subcommand and turns what it throws into a message and an exit code: std::invalid_argument
// and UsageError 2, WriteError 4, all else 5.
int guarded_run(const std::string& command, const std::function<int()>& run);

// To `path` if it is given, else to standard output.
void put_output(const std::string& path, const std::string& text);

}  // namespace moat
