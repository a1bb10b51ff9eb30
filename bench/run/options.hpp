// SPDX-License-Identifier: Apache-2.0
// What `moat run` was asked for.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "bench/cases/model_shape.hpp"
#include "bench/run/google_benchmark_run.hpp"
#include "bench/run/table.hpp"
#include "problems/problem.hpp"

namespace moat {

// Which problems: the union of suites, a model's cases, cases and those of a file, narrowed by
// kernels, dtypes and filters.
struct ProblemOptions {
  std::vector<std::string> suites;
  std::vector<std::string> cases;
  std::vector<Problem> problems;         // beside these, of who asks for no names
  std::optional<std::string> model;      // its config.json
  std::optional<int> tp;                 // devices that share it
  std::vector<int> tokens;               // of a step; empty: as the built-in suites
  std::vector<int> contexts;             // keys of decode; empty: likewise
  std::optional<WeightFormat> weights;   // none: what the model's weights are stored in
  std::optional<std::string> case_file;  // - is standard input
  std::vector<std::string> kernels;
  std::vector<std::string> dtypes;
  std::vector<std::string> filters;  // globs or parts of a name; any of them
};

// How this process takes turns with another build, which `moat run --ab` arranges.
struct TurnOptions {
  int in = -1;  // file descriptors of the controlling process
  int out = -1;
  std::string session;
};

struct RunOptions {
  ProblemOptions problems;
  std::vector<std::string> backends;  // empty: all
  std::vector<std::string> devices;   // "cpu:0"; empty: all of the backends
  std::uint64_t seed = 1;
  int threads = 0;  // 0: all cores that the process may use
  std::optional<double> budget_seconds;
  std::optional<int> samples;
  int min_samples = 0;  // whatever the budget
  bool hot = false;
  bool baselines = true;
  bool all_schedules = false;                  // ours with each schedule that it can run with
  std::optional<std::filesystem::path> tuned;  // ours also with the schedules of this file
  std::optional<double> limit_seconds;         // no case is begun after, but for the first
  bool progress = false;                       // also where standard error is no terminal
  std::optional<std::filesystem::path> out;
  bool resume = false;  // continues the record `out`
  std::optional<std::filesystem::path> export_gbench;
  TableFormat format = TableFormat::table;
  std::optional<std::filesystem::path> ab;  // the other build's executable
  std::optional<TurnOptions> turns;
  // Adds to the record what follows from its cases, and returns what is printed, in place of the
  // table; empty: nothing.
  std::function<std::string(Record&)> conclude;
  std::vector<std::filesystem::path> plugins;
  double plugin_seconds = 60;               // that a call of a plug-in may take
  std::vector<std::string> commands;        // that tell a time of each problem
  std::optional<std::string> plugin_child;  // RESULT,WATCH: plug-ins run here, for another process
  std::vector<std::string> google_benchmark;  // "--benchmark_…"
  std::vector<std::string> arguments;         // the whole command line, for the record
};

// Whether the run may be one of the CPU, whose threads are placed.
bool on_the_cpu(const RunOptions& options);

// Throws UsageError for options that contradict each other, before anything is measured: of a run
// by itself, and of `--ab` as a whole, whose processes share the samples and are not asked.
void require_consistent_options(const RunOptions& options, const GoogleBenchmarkFlags& flags);

}  // namespace moat
