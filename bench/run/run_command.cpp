// SPDX-License-Identifier: Apache-2.0
#include "bench/run/run_command.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <utility>

#include "bench/plugin/describe.hpp"
#include "bench/run/ab.hpp"
#include "bench/run/cpu_option.hpp"
#include "bench/run/number_check.hpp"
#include "bench/run/options.hpp"
#include "bench/run/placement.hpp"
#include "bench/run/problem_options.hpp"
#include "bench/run/run.hpp"
#include "bench/run/threads.hpp"
#include "bench/run/usage_error.hpp"
#include "bench/text/choice.hpp"
#include "bench/text/command_line.hpp"
#include "bench/text/exit_codes.hpp"

namespace moat {
namespace {

constexpr const char* kExamples =
    "examples:\n"
    "  moat run                                     the quick suite on every device\n"
    "  moat run --suite llama3-8b --dtype bf16      the shapes of a model\n"
    "  moat run --case gemm/bf16/m300n500k700       a shape of your own\n"
    "  moat run --model config.json --tp 8          of your model, on one of 8 devices\n"
    "  moat run --cases cases.txt                   shapes of your own, and how often each occurs\n"
    "  moat run --kernel attention --backend cpu    one kernel on one backend\n"
    "  moat run --filter 'gemm/*/m4096*' --budget 5 more time for fewer cases\n"
    "  moat run --export gbench out.json            for tools of Google Benchmark\n"
    "  moat run --plugin libmine.so --case gemm/f32/m512n512k512    your own kernel beside ours\n"
    "  moat run --format markdown                   a table for a document\n"
    "  moat run --ab base/build/bin/moat            this build against another one, in turns\n"
    "\n"
    "Google Benchmark's options work too, with '=': --benchmark_filter=REGEX,\n"
    "--benchmark_repetitions=N, --benchmark_out=FILE, --benchmark_out_format=json|csv|console,\n"
    "--benchmark_format=…, --benchmark_list_tests. REGEX is looked for in what the latter prints,\n"
    "CASE/BACKEND/IMPLEMENTATION: '/moat$' takes our kernels alone, '/product$' a yardstick.\n"
    "\n";

// "IN,OUT,SESSION"
TurnOptions parse_turns(const std::string& text) {
  TurnOptions turns;
  const char* at = text.data();
  const char* end = at + text.size();
  for (int* fd : {&turns.in, &turns.out}) {
    const auto [rest, error] = std::from_chars(at, end, *fd);
    if (error != std::errc() || rest == end || *rest != ',') {
      throw UsageError("--turns: " + text + ": moat run --ab gives it");
    }
    at = rest + 1;
  }
  turns.session.assign(at, end);
  return turns;
}

void add_options(CLI::App& command, RunOptions& o) {
  const std::string which = "Which cases";
  add_problem_options(command, o.problems, which);
  command.add_option("--backend", o.backends, "only these backends, as moat list names them")
      ->group(which);
  command.add_option("--device", o.devices, "only these devices: cpu:0, or BACKEND:INDEX")
      ->group(which);
  command
      .add_flag_callback(
          "--no-baselines", [&o] { o.baselines = false; },
          "time our kernels alone, without the vendor's libraries and the yardsticks")
      ->group(which);

  const std::string how = "How to measure";
  command.add_option("--seed", o.seed, "seed of the random inputs")
      ->check(number_check<std::uint64_t>(0, std::numeric_limits<std::uint64_t>::max()))
      ->capture_default_str()
      ->group(how);
  command
      .add_option("--threads", o.threads,
                  "threads on the CPU (default: all cores). Fewer than there are cores\n"
                  "stay on the same cores throughout")
      ->check(number_check(1, kMostThreads))
      ->group(how);
  add_cpu_option(command, how);
  command.add_option("--budget", o.budget_seconds, "seconds per implementation of a case")
      ->check(number_check(0.001, 86400.0))
      ->group(how);
  command
      .add_option("--samples", o.samples,
                  "at most so many samples per implementation. Samples that other work disturbed\n"
                  "are taken again, and a round is sampled by all that take part in it, with --ab\n"
                  "by both builds, as long as one of them wants more")
      ->check(number_check(1, 1000000))
      ->group(how);
  command
      .add_option("--min-samples", o.min_samples,
                  "at least so many samples per implementation, if they take longer than the\n"
                  "budget, too; at most four times as many are taken for them on a busy machine")
      ->check(number_check(1, 1000000))
      ->group(how);
  command
      .add_flag("--hot", o.hot,
                "operands stay in the cache (default: each call finds its operands in memory)")
      ->group(how);

  command
      .add_option("--ab", o.ab,
                  "another build's moat: both are sampled in turns (ABBA), so that a machine\n"
                  "whose speed drifts cannot favour one, in six processes of each, among which\n"
                  "equal code differs by where it lies (--benchmark_repetitions=N: in N); they\n"
                  "share --budget and --samples, rounded up. Writes base.json (the other build)\n"
                  "and new.json into the folder --out, and prints their comparison. With\n"
                  "--threads below the number of cores both stay on the same cores")
      ->type_name("OTHER_MOAT")
      ->group(how);
  command
      .add_option("--tuned", o.tuned,
                  "what moat tune wrote: where it knows a faster schedule for a case on this\n"
                  "device, our kernel runs with that, too, as moat.SCHEDULE")
      ->type_name("FILE")
      ->group(how);
  const std::string own = "Your own kernel";
  command
      .add_option("--plugin", o.plugins,
                  "a shared library that solves problems as moat/plugin.h says: it is verified as\n"
                  "ours, and timed in the same rounds, in a process of its own. May be repeated")
      ->type_name("FILE")
      ->allow_extra_args(false)
      ->group(own);
  command
      .add_option("--plugin-timeout", o.plugin_seconds,
                  "seconds that a call of a plug-in may take before it costs the plug-in its case")
      ->check(number_check(0.1, 86400.0))
      ->capture_default_str()
      ->group(own);
  command
      .add_option(
          "--command", o.commands,
          "a benchmark of your own, run in a shell for each case: './mine --m {m} --n {n}'.\n"
          "The time that it prints, 'time 1.23 us', is told beside the table; nothing\n"
          "verifies it. May be repeated; --plugin-timeout holds for it, too")
      ->type_name("TEXT")
      ->allow_extra_args(false)
      ->group(own);
  // Between a run and the processes of its plug-ins; not for people.
  command.add_option("--plugin-child", o.plugin_child)->group("");

  // Between the processes of --ab; not for people.
  command
      .add_option_function<std::string>(
          "--turns", [&o](const std::string& text) { o.turns = parse_turns(text); })
      ->group("");

  const std::string output = "Output";
  command
      .add_option("--out", o.out,
                  "folder, or file that ends in .json, for the record; a device, a FIFO or - for\n"
                  "standard output will do, and then the table is on standard error\n"
                  "(default: results/<device>/<UTC time>-<commit>.json)")
      ->type_name("PATH")
      ->group(output);
  command
      .add_flag("--resume", o.resume,
                "continues the record --out FILE.json that an earlier run with the same options\n"
                "left unfinished: measures the cases that it lacks, and those that other work\n"
                "disturbed. Begins it if it is not there.\n"
                "The record is written after each case, so that nothing ends more than one. What\n"
                "another build or other options left is refused")
      ->group(output);
  command
      .add_flag("--progress", o.progress,
                "a line for every case on standard error, also where that is no terminal")
      ->group(output);
  const std::map<std::string, TableFormat> formats = {{"table", TableFormat::table},
                                                      {"markdown", TableFormat::markdown},
                                                      {"csv", TableFormat::csv}};
  command.add_option("--format", o.format, "what to print: table, markdown or csv")
      ->transform(choice(formats))
      ->group(output);
}

}  // namespace

void add_run_command(CLI::App& app, const std::vector<std::string>& arguments, int& exit_code,
                     RunWorld (*world)()) {
  auto options = std::make_shared<RunOptions>();
  auto exports = std::make_shared<std::vector<std::pair<std::string, std::string>>>();
  options->arguments = arguments;
  CLI::App* command =
      app.add_subcommand("run", "verify and time kernels on every device found; write the record");
  command->footer(std::string(kExamples) + kExitCodeHelp);
  add_options(*command, *options);
  command->add_option("--export", *exports, "gbench FILE: the results in Google Benchmark's JSON")
      ->type_name("FORMAT FILE")
      ->group("Output");
  auto describe = std::make_shared<std::string>();
  command->add_option("--plugin-describe", *describe)->group("");
  command->allow_extras();
  command->callback([command, options, exports, describe, &exit_code, world] {
    if (!describe->empty()) {
      exit_code = answer_for_plugin(options->plugins.at(0), *describe);
      return;
    }
    options->google_benchmark = command->remaining();
    for (const std::string& argument : options->google_benchmark) {
      if (!argument.starts_with("--benchmark_")) {
        throw UsageError(unknown_argument(*command, argument) + "; see moat run --help");
      }
    }
    for (const auto& [format, file] : *exports) {
      if (format != "gbench") {
        throw UsageError("--export: format " + format + " is not known; known: gbench");
      }
      if (options->export_gbench) throw UsageError("--export gbench: given twice");
      options->export_gbench = file;
    }
    if (!options->ab && on_the_cpu(*options)) {
      start_again_placed(options->threads, options->arguments);
    }
    exit_code = options->ab ? run_ab(*options) : run(*options, world());
  });
}

}  // namespace moat
