// SPDX-License-Identifier: Apache-2.0
// What a port changed in a whole program.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "bench/migration/diff/file_diff.hpp"
#include "bench/migration/diff/match.hpp"
#include "bench/migration/diff/rename_table.hpp"
#include "bench/migration/source/tree.hpp"

namespace moat {

struct DiffOptions {
  std::string from = "cuda";
  std::string to = "hip";
  RenameTable table;
  MatchOverrides overrides;
  int threads = 1;
  bool keep_lines = false;  // of every changed line its number, class and text
  // Called with the number of files compared so far and of all; by several threads.
  std::function<void(std::size_t done, std::size_t all)> progress;
};

struct PairDiff {
  FileMatch files;
  DiffCounts counts;
  std::vector<ChangedLine> removed;  // empty unless lines are kept
  std::vector<ChangedLine> added;

  bool edited() const { return counts.removed + counts.added > 0; }
};

struct WholeFile {
  std::string path;
  DiffCounts counts;
};

struct TreeDiff {
  std::string base;
  std::string port;
  std::string from;
  std::string to;
  std::string table;  // the renames' name, version and size
  std::string table_version;
  std::size_t table_names = 0;
  std::vector<PairDiff> pairs;  // ascending by base path
  std::vector<WholeFile> dropped;
  std::vector<WholeFile> added;
  std::vector<Skipped> skipped;  // of both sides, with their side's name before the path
  DiffCounts matched;            // sum over the pairs
  DiffCounts whole;              // and over dropped and new files
  UnlistedRenames unlisted;
  std::vector<std::string> warnings;

  int edited_files() const;
};

// Compares file by file, on several threads. Each pair of files is read, compared and let go.
TreeDiff diff_trees(const Tree& base, const Tree& port, const DiffOptions& options);

// A share, with what it was computed from.
struct Share {
  std::int64_t numerator = 0;
  std::int64_t denominator = 0;
  bool defined() const { return denominator > 0; }
  double value() const { return static_cast<double>(numerator) / static_cast<double>(denominator); }
};

// A way to say how much was changed.
struct PortMetric {
  std::string_view name;         // in JSON, CSV, claims
  std::string_view numerator;    // in words
  std::string_view denominator;  // in words
  Share (*of)(const TreeDiff& diff);
};
std::span<const PortMetric> port_metrics();

// Nothing if there is none of that name.
const PortMetric* find_metric(std::string_view name);

}  // namespace moat
