// SPDX-License-Identifier: Apache-2.0
#include "bench/migration/history/history_command.hpp"

#include <fmt/format.h>

#include <ctime>
#include <iterator>
#include <memory>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "bench/migration/diff/diff_command.hpp"
#include "bench/migration/diff/report.hpp"
#include "bench/run/number_check.hpp"
#include "bench/text/progress.hpp"

namespace moat {
namespace {

constexpr double kSecondsPerDay = 86400;

struct HistoryRun {
  std::string repository;
  std::vector<std::string> paths;
  std::string revision = "HEAD";
  std::string green;
  double limit_s = 600;
  std::string out;
  bool json = false;
};

// The author's day.
std::string date_of(const HistoryCommit& commit) {
  const std::time_t local = commit.time + std::int64_t{60} * commit.offset;
  std::tm parts{};
  gmtime_r(&local, &parts);
  return fmt::format("{:04}-{:02}-{:02}", parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday);
}

Json commit_json(const HistoryCommit& commit) {
  return {{"commit", commit.id}, {"date", date_of(commit)}};
}

Json green_json(const PathHistory& history, const GreenSearch& green) {
  Json trials = Json::array();
  for (const GreenTrial& t : green.trials) {
    Json trial = commit_json(t.commit);
    trial["exit_code"] = t.exit_code;
    trial["timed_out"] = t.timed_out;
    trial["seconds"] = t.seconds;
    trials.push_back(trial);
  }
  Json result = {{"assumption", "once green, always green"},
                 {"candidates", green.candidates},
                 {"trials", trials},
                 {"first", nullptr},
                 {"days", nullptr}};
  if (!green.first) {
    result["reason"] = "the command does not succeed at the newest commit";
    result["last_output"] = to_utf8(green.last_output);
  } else {
    result["first"] = commit_json(*green.first);
    const auto seconds = green.first->time - history.commits.front().time;
    if (history.not_measurable.empty()) {
      result["days"] = static_cast<double>(seconds) / kSecondsPerDay;
    } else {
      result["reason"] = history.not_measurable;
    }
  }
  return result;
}

int run_history(const HistoryRun& run) {
  const PathHistory history = path_history(run.repository, run.revision, run.paths);
  GreenSearch search;
  if (!run.green.empty()) {
    SteadyClock clock;
    Progress progress(clock);
    search =
        find_green(run.repository, run.revision, history.commits.front(), run.green,
                   std::chrono::milliseconds(static_cast<std::int64_t>(run.limit_s * 1000)),
                   [&](std::size_t trials) { progress.step(trials + 1, 0, "trying a commit"); });
  }
  Json result = history_json(history, run.green.empty() ? nullptr : &search);
  result["repository"] = to_utf8(run.repository);
  result["revision"] = run.revision;
  result["paths"] = Json::array();
  for (const std::string& path : run.paths) result["paths"].push_back(to_utf8(path));
  if (!run.green.empty()) {
    result["green"]["command"] = to_utf8(run.green);
    result["green"]["limit_s"] = run.limit_s;
  }
  put_output(run.out, run.json ? dump_strict(result) : history_text(result));
  return 0;
}

}  // namespace

Json history_json(const PathHistory& history, const GreenSearch* green) {
  Json result = {{"schema", "moat-port-history"},
                 {"version", 1},
                 {"first", commit_json(history.commits.front())},
                 {"last", commit_json(history.commits.back())},
                 {"commits", history.commits.size()},
                 {"merges_passed_over", history.merges},
                 {"authors", history.authors},
                 {"added", history.added},
                 {"removed", history.removed},
                 {"surviving", history.surviving},
                 {"active_days", nullptr},
                 {"days", nullptr},
                 {"rework", nullptr},
                 {"not_measurable", nullptr}};
  if (!history.not_measurable.empty()) {
    result["not_measurable"] = history.not_measurable;
  } else {
    result["active_days"] = history.active_days;
    result["days"] = history.days();
    if (const auto rework = history.rework()) result["rework"] = *rework;
  }
  if (green != nullptr) result["green"] = green_json(history, *green);
  return result;
}

std::string history_text(const Json& history) {
  std::string text;
  const auto out = std::back_inserter(text);
  fmt::format_to(out, "{} commit{} by {} author{}, {} to {}; {} merges passed over\n",
                 history.at("commits").dump(), history.at("commits") == 1 ? "" : "s",
                 history.at("authors").dump(), history.at("authors") == 1 ? "" : "s",
                 history.at("first").at("date").get<std::string>(),
                 history.at("last").at("date").get<std::string>(),
                 history.at("merges_passed_over").dump());
  if (!history.at("not_measurable").is_null()) {
    fmt::format_to(out, "effort: not measurable: {}\n",
                   history.at("not_measurable").get<std::string>());
  } else {
    fmt::format_to(out, "active days      {} in {:.1f} days\n", history.at("active_days").dump(),
                   history.at("days").get<double>());
    const Json& rework = history.at("rework");
    fmt::format_to(out, "rework           {}: ({} lines added + {} removed) / {} that survive\n",
                   rework.is_null() ? "n/a" : fmt::format("{:.2f}", rework.get<double>()),
                   history.at("added").dump(), history.at("removed").dump(),
                   history.at("surviving").dump());
  }
  if (!history.contains("green")) return text;
  const Json& green = history.at("green");
  if (green.at("days").is_null()) {
    fmt::format_to(out, "first green      n/a: {}\n", green.at("reason").get<std::string>());
    if (green.contains("last_output")) text += green.at("last_output").get<std::string>();
  } else {
    fmt::format_to(out, "first green      after {:.1f} days: {} of {}\n",
                   green.at("days").get<double>(),
                   green.at("first").at("commit").get<std::string>().substr(0, 12),
                   green.at("first").at("date").get<std::string>());
  }
  fmt::format_to(out, "                 {} trials among {} commits, assuming: {}\n",
                 green.at("trials").size(), green.at("candidates").dump(),
                 green.at("assumption").get<std::string>());
  return text;
}

void add_history_command(CLI::App& port, int& exit_code) {
  auto run = std::make_shared<HistoryRun>();
  auto* command = port.add_subcommand("history", "effort behind some paths, from git");
  command->add_option("REPO", run->repository, "A folder in a git repository")->required();
  command->add_option("PATHS", run->paths, "The port's paths; none: all");
  command->add_option("--revision", run->revision, "Where the history ends")
      ->type_name("REV")
      ->capture_default_str();
  auto* green = command
                    ->add_option("--green", run->green,
                                 "Find the first commit at which CMD succeeds. RUNS CMD, by "
                                 "/bin/sh, in work trees of old commits: only for code you trust")
                    ->type_name("CMD");
  command->add_option("--time-limit", run->limit_s, "Seconds for one run of CMD; late is failed")
      ->check(number_check(0.001, 1e6))
      ->needs(green)
      ->capture_default_str();
  command->add_flag("--json", run->json, "Print JSON (schema moat-port-history)");
  command->add_option("--out", run->out, "Write to FILE instead of standard output")
      ->type_name("FILE");
  command->footer(R"(
Definitions:
  commit       one that changes PATHS; merges are passed over, their parents count
  active day   a day, in the author's time zone, with such a commit
  rework       (lines added + lines removed) / lines that are there now; 1: written once, kept
  first green  bisected over the first-parent chain, assuming that CMD succeeds at every commit
               behind the first success; days from the first commit, by the authors' clocks
A history of one commit was squashed, and a shallow clone lacks it: not measurable.
--green is the only option of moat port that executes anything; the repository is not written.

Examples:
  moat port history . -- src/hip
  moat port history . -- src/hip --green 'make -C src/hip test' --time-limit 300
  moat port history . --json -- src/hip | jq .rework

exit codes: 0 done, 2 bad usage, 4 output could not be written, 5 reading failed
)");
  command->callback(
      [run, &exit_code] { exit_code = guarded_run("history", [&] { return run_history(*run); }); });
}

}  // namespace moat
