// SPDX-License-Identifier: Apache-2.0
#include "bench/compare/compare_command.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <utility>

#include "bench/cases/case.hpp"
#include "bench/compare/across.hpp"
#include "bench/compare/beside.hpp"
#include "bench/compare/comparison.hpp"
#include "bench/compare/format.hpp"
#include "bench/compare/gate.hpp"
#include "bench/port/baseline.hpp"
#include "bench/record/file.hpp"
#include "bench/record/provenance.hpp"
#include "bench/record/say.hpp"
#include "bench/record/standard_streams.hpp"
#include "bench/run/case_records.hpp"
#include "bench/run/number_check.hpp"
#include "bench/run/usage_error.hpp"
#include "bench/text/choice.hpp"
#include "bench/text/exit_codes.hpp"
#include "bench/text/progress.hpp"
#include "bench/text/terminal.hpp"

namespace moat {
namespace {

constexpr const char* kFooter =
    R"(BASE and NEW are records of moat run, or folders of them: several runs of one build show the
noise between runs, which a single run cannot.

A case is slower only if the whole 95 % interval of new time / base time, from resampling blocks of
samples, lies beyond the threshold. The noise floor is what comparisons of equal code within these
records differ by: parts of a series, runs of one side, the libraries on both sides. A gate below it
is refused. What a gate cannot judge does not pass: it has exit code 9. A case that only NEW has
passes, since there is nothing to compare it with. On a machine whose speed drifts measure both
builds in turns: moat run --ab.

examples:
  moat compare base.json new.json                     what changed
  moat compare base.json new.json --gate 5%           fail if a kernel is over 5 % slower
  moat compare base/ new/ --gate 3% --format junit --out compare.xml
  moat compare base.json new.json --format markdown   for a pull request
  moat compare --across one.json other.json           devices against one of them
  moat compare --libraries record.json                ours beside the libraries of the run

)";

struct Options {
  std::vector<std::filesystem::path> records;
  std::optional<std::string> gate;
  std::optional<std::string> threshold;
  std::optional<std::string> baseline;
  std::optional<std::string> rate_of;
  std::optional<std::filesystem::path> out;
  CompareFormat format = CompareFormat::table;
  bool across = false;
  bool libraries = false;
  BootstrapOptions bootstrap;
};

void print(const Options& options, const std::string& text) {
  if (options.out) {
    write_file(*options.out, text);
  } else {
    print_out(text);
  }
}

std::vector<NamedRecord> read(const std::vector<std::filesystem::path>& paths) {
  SteadyClock clock;
  Progress progress(clock);
  return read_records(paths, [&](std::size_t i, std::size_t count) {
    if (count >= 5) progress.step(i + 1, count, fmt::format("reading record {}", i + 1));
  });
}

bool colored(const Options& options) { return !options.out && color_wanted(); }

int run_across(const Options& options) {
  if (options.gate || options.threshold) {
    throw UsageError("--across compares devices and judges none: leave --gate and --threshold out");
  }
  if (options.rate_of) throw UsageError("--rate-of belongs to --libraries");
  if (options.format == CompareFormat::junit || options.format == CompareFormat::github) {
    throw UsageError("--across prints table, markdown or json");
  }
  const Across across =
      compare_across(read(options.records), options.baseline.value_or(""), options.bootstrap);
  print(options, format_across(across, options.format, colored(options)));
  return kCompareOk;
}

// Refuses what is no case; says so if no record has the case, to which nothing is related then.
void check_rate_of(const std::vector<NamedRecord>& records, const std::string& problem) {
  try {
    parse_case(problem);
  } catch (const CaseError& e) {
    throw UsageError(fmt::format("--rate-of: {}", e.what()));
  }
  const auto ours = [&](const CaseRecord& c) {
    return c.problem == problem && c.implementation == kOurs;
  };
  if (std::ranges::none_of(records, [&](const NamedRecord& r) {
        return std::ranges::any_of(r.record.cases, ours);
      })) {
    say("moat: note: no record has {} of ours: nothing is related to it\n", problem);
  }
}

int run_libraries(const Options& options) {
  if (options.gate || options.baseline) {
    throw UsageError("--libraries judges within a record: leave --gate and --baseline out");
  }
  if (options.format == CompareFormat::junit || options.format == CompareFormat::github) {
    throw UsageError("--libraries prints table, markdown or json");
  }
  const double threshold =
      options.threshold ? parse_threshold("--threshold", *options.threshold) : kDefaultThreshold;
  std::vector<RecordBeside> records;
  const std::vector<NamedRecord> named = read(options.records);
  if (options.rate_of) check_rate_of(named, *options.rate_of);
  for (const auto& [path, record] : named) {
    auto entries = beside(record, options.rate_of.value_or(""), threshold, options.bootstrap);
    std::erase_if(entries, [](const Beside& b) { return is_ours(b.other); });
    records.push_back({path, build_warning(record.build), unfinished(record), std::move(entries)});
  }
  print(options, format_beside(records, options.format, colored(options)));
  return kCompareOk;
}

// Runs beside themselves have no difference to find, whatever was built: a wrong path, and no
// judgement.
void refuse_same_runs(const std::vector<NamedRecord>& base, const std::vector<NamedRecord>& now) {
  const auto known = [&](const NamedRecord& n) {
    return std::ranges::any_of(base, [&](const NamedRecord& b) {
      return b.record.run.started == n.record.run.started && to_text(b.record) == to_text(n.record);
    });
  };
  if (!now.empty() && std::ranges::all_of(now, known)) {
    throw UsageError(fmt::format("{} and {} are the same run; --gate judges two", base.front().path,
                                 now.front().path));
  }
}

int run_compare(const Options& options) {
  if (options.records.size() != 2) {
    throw UsageError(fmt::format(
        "moat compare takes BASE and NEW, not {} paths; a folder stands for several runs, and "
        "--across takes any number",
        options.records.size()));
  }
  if (options.baseline) throw UsageError("--baseline belongs to --across");
  if (options.rate_of) throw UsageError("--rate-of belongs to --libraries");
  CompareOptions compare{.threshold = {}, .bootstrap = options.bootstrap};
  if (options.gate && options.threshold) {
    throw UsageError("--gate is a threshold itself: leave --threshold out");
  }
  if (options.gate) compare.threshold = parse_threshold("--gate", *options.gate);
  if (options.threshold) compare.threshold = parse_threshold("--threshold", *options.threshold);

  const auto base = read({options.records[0]});
  const auto now = read({options.records[1]});
  if (options.gate) refuse_same_runs(base, now);
  const Comparison comparison = compare_records(base, now, compare);
  const auto gate = options.gate ? std::optional(judge_gate(comparison)) : std::nullopt;
  const bool nothing =
      comparison.count(Verdict::missing) == static_cast<int>(comparison.cases.size());
  if (gate || !nothing) {
    print(options, format_comparison(comparison, options.format, gate, colored(options)));
  }
  if (nothing) {
    say("moat: {} and {} have no case in common\n", options.records[0].string(),
        options.records[1].string());
    return kCompareNothing;
  }
  if (!gate || gate->passed()) return kCompareOk;
  if (gate->refused()) say("moat: --gate {} is {}.\n", *options.gate, gate->verdict);
  for (const auto& line : why_not_passed(comparison, *gate)) say("moat: {}\n", line);
  return gate->exit_code;
}

}  // namespace

double parse_threshold(const std::string& option, const std::string& text) {
  const auto bad = [&](const char* why) {
    return UsageError(fmt::format("{}: {}: {}; write a threshold as 5%", option, text, why));
  };
  double value = 0;
  const char* end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc()) throw bad("not a number");
  const std::string unit(rest, end);
  if (unit == "%" || unit == " %") {
    value /= 100;
  } else if (!unit.empty()) {
    throw bad("not a share");
  } else if (value >= 1) {
    throw bad("without % it is a share, and 1 or more is no threshold");
  }
  if (!(value > 0) || value > 10) throw bad("it must lie above 0 and at most at 1000 %");
  return value;
}

void add_compare_command(CLI::App& app, int& exit_code) {
  auto options = std::make_shared<Options>();
  CLI::App* command =
      app.add_subcommand("compare", "what changed between records, and a gate for CI");
  command->footer(std::string(kFooter) + kCompareExitHelp);
  command->add_option("RECORD", options->records, "BASE and NEW: records, or folders of them")
      ->type_name("BASE NEW")
      ->required();
  command
      ->add_option("--gate", options->gate,
                   "exit 1 if one of our kernels is slower by more than this, 9 if one cannot\n"
                   "be judged: 5%")
      ->type_name("SHARE");
  command
      ->add_option("--threshold", options->threshold,
                   "smallest change that counts (default: 2%, or the noise floor if larger)")
      ->type_name("SHARE");
  command->add_flag("--across", options->across,
                    "compare the devices of the records instead: speed per kernel and overall");
  command
      ->add_option("--baseline", options->baseline,
                   fmt::format("of --across: a backend or a part of a device's name (default: "
                               "{}, as for ports)",
                               kBaseline))
      ->type_name("NAME");
  command->add_flag("--libraries", options->libraries,
                    "compare ours with the libraries and yardsticks of the same record instead");
  command
      ->add_option("--rate-of", options->rate_of,
                   "of --libraries: relate our FLOP/s to ours of this problem, too")
      ->type_name("PROBLEM");
  const std::map<std::string, CompareFormat> formats = {{"table", CompareFormat::table},
                                                        {"markdown", CompareFormat::markdown},
                                                        {"json", CompareFormat::json},
                                                        {"junit", CompareFormat::junit},
                                                        {"github", CompareFormat::github}};
  command->add_option("--format", options->format, "table, markdown, json, junit or github")
      ->transform(choice(formats));
  command
      ->add_option("--out", options->out,
                   "a file instead of standard output; a device or FIFO will do")
      ->type_name("FILE");
  command->add_option("--seed", options->bootstrap.seed, "seed of the resampling")
      ->check(number_check<std::uint64_t>(0, std::numeric_limits<std::uint64_t>::max()))
      ->capture_default_str();
  command->add_option("--resamples", options->bootstrap.resamples, "resamples of an interval")
      ->capture_default_str()
      ->check(number_check(100, 1000000));
  command->callback([options, &exit_code] {
    if (options->out) {
      require_no_input(*options->out, options->records);
      require_writable(*options->out);
    }
    try {
      if (options->across && options->libraries) {
        throw UsageError("--across and --libraries are two questions: ask one at a time");
      }
      exit_code = options->across      ? run_across(*options)
                  : options->libraries ? run_libraries(*options)
                                       : run_compare(*options);
    } catch (const RecordError& e) {
      say("moat: {}\n", e.what());
      exit_code = kCompareUnreadable;
    }
  });
}

}  // namespace moat
