// SPDX-License-Identifier: Apache-2.0
#include "bench/tune/tune_command.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iostream>
#include <memory>
#include <sstream>
#include <utility>

#include "bench/compare/record_set.hpp"
#include "bench/record/file.hpp"
#include "bench/record/record.hpp"
#include "bench/record/say.hpp"
#include "bench/run/cpu_option.hpp"
#include "bench/run/number_check.hpp"
#include "bench/run/options.hpp"
#include "bench/run/placement.hpp"
#include "bench/run/problem_options.hpp"
#include "bench/run/threads.hpp"
#include "bench/run/usage_error.hpp"
#include "bench/text/exit_codes.hpp"
#include "bench/text/grid.hpp"
#include "bench/text/terminal.hpp"
#include "bench/tune/tuned.hpp"
#include "bench/tune/winners.hpp"

namespace moat {
namespace {

constexpr const char* kFooter =
    R"(Every case that has more than one schedule is solved with each of them: verified, and timed in
the same rounds as the one that the kernel's table chooses. A schedule wins a class of shapes
(extents count by the next power of two) if it is more than 2 % faster in the mean, the 95 %
interval of a case says so too, and no case of the class is slower. The tables stay as they
are: moat run --tuned FILE runs what won beside what the table chooses.

The samples are in the record, FILE with .record.json in place of .json. The same command goes
on where --time or Ctrl-C ended it.

examples:
  moat tune                                    the quick suite, at most 10 minutes
  moat tune --suite llama3-8b --out llama.json the shapes of a model
  moat tune --model config.json --out own.json the shapes of your model
  moat tune --kernel gemm --out gemm.json      one kernel; other options need a file of their own
  moat run --tuned tuned.json                  with what won

exit codes:
  0    all that was asked for, or fitted into --time, was measured
  1    a schedule failed its verification, which no case may; the others were measured
  2    bad option or value; nothing was measured
  3    no case has more than one schedule here; nothing was measured
  4    a file could not be written
  5    a device, or a case on it, could not run
  6    the machine was too busy for some cases, which have no number
  130  interrupted; the record holds what was verified
)";

constexpr double kDefaultSeconds = 600;

struct TuneOptions {
  RunOptions run;
  std::filesystem::path out = "tuned.json";
};

std::filesystem::path record_beside(const std::filesystem::path& out) {
  std::filesystem::path record = out;
  return record.replace_extension(".record.json");
}

// "1.23 ×" of the cases, and the widest interval.
std::vector<std::string> cells(const TunedClass& c) {
  const auto lower = std::ranges::min_element(c.cases, {}, &TunedCase::lower)->lower;
  const auto upper = std::ranges::max_element(c.cases, {}, &TunedCase::upper)->upper;
  return {"  " + c.shape_class,
          c.schedule,
          c.instead_of,
          fmt::format("{:.2f} ×", c.speed),
          fmt::format("{:.2f}–{:.2f}", lower, upper),
          std::to_string(c.cases.size())};
}

std::string tuned_text(const TunedFile& file, bool color) {
  const std::vector<Column> columns = {{.title = "class of shapes", .align = Align::left},
                                       {.title = "schedule", .align = Align::left},
                                       {.title = "instead of", .align = Align::left},
                                       {.title = "speed"},
                                       {.title = "95 %"},
                                       {.title = "cases"}};
  std::string text;
  for (const TunedDevice& d : file.devices) {
    const std::size_t all = d.classes.size() + d.kept.size() + d.undecided.size();
    text += one_line(fmt::format("{}  {} ({})", d.backend, d.name, d.architecture)) + '\n';
    if (!d.classes.empty()) {
      std::vector<Row> rows;
      for (const TunedClass& c : d.classes) rows.push_back({.cells = cells(c)});
      text += plain_grid(columns, rows, color);
    }
    text += fmt::format("{} of {} classes have a faster schedule than the table's\n",
                        d.classes.size(), all);
    if (!d.kept.empty()) {
      text += fmt::format("{} are kept as they are; the file names them\n", d.kept.size());
    }
    if (!d.undecided.empty()) {
      text += fmt::format("{} are undecided: too few calm samples, or a wrong result\n",
                          d.undecided.size());
    }
  }
  return text;
}

// What is at --out stays, unless it is what this command wrote beside its record.
void require_own(const std::filesystem::path& out) {
  if (!std::filesystem::exists(out)) return;
  try {
    static_cast<void>(read_tuned(out));
  } catch (const UsageError&) {
    throw UsageError(fmt::format(
        "--out {}: there is a file that moat tune did not write: give --out another name",
        out.string()));
  }
  if (!std::filesystem::exists(record_beside(out))) {
    throw UsageError(
        fmt::format("--out {}: there is what moat tune found, but not its record {}: "
                    "give --out another name, or remove the file",
                    out.string(), record_beside(out).string()));
  }
}

int tune(TuneOptions options, RunWorld world) {
  require_own(options.out);
  require_writable(options.out);
  RunOptions& run_options = options.run;
  run_options.all_schedules = true;
  run_options.baselines = false;
  run_options.resume = true;
  run_options.out = record_beside(options.out);
  // The record's own table would repeat every sample's row.
  std::ostringstream unread;
  std::ostream* const out = std::exchange(world.out, &unread);
  const int code = run(run_options, world);
  if (code == kExitUsage || code == kExitNothing || !std::filesystem::exists(*run_options.out)) {
    return code;
  }
  const Record record = read_records({*run_options.out}).front().record;
  const TunedFile file{.version = record.build.version,
                       .commit = record.build.commit.value.value_or("unknown"),
                       .record = run_options.out->filename().string(),
                       .hot = run_options.hot,
                       .devices = winners(record)};
  write_file(options.out, to_text(file));
  *out << tuned_text(file, out == &std::cout && color_wanted());
  for (const CaseRecord& c : record.cases) {
    if (c.status == Status::failed || c.status == Status::error) {
      *out << one_line(fmt::format("{}: {}: {}", name_of(c.status), c.name, c.message)) << '\n';
    }
  }
  if (const auto busy = std::ranges::count(record.cases, Status::disturbed, &CaseRecord::status);
      busy > 0) {
    *out << fmt::format(
        "{} of {} results have no number, for other work on the machine: the same "
        "command takes them again\n",
        busy, record.cases.size());
  }
  if (record.run.interrupted) {
    *out << fmt::format("{} of {} results are there; the same command goes on\n",
                        record.cases.size(), record.run.planned);
  }
  say("tuned: {}\n", options.out.string());
  return code;
}

void add_options(CLI::App& command, TuneOptions& o) {
  const std::string which = "Which cases";
  RunOptions& run = o.run;
  add_problem_options(command, run.problems, which);
  command.add_option("--backend", run.backends, "only these backends, as moat list names them")
      ->group(which);
  command.add_option("--device", run.devices, "only these devices: cpu:0, or BACKEND:INDEX")
      ->group(which);
  const std::string how = "How to measure";
  command
      .add_option("--time", run.limit_seconds,
                  "seconds after which no case is begun; the same command measures the rest later")
      ->default_val(kDefaultSeconds)
      ->check(number_check(1.0, 864000.0))
      ->group(how);
  command.add_option("--budget", run.budget_seconds, "seconds per schedule of a case")
      ->check(number_check(0.001, 86400.0))
      ->group(how);
  command.add_option("--samples", run.samples, "at most so many samples per schedule of a case")
      ->check(number_check(1, 1000000))
      ->group(how);
  command
      .add_option("--threads", run.threads,
                  "threads on the CPU (default: all cores); what is found out is of so many")
      ->check(number_check(1, kMostThreads))
      ->group(how);
  add_cpu_option(command, how);
  command
      .add_flag("--hot", run.hot,
                "operands stay in the cache (default: each call finds its operands in memory)")
      ->group(how);
  command.add_option("--out", o.out, "where to put what won")
      ->type_name("FILE.json")
      ->default_str(o.out.string())
      ->group("Output");
  command
      .add_flag("--progress", run.progress,
                "a line for every case on standard error, also where that is no terminal")
      ->group("Output");
}

}  // namespace

void add_tune_command(CLI::App& app, const std::vector<std::string>& arguments, int& exit_code,
                      RunWorld (*world)()) {
  auto options = std::make_shared<TuneOptions>();
  options->run.arguments = arguments;
  CLI::App* command = app.add_subcommand(
      "tune", "measure which schedules are the fastest on this device, for moat run --tuned");
  command->footer(kFooter);
  add_options(*command, *options);
  command->callback([options, &exit_code, world] {
    if (options->out.extension() != ".json") {
      throw UsageError(
          fmt::format("--out {}: a file that ends in .json is needed", options->out.string()));
    }
    if (on_the_cpu(options->run)) {
      start_again_placed(options->run.threads, options->run.arguments);
    }
    exit_code = tune(*options, world());
  });
}

}  // namespace moat
