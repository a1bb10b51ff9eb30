// SPDX-License-Identifier: Apache-2.0
// The options that select problems, shared by the commands that take cases.
#pragma once

#include <CLI/CLI.hpp>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "bench/cases/case_file.hpp"
#include "bench/cases/model_config.hpp"
#include "bench/run/options.hpp"
#include "problems/problem.hpp"

namespace moat {

// Of a model: keys that a token meets, and devices that share it.
inline constexpr int kMostKeys = 1 << 24;
inline constexpr int kMostDevices = 1 << 12;

void add_problem_options(CLI::App& command, ProblemOptions& options, const std::string& group);

// Of these, those that tell which cases a model has.
void add_model_options(CLI::App& command, ProblemOptions& options, const std::string& group);

// What --model asks for. Throws UsageError, also for options of it without it.
std::optional<ModelSuite> select_model(const ProblemOptions& options);

// What --cases names. Throws UsageError.
std::vector<FileCase> read_own_cases(const std::string& file);

struct Selection {
  std::vector<Problem> problems;
  std::map<std::string, double> weights;  // by the case's name, of those that have one
};

// The problems in the order of suites, model, cases and file, each once; the suite `quick` if none
// is given. Says on standard error what --model leaves out. Throws UsageError for names that are
// not known and for shapes that are none.
Selection select_problems(const ProblemOptions& options);

}  // namespace moat
