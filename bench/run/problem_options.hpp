// SPDX-License-Identifier: Apache-2.0
// The options that select problems, shared by `moat run` and `moat list`.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "bench/run/options.hpp"
#include "problems/problem.hpp"

namespace moat {

void add_problem_options(CLI::App& command, ProblemOptions& options, const std::string& group);

// The problems in the order of suites and cases, each once; the suite `quick` if neither is given.
// Throws UsageError for names that are not known and for shapes that are none.
std::vector<Problem> select_problems(const ProblemOptions& options);

}  // namespace moat
