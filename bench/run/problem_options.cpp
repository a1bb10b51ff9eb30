// SPDX-License-Identifier: Apache-2.0
#include "bench/run/problem_options.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <set>
#include <sstream>
#include <utility>

#include "bench/cases/case.hpp"
#include "bench/cases/case_file.hpp"
#include "bench/cases/suites.hpp"
#include "bench/record/say.hpp"
#include "bench/run/number_check.hpp"
#include "bench/run/usage_error.hpp"
#include "bench/text/choice.hpp"
#include "bench/text/grid.hpp"
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

constexpr int kMostTokens = 1 << 16;

// "1, 64,8k": whole numbers with commas between them, blanks around, and k for 1024. Throws
// CLI::ValidationError.
std::vector<int> numbers_of(const std::string& option, const std::string& list, int most) {
  std::vector<int> numbers;
  std::istringstream text(list);
  for (std::string part; std::getline(text, part, ',');) {
    part.erase(0, part.find_first_not_of(' '));
    part.erase(part.find_last_not_of(' ') + 1);
    if (part.empty()) break;
    const std::int64_t number = number_with_k(part).value_or(0);
    if (number < 1 || number > most) {
      throw CLI::ValidationError(
          option, fmt::format("\"{}\" {}, nor such a number of 1024 with a k behind it", part,
                              number_wanted(1, most)));
    }
    numbers.push_back(static_cast<int>(number));
  }
  if (std::ranges::count(list, ',') + 1 != std::ssize(numbers)) {
    throw CLI::ValidationError(
        option, fmt::format("there is no number before or behind a comma of \"{0}\": write them as "
                            "1,2, or \"1, 2\" in quotes",
                            list));
  }
  return numbers;
}

void add_numbers(CLI::App& command, const std::string& name, std::vector<int>& numbers, int most,
                 const std::string& text, const std::string& group) {
  command
      .add_option_function<std::vector<std::string>>(
          name,
          [&numbers, name, most](const std::vector<std::string>& lists) {
            numbers.clear();
            for (const std::string& list : lists) {
              const std::vector<int> more = numbers_of(name, list, most);
              numbers.insert(numbers.end(), more.begin(), more.end());
            }
          },
          text)
      ->allow_extra_args(false)
      ->type_name(fmt::format("LIST:from 1 to {}", most))
      ->group(group);
}

// Each once, in their order.
std::vector<int> unique(const std::vector<int>& numbers) {
  std::vector<int> once;
  for (const int n : numbers) {
    if (std::ranges::find(once, n) == once.end()) once.push_back(n);
  }
  return once;
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
  add_model_options(command, options, group);
  command
      .add_option(
          "--cases", options.case_file,
          "file of cases (- for standard input): a name a line, # begins a comment. A\n"
          "number behind a name tells how often the case occurs, in a model's layers, say:\n"
          "moat run and moat explain sum the times, each so many times")
      ->type_name("FILE")
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

void add_model_options(CLI::App& command, ProblemOptions& options, const std::string& group) {
  command
      .add_option(
          "--model", options.model,
          "a model's config.json, as Hugging Face has it, or its folder: one layer of each\n"
          "kind and the output head, as the built-in suites have them")
      ->type_name("CONFIG")
      ->group(group);
  command
      .add_option(
          "--tp", options.tp,
          "of --model the share of one of N devices: heads, columns of feed-forward layers\n"
          "and of experts, and rows of the vocabulary are divided (default: 1)")
      ->type_name("N")
      ->check(number_check(1, kMostDevices))
      ->group(group);
  add_numbers(command, "--tokens", options.tokens, kMostTokens,
              fmt::format("tokens of a step of --model, as in 1,64,2k (default: 1,16,512,4096): "
                          "up to\n{} are one of each sequence (decode), more are a prompt",
                          kMostDecoded),
              group);
  add_numbers(command, "--context", options.contexts, kMostKeys,
              "keys that decode of --model meets, as in 4k,32k (default: 4096)", group);
  command
      .add_option(
          "--quant", options.weights,
          "what weights of --model are stored in: bf16, fp8, int8, int4 or mxfp4; products\n"
          "are in bf16 and in that (default: what its quantization_config says)")
      ->transform(choice(weight_formats()))
      ->type_name("FORMAT")
      ->group(group);
}

std::vector<FileCase> read_own_cases(const std::string& file) {
  try {
    return read_case_file(file);
  } catch (const CaseError& e) {
    throw UsageError(fmt::format("--cases {}", e.what()));
  }
}

std::optional<ModelSuite> select_model(const ProblemOptions& options) {
  if (!options.model) {
    const char* alone = options.tp                  ? "--tp"
                        : !options.tokens.empty()   ? "--tokens"
                        : !options.contexts.empty() ? "--context"
                        : options.weights           ? "--quant"
                                                    : nullptr;
    if (alone != nullptr) {
      throw UsageError(fmt::format("{} is about --model: name its config.json", alone));
    }
    return std::nullopt;
  }
  const ModelUse use = use_of(unique(options.tokens), unique(options.contexts));
  if (!options.contexts.empty() && use.decode.empty()) {
    throw UsageError(
        fmt::format("--context: keys of decode, and of --tokens none is up to {}", kMostDecoded));
  }
  try {
    return suite_of_model(*options.model, use, options.tp.value_or(1), options.weights);
  } catch (const CaseError& e) {
    throw UsageError(fmt::format("--model {}", e.what()));
  }
}

Selection select_problems(const ProblemOptions& options) {
  std::vector<std::string> kernel_names;
  for (const Problem& p : kernels()) kernel_names.emplace_back(kernel_name(p));
  require_known("--kernel", options.kernels, kernel_names);
  require_known("--dtype", options.dtypes, dtype_names());
  std::vector<std::string> suite_names;
  for (const auto& suite : suites()) suite_names.push_back(suite.name);
  require_known("--suite", options.suites, suite_names);

  std::vector<Problem> candidates;
  const auto add = [&](const std::vector<Problem>& cases) {
    candidates.insert(candidates.end(), cases.begin(), cases.end());
  };
  std::map<std::string, double> weights;
  try {
    for (const auto& name : options.suites) add(find_suite(name).cases);
    if (const auto model = select_model(options)) {
      add(model->suite.cases);
      if (!model->left_out.empty()) {
        say("moat: note: --model {}: left out: {}\n", model->suite.name,
            one_line(fmt::format("{}", fmt::join(model->left_out, "; "))));
      }
    }
    for (const auto& name : options.cases) candidates.push_back(parse_case(name));
    add(options.problems);
    if (options.case_file) {
      for (FileCase& c : read_own_cases(*options.case_file)) {
        if (c.weight) weights.emplace(case_name(c.problem), *c.weight);
        candidates.push_back(std::move(c.problem));
      }
    }
    if (candidates.empty() && options.suites.empty() && !options.model && !options.case_file) {
      add(find_suite("quick").cases);
    }
  } catch (const CaseError& e) {
    throw UsageError(e.what());
  }

  Selection chosen;
  std::set<std::string> seen;
  for (const auto& problem : candidates) {
    std::string name = case_name(problem);
    if (!selected(options, problem) || !seen.insert(name).second) continue;
    chosen.problems.push_back(problem);
    if (const auto weight = weights.find(name); weight != weights.end()) {
      chosen.weights.insert(*weight);
    }
  }
  return chosen;
}

}  // namespace moat
