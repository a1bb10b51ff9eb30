// SPDX-License-Identifier: Apache-2.0
// `moat port corpus`: a diff of every pair of programs in a folder, and their distribution.
#pragma once

#include <CLI/CLI.hpp>
#include <filesystem>
#include <string>
#include <vector>

#include "bench/migration/diff/tree_diff.hpp"
#include "bench/record/strict_json.hpp"

namespace moat {

// Exit codes as of add_diff_commands, and 3: no pair was found.
void add_corpus_command(CLI::App& port, int& exit_code);

struct ProgramPair {
  std::string name;  // what '*' stands for
  std::filesystem::path base;
  std::filesystem::path port;
};

// The entries of `folder` whose names match `pairs`, "BASE:PORT" with one '*' each, ascending by
// name. Entries without a partner go to `alone`. Throws std::invalid_argument.
std::vector<ProgramPair> find_pairs(const std::filesystem::path& folder, const std::string& pairs,
                                    std::vector<std::string>& alone);

// A script that invents a corpus leaves this file in its folder: {"generator": its name}.
inline constexpr const char* kGeneratedMarker = "generated.json";

// The name of that script; null for a folder without the marker.
Json generator_of(const std::filesystem::path& folder);

// Compares all pairs, each on one of `options.threads` threads. Files of a pair that could not be
// read are counted in its row.
Json corpus_json(const std::vector<ProgramPair>& pairs, const FileFilter& filter,
                 const DiffOptions& options);

// Rows, distribution and a histogram.
std::string corpus_text(const Json& corpus, bool rows);
std::string corpus_csv(const Json& corpus);

}  // namespace moat
