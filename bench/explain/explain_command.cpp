// SPDX-License-Identifier: Apache-2.0
#include "bench/explain/explain_command.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <utility>

#include "bench/explain/document.hpp"
#include "bench/explain/findings.hpp"
#include "bench/explain/text.hpp"
#include "bench/record/say.hpp"
#include "bench/record/standard_streams.hpp"
#include "bench/run/problem_options.hpp"
#include "bench/run/usage_error.hpp"
#include "bench/text/exit_codes.hpp"
#include "bench/text/suggest.hpp"

namespace moat {
namespace {

using explain::Target;

// With the names of two devices.
constexpr const char* kFooter = R"(
The launchers and tables of schedules are those of this build's GPU backends, on a queue that only
writes down what it is asked for; no GPU is needed. A case's time is predicted, not measured, from
peaks of the vendors' documents: a launch takes as long as the longest of
  products   FLOPs ÷ (peak x fill x useful)
  memory     bytes of the operands, each moved once ÷ memory's bandwidth
  L2 cache   bytes that blocks read, each its own tiles ÷ bandwidth of the L2
  launch     an assumed time
Columns and lines:
  waves      work ÷ what the device holds at once
  fill       share of the units' time, until the last one ends, for which they have work
  useful     share of what tiles multiply that does not lie beyond the problem's edges
  bound by   the longest term
  of peak    the longest term, and the share of its peak that the whole case reaches
  ≥          at least: a peak that may bind has no source, or the edges of tiles are not modelled
  ?          which term is the longest is not known: the one named may be, with a + others, too
  +1         the case takes a launch more, whose time is counted
--check looks at products of matrices and at attention that fill less than 85 % of a device:
  schedule   another schedule of the table fills more and is predicted to be faster
  ranges     another number of ranges of keys or of k does
  split      none fills more, and there are fewer tiles than units: only a finer split along k would

Examples:
  moat explain gemm/bf16/m8192n8192k8192bt --device {0}    every term of every launch
  moat explain --suite quick --device all                   a line for each case and device
  moat explain --suite llama3-8b --kernel gemm --device {0} {1}
  moat explain --model config.json --tp 8 --device {0}      the layers of your model
  moat explain --cases cases.txt --device {0}               your cases, and their time together
  moat explain --suite llama3-8b --device all --check       where units stay without work
  moat explain --devices                                    the devices, their peaks and sources
  moat explain --case sum/f32/n1048576 --device {0} --json

exit codes:
  0    printed; with --check: nothing was found
  1    --check: found something
  2    bad option or value
  3    nothing was planned: this build lacks the backends of these devices or code for them, or no
       kernel takes the cases; the reason is named
  4    standard output could not be written)";

struct Options {
  ProblemOptions problems;
  std::vector<std::string> cases;
  std::vector<std::string> devices;
  bool list_devices = false;
  bool verbose = false;
  bool check = false;
  bool json = false;
};

std::vector<Target> chosen_targets(const Options& options, const std::vector<Target>& known) {
  std::vector<std::string> names;
  for (const Target& t : known) names.emplace_back(t.device->id);
  if (options.devices.empty()) {
    throw UsageError(
        fmt::format("--device is missing: one or several of {}, or all", fmt::join(names, ", ")));
  }
  if (std::ranges::find(options.devices, "all") != options.devices.end()) return known;
  std::vector<Target> chosen;
  for (const std::string& name : options.devices) {
    const auto it = std::ranges::find(names, name);
    if (it == names.end()) {
      throw UsageError(fmt::format("--device: {} is not known{}", name, suggestion(name, names)));
    }
    chosen.push_back(known[static_cast<std::size_t>(it - names.begin())]);
  }
  return chosen;
}

// Takes out what this build has no backend for, and says so once for each backend.
void drop_absent(std::vector<Target>& targets) {
  std::set<std::string> told;
  for (const Target& t : targets) {
    if (t.plan != nullptr || !told.insert(t.backend).second) continue;
    std::string devices;
    for (const Target& other : targets) {
      if (other.backend != t.backend) continue;
      devices += (devices.empty() ? "" : ", ") + std::string(other.device->id);
    }
    say("moat explain: {}: this build lacks the backend {}: {}\n", devices, t.backend,
        t.absent.empty() ? "it plans nothing" : t.absent);
  }
  std::erase_if(targets, [](const Target& t) { return t.plan == nullptr; });
}

int run(Options options, const std::vector<Target>& known) {
  if (options.list_devices) {
    print_out(options.json ? dump_strict(explain::document(known, {}, {}, {}))
                           : explain::devices_text(known));
    return kExitOk;
  }
  // --device takes all that follows it.
  const auto behind = std::ranges::stable_partition(
      options.devices, [](const std::string& name) { return name.find('/') == name.npos; });
  for (const std::string& name : behind) options.cases.push_back(name);
  options.devices.erase(behind.begin(), behind.end());
  options.problems.cases.insert(options.problems.cases.end(), options.cases.begin(),
                                options.cases.end());
  std::vector<Target> targets = chosen_targets(options, known);
  const Selection selection = select_problems(options.problems);
  const std::vector<Problem>& problems = selection.problems;
  drop_absent(targets);
  if (targets.empty()) return kExitNothing;
  if (problems.empty()) {
    say("moat explain: no case matches\n");
    return kExitNothing;
  }
  const bool in_detail = options.verbose || (problems.size() * targets.size() == 1);
  std::vector<explain::Row> rows;
  std::vector<explain::Finding> findings;
  for (const Problem& problem : problems) {
    for (const Target& target : targets) {
      explain::Row row{target, explain::explain(target, problem, in_detail || options.check)};
      if (options.check) {
        const auto found = explain::findings_of(target, row.explanation);
        findings.insert(findings.end(), found.begin(), found.end());
      }
      rows.push_back(std::move(row));
    }
  }
  const bool nothing = std::ranges::all_of(
      rows, [](const explain::Row& row) { return !row.explanation.refused.empty(); });
  std::string text;
  if (options.json) {
    text = dump_strict(explain::document(targets, rows, findings, selection.weights));
  } else if (options.check) {
    text = findings.empty() ? "" : explain::findings_text(findings);
    text +=
        fmt::format("{} of {} cases on devices fill less than another choice or a split would\n",
                    findings.size(), rows.size());
  } else if (in_detail) {
    for (const explain::Row& row : rows) text += explain::details(row) + "\n";
  } else {
    text = explain::summary(rows);
  }
  if (!options.json && !options.check) text += explain::sums_text(rows, selection.weights);
  if (!options.json && !nothing) text += explain::assumptions_text();
  print_out(text);
  if (nothing) return kExitNothing;
  return findings.empty() ? kExitOk : kExitFailed;
}

}  // namespace

void add_explain_command(CLI::App& app, int& exit_code, std::vector<Target> targets) {
  auto* command = app.add_subcommand(
      "explain", "what would be launched on a GPU that need not be here, and how long it takes");
  const std::string first(targets.empty() ? "NAME" : targets.front().device->id);
  const std::string last(targets.empty() ? "NAME" : targets.back().device->id);
  command->footer(fmt::format(kFooter, first, last));
  const auto options = std::make_shared<Options>();
  command->add_option("cases", options->cases, "cases by name, such as gemm/bf16/m300n500k700")
      ->type_name("CASE");
  add_problem_options(*command, options->problems, "cases");
  command->add_option("--device", options->devices, "the devices by name (see --devices), or all")
      ->type_name("NAME");
  command->add_flag("--devices", options->list_devices,
                    "print the devices that are known, their peaks and the sources");
  command->add_flag("--verbose", options->verbose, "every term of every launch of every case");
  auto* check = command->add_flag("--check", options->check,
                                  "print what leaves units without work, and exit 1 if anything");
  command->add_flag("--json", options->json, "as JSON (bench/explain/README.md)");
  command->get_option("--verbose")->excludes(check);
  command->callback(
      [options, targets = std::move(targets), &exit_code] { exit_code = run(*options, targets); });
}

}  // namespace moat
