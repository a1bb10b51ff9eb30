// SPDX-License-Identifier: Apache-2.0
#include "bench/run/problem_options.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "bench/cases/case.hpp"
#include "bench/cases/suites.hpp"
#include "bench/run/usage_error.hpp"
#include "bench/text/suggest.hpp"

namespace moat {
namespace {

void require_known(const char* option, const std::vector<std::string>& given,
                   const std::vector<std::string>& known) {
  for (const auto& name : given) {
    if (std::ranges::find(known, name) == known.end()) {
      throw UsageError(fmt::format("{}: {} is not known{}", option, name, suggestion(name, known)));
    }
  }
}

bool listed(const std::vector<std::string>& names, std::string_view name) {
  return names.empty() || std::ranges::find(names, name) != names.end();
}

// Whether an input of the case is of the type or in the code: bf16xint4.
bool holds_type(const std::string& name, const std::string& type) {
  return name.find(fmt::format("x{}/", type)) != std::string::npos;
}

bool selected(const ProblemOptions& options, const Problem& problem) {
  const std::string name = case_name(problem);
  return listed(options.kernels, kernel_name(problem)) &&
         (listed(options.dtypes, name_of(dtype(problem))) ||
          std::ranges::any_of(options.dtypes,
                              [&](const std::string& t) { return holds_type(name, t); })) &&
         (options.filters.empty() ||
          std::ranges::any_of(options.filters,
                              [&](const std::string& pattern) { return matches(name, pattern); }));
}

std::vector<std::string> dtype_names() {
  std::vector<std::string> names;
  for (const DType t : kDTypes) names.emplace_back(name_of(t));
  for (const Problem& p : kernels()) {
    for (const Code c : describe(p).codes) {
      if (std::ranges::find(names, name_of(c)) == names.end()) names.emplace_back(name_of(c));
    }
  }
  return names;
}

}  // namespace

void add_problem_options(CLI::App& command, ProblemOptions& options, const std::string& group) {
  command.add_option("--suite", options.suites, "suites of cases (default: quick; see moat list)")
      ->group(group);
  command
      .add_option("--case", options.cases, "single cases by name, such as gemm/bf16/m300n500k700")
      ->group(group);
  command.add_option("--kernel", options.kernels, "only these kernels: gemm, attention, sum, …")
      ->group(group);
  command
      .add_option("--dtype", options.dtypes,
                  fmt::format("only these types: {}", fmt::join(dtype_names(), ", ")))
      ->group(group);
  command
      .add_option("--filter", options.filters,
                  "only cases whose name contains this or matches it as a glob (*, ?)")
      ->group(group);
}

std::vector<Problem> select_problems(const ProblemOptions& options) {
  std::vector<std::string> kernel_names;
  for (const Problem& p : kernels()) kernel_names.emplace_back(kernel_name(p));
  require_known("--kernel", options.kernels, kernel_names);
  require_known("--dtype", options.dtypes, dtype_names());
  std::vector<std::string> suite_names;
  for (const auto& suite : suites()) suite_names.push_back(suite.name);
  require_known("--suite", options.suites, suite_names);

  std::vector<Problem> candidates;
  try {
    for (const auto& name : options.suites) {
      const auto& cases = find_suite(name).cases;
      candidates.insert(candidates.end(), cases.begin(), cases.end());
    }
    for (const auto& name : options.cases) candidates.push_back(parse_case(name));
    if (options.suites.empty() && options.cases.empty()) candidates = find_suite("quick").cases;
  } catch (const CaseError& e) {
    throw UsageError(e.what());
  }

  std::vector<Problem> problems;
  std::set<std::string> seen;
  for (const auto& problem : candidates) {
    if (selected(options, problem) && seen.insert(case_name(problem)).second) {
      problems.push_back(problem);
    }
  }
  return problems;
}

}  // namespace moat
