// SPDX-License-Identifier: Apache-2.0
#include "bench/migration/diff/diff_command.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cstdio>
#include <exception>
#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>
#include <stdexcept>
#include <thread>

#include "bench/migration/diff/drift.hpp"
#include "bench/migration/diff/report.hpp"
#include "bench/migration/diff/score.hpp"
#include "bench/record/file.hpp"
#include "bench/record/say.hpp"
#include "bench/record/standard_streams.hpp"
#include "bench/run/number_check.hpp"
#include "bench/text/progress.hpp"

namespace moat {
namespace {

constexpr const char* kDefinitions =
    R"(
Definitions (bench/migration/README.md has them in full):
  line       of code: neither blank nor only comment; white space and line breaks do not count
  removed    lines of the base with a token that the port does not have there, added: the reverse
  changed    removed / lines of the base, over files with a counterpart
  mechanical equal after applying the named table of renames
  class      include, guard (#if …), rename, launch, argument order, warp width, intrinsic or inline
             assembly, library, other by hand, dropped or new file; the first that fits
  score      precision: of the lines with a name that scan maps to a rename, to other arguments or to
             nothing, those that changed; recall: of the lines that changed, those with such a name
Nothing is executed: files are only read.
)";

struct DiffRun {
  std::shared_ptr<CodeOptions> code;
  std::string base;  // or the repository
  std::string port;  // or the range of revisions
  std::vector<std::string> paths;
  std::vector<std::string> matches;
  std::string match_file;
  std::string score;  // a prediction
  std::string out;
  bool json = false;
  bool csv = false;
  bool lines = false;
  std::size_t files = 20;
};

std::pair<std::string, std::string> parse_match(const std::string& text) {
  const std::size_t at = text.find('=');
  if (at == std::string::npos || text == "=") {
    throw std::invalid_argument(
        fmt::format("--match: {} is not BASE=PORT (either may be empty: no counterpart)", text));
  }
  return {text.substr(0, at), text.substr(at + 1)};
}

MatchOverrides overrides_of(const DiffRun& run) {
  MatchOverrides overrides;
  for (const std::string& text : run.matches) overrides.push_back(parse_match(text));
  if (!run.match_file.empty()) {
    std::ifstream in(run.match_file);
    if (!in) throw std::invalid_argument(fmt::format("{} cannot be read", run.match_file));
    for (std::string line; std::getline(in, line);) {
      if (!line.empty() && line.front() != '#') overrides.push_back(parse_match(line));
    }
  }
  return overrides;
}

Json scored(const std::string& file, const TreeDiff& diff) {
  try {
    return score_json(read_json_file(file), diff);
  } catch (const std::exception& e) {
    throw std::invalid_argument(fmt::format("--score {}: {}", file, e.what()));
  }
}

// `drift` is a warning, if there is one.
int report(const DiffRun& run, const Tree& base, const Tree& port,
           const std::optional<std::string>& drift = std::nullopt) {
  SteadyClock clock;
  Progress progress(clock, {.seldom = true});
  DiffOptions options;
  options.from = run.code->from;
  options.to = run.code->to;
  options.table = run.code->table();
  options.overrides = overrides_of(run);
  options.threads = run.code->thread_count();
  options.keep_lines = run.lines || !run.score.empty();
  options.progress = [&](std::size_t done, std::size_t all) {
    progress.step(done, all, "comparing files");
  };
  TreeDiff diff = diff_trees(base, port, options);
  if (drift) diff.warnings.insert(diff.warnings.begin(), *drift);
  const Json score = run.score.empty() ? Json() : scored(run.score, diff);
  std::string text;
  if (run.json) {
    if (!run.lines) {
      for (PairDiff& pair : diff.pairs) pair.removed = pair.added = {};
    }
    Json document = diff_json(diff);
    if (!score.is_null()) document["score"] = score;
    text = dump_strict(document);
  } else if (run.csv) {
    text = diff_csv(diff);
  } else {
    text = diff_text(diff, run.files);
    if (!score.is_null()) text += score_text(score);
    if (run.lines) text += "\n" + diff_lines_text(diff);
  }
  put_output(run.out, text);
  if (run.json || run.csv) {
    for (const std::string& warning : diff.warnings) say("warning: {}\n", warning);
  }
  return 0;
}

int run_diff(const DiffRun& run) {
  const FileFilter filter = run.code->filter();
  return report(run, folder_tree(run.base, filter), folder_tree(run.port, filter),
                drift_in_git(run.base, run.port));
}

int run_rev(const DiffRun& run) {
  const std::size_t dots = run.port.find("..");
  if (dots == std::string::npos || dots == 0 || dots + 2 == run.port.size() ||
      run.port[dots + 2] == '.') {
    throw std::invalid_argument(fmt::format("{} is not a range R0..R1 of two revisions", run.port));
  }
  const FileFilter filter = run.code->filter();
  return report(run, commit_tree(run.base, run.port.substr(0, dots), run.paths, filter),
                commit_tree(run.base, run.port.substr(dots + 2), run.paths, filter));
}

void add_output_options(CLI::App& command, DiffRun& run) {
  auto* form = command.add_option_group("form");
  form->add_flag("--json", run.json, "Print JSON (schema moat-port-diff)");
  form->add_flag("--csv", run.csv, "Print one row per file");
  form->require_option(0, 1);
  command.add_flag("--lines", run.lines, "List every changed line with its class");
  command.add_option("--files", run.files, "Rows of the matching that the text shows; 0: all")
      ->check(number_check(0, 1000000000))
      ->capture_default_str();
  command.add_option("--match", run.matches, "Files that belong together; an empty side: to none")
      ->type_name("BASE=PORT");
  command.add_option("--match-file", run.match_file, "The same, one a line; # begins a comment")
      ->type_name("FILE");
  command
      .add_option("--score", run.score,
                  "Score a prediction: of moat port scan --json over the base (not with --csv)")
      ->type_name("SCAN.json")
      ->excludes("--csv");
  command.add_option("--out", run.out, "Write to FILE instead of standard output")
      ->type_name("FILE");
}

}  // namespace

FileFilter CodeOptions::filter() const {
  FileFilter filter;
  if (!extensions.empty()) filter.extensions = extensions;
  filter.include = include;
  filter.exclude = exclude;
  return filter;
}

int CodeOptions::thread_count() const {
  if (threads > 0) return threads;
  return std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
}

RenameTable CodeOptions::table() const {
  RenameTable table;
  bool any = false;
  const auto add = [&](const RenameTable& next) {
    if (any) {
      table.add(next);
    } else {
      table = next;
    }
    any = true;
  };
  if (auto shipped = shipped_table(from, to)) add(*shipped);
  for (const std::string& file : rename_files) {
    try {
      add(RenameTable(read_json_file(file)));
    } catch (const std::exception& e) {
      throw std::invalid_argument(fmt::format("--renames {}: {}", file, e.what()));
    }
  }
  if (!any) {
    say("note: no table of renames from {} to {} is shipped (there are: {}); every change "
        "counts as made by hand unless --renames names one\n",
        from, to, shipped_tables());
  }
  return table;
}

std::shared_ptr<CodeOptions> add_code_options(CLI::App& command, bool with_from) {
  auto options = std::make_shared<CodeOptions>();
  if (with_from) {
    command.add_option("--from", options->from, "Programming model of the base")
        ->type_name("MODEL")
        ->capture_default_str();
    command.add_option("--to", options->to, "… of the port: hip, musa, maca, sycl, cann, …")
        ->type_name("MODEL")
        ->capture_default_str();
    command
        .add_option("--renames", options->rename_files,
                    "A table of renames of your own (bench/migration/README.md); may be repeated")
        ->type_name("FILE");
  }
  command
      .add_option("--ext", options->extensions,
                  "Only files with these endings, without the dot (default: those of C, C++, CUDA, "
                  "HIP, MUSA, MACA)")
      ->delimiter(',');
  command.add_option("--include", options->include, "Only paths that match one of these globs")
      ->type_name("GLOB");
  command.add_option("--exclude", options->exclude, "No path that matches one of these globs")
      ->type_name("GLOB");
  command.add_option("--threads", options->threads, "Threads; 0: one per core")
      ->check(number_check(0, 1024))
      ->capture_default_str();
  return options;
}

int guarded_run(const std::string& command, const std::function<int()>& run) {
  const auto report_error = [&](int code, const std::exception& e) {
    say_error("moat port " + command, e);
    return code;
  };
  try {
    return run();
  } catch (const std::invalid_argument& e) {
    return report_error(2, e);
  } catch (const WriteError& e) {
    return report_error(4, e);
  } catch (const std::exception& e) {
    return report_error(5, e);
  }
}

void put_output(const std::string& path, const std::string& text) {
  if (!path.empty()) {
    write_file(path, text);
    return;
  }
  print_out(text);
}

void add_diff_commands(CLI::App& port, int& exit_code) {
  constexpr const char* kExitCodes =
      "\nexit codes: 0 done, 2 bad usage, 4 output could not be written, 5 reading or comparing "
      "failed\n";
  auto run = std::make_shared<DiffRun>();
  auto* diff = port.add_subcommand("diff", "what a finished port changed, between two folders");
  diff->add_option("BASE", run->base, "Folder or file that was ported")->required();
  diff->add_option("PORT", run->port, "Folder or file of the port")->required();
  run->code = add_code_options(*diff, true);
  add_output_options(*diff, *run);
  diff->footer(std::string(kDefinitions) + R"(
Examples:
  moat port diff saxpy-cuda saxpy-hip                    numbers, classes, which file became which
  moat port diff a b --lines | grep 'warp width'         the lines of one class
  moat port diff a b --match src/k.cu=src/kernels.hip    a pair that the matching did not find
  moat port diff a b --to musa --renames mine.json       with names of your own
  moat port diff a b --json | jq .shares.changed         numerator, denominator, value
  moat port scan a --json --out scan.json                before the port, and after it
  moat port diff a b --score scan.json                   how good the prediction was
)" + kExitCodes);
  diff->callback(
      [run, &exit_code] { exit_code = guarded_run("diff", [&] { return run_diff(*run); }); });

  auto rev_run = std::make_shared<DiffRun>();
  auto* rev = port.add_subcommand("rev", "what a finished port changed, between two revisions");
  rev->add_option("REPO", rev_run->base, "A folder in a git repository")->required();
  rev->add_option("RANGE", rev_run->port, "R0..R1: before and after the port")->required();
  rev->add_option("PATHS", rev_run->paths, "Only below these paths of the repository");
  rev_run->code = add_code_options(*rev, true);
  add_output_options(*rev, *rev_run);
  rev->footer(std::string(kDefinitions) + R"(
Examples:
  moat port rev . v1.0..HEAD -- src/gpu       a port that was made in place
  moat port rev . HEAD~1..HEAD --lines        what the last commit changed, line by line
)" + kExitCodes);
  rev->callback(
      [rev_run, &exit_code] { exit_code = guarded_run("rev", [&] { return run_rev(*rev_run); }); });
}

}  // namespace moat
