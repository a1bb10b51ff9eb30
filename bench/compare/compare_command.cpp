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

#include "bench/compare/across.hpp"
#include "bench/compare/exit_codes.hpp"
#include "bench/compare/format.hpp"
#include "bench/record/file.hpp"
#include "bench/record/say.hpp"
#include "bench/record/standard_streams.hpp"
#include "bench/run/grid.hpp"
#include "bench/run/number_check.hpp"
#include "bench/run/progress.hpp"
#include "bench/run/terminal.hpp"
#include "bench/run/usage_error.hpp"

namespace moat {
namespace {

constexpr const char* kFooter =
    R"(BASE and NEW are records of moat run, or folders of them: several runs of one build show the
noise between runs, which a single run cannot.

A case is slower only if the whole 95 % interval of new time / base time, from resampling blocks of
samples, lies beyond the threshold. The noise floor is what comparisons of equal code within these
records differ by: parts of a series, runs of one side, the libraries on both sides. A gate below it
is refused. On a machine whose speed drifts measure both builds in turns: moat run --ab.

examples:
  moat compare base.json new.json                     what changed
  moat compare base.json new.json --gate 5%           fail if a kernel is over 5 % slower
  moat compare base/ new/ --gate 3% --format junit --out compare.xml
  moat compare base.json new.json --format markdown   for a pull request
  moat compare --across results/ --baseline cuda      devices against one of them

)";

struct Options {
  std::vector<std::filesystem::path> records;
  std::string gate;
  std::string threshold;
  std::string baseline;
  std::optional<std::filesystem::path> out;
  CompareFormat format = CompareFormat::table;
  bool across = false;
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
  std::unique_ptr<Progress> progress;
  return read_records(paths, [&](std::size_t i, std::size_t count) {
    if (count < 5) return;
    if (!progress) progress = std::make_unique<Progress>(clock, static_cast<int>(count));
    progress->step(fmt::format("reading record {}", i + 1));
  });
}

bool colored(const Options& options) { return !options.out && color_wanted(); }

int run_across(const Options& options) {
  if (!options.gate.empty() || !options.threshold.empty()) {
    throw UsageError("--across compares devices and judges none: leave --gate and --threshold out");
  }
  if (options.format == CompareFormat::junit || options.format == CompareFormat::github) {
    throw UsageError("--across prints table, markdown or json");
  }
  const Across across = compare_across(read(options.records), options.baseline, options.bootstrap);
  print(options, format_across(across, options.format, colored(options)));
  return kCompareOk;
}

int run_compare(const Options& options) {
  if (options.records.size() != 2) {
    throw UsageError(fmt::format(
        "moat compare takes BASE and NEW, not {} paths; a folder stands for several runs, and "
        "--across takes any number",
        options.records.size()));
  }
  if (!options.baseline.empty()) throw UsageError("--baseline belongs to --across");
  const bool gate = !options.gate.empty();
  CompareOptions compare{.threshold = {}, .bootstrap = options.bootstrap};
  if (gate && !options.threshold.empty()) {
    throw UsageError("--gate is a threshold itself: leave --threshold out");
  }
  if (gate) compare.threshold = parse_threshold(options.gate);
  if (!options.threshold.empty()) compare.threshold = parse_threshold(options.threshold);

  const Comparison comparison =
      compare_records(read({options.records[0]}), read({options.records[1]}), compare);
  if (comparison.count(Verdict::missing) == static_cast<int>(comparison.cases.size())) {
    say("moat: {} and {} have no case in common\n", options.records[0].string(),
        options.records[1].string());
    return kCompareNothing;
  }
  const int exit_code = gate ? gate_exit_code(comparison) : kCompareOk;
  if (exit_code == kCompareNoise) {
    const bool paired = std::ranges::any_of(comparison.cases, &CaseComparison::paired);
    if (comparison.floor) {
      say("moat: --gate {} is below the noise floor of {:.1f} %: comparisons of equal code "
          "within these records differ by that much. Raise the gate, give the runs more "
          "--budget{}.\n",
          options.gate, 100 * *comparison.floor,
          paired ? ", or use a quieter machine"
                 : ", compare folders of several runs, or measure in turns with moat run "
                   "--ab");
    } else {
      say("moat: --gate {}: the noise floor is unknown, because no series has 8 samples. "
          "Give the runs more --budget.\n",
          options.gate);
    }
    return exit_code;
  }
  print(options, format_comparison(comparison, options.format, gate, colored(options)));
  if (exit_code == kCompareOk) return exit_code;
  for (const auto& c : comparison.cases) {
    if (!c.gated) continue;
    if (c.verdict == Verdict::slower || c.broken || c.only_base ||
        c.verdict == Verdict::incomparable) {
      say("moat: gate: {} is {}{}{}\n", c.name, name_of(c.verdict), c.reason.empty() ? "" : ": ",
          c.reason);
    }
  }
  return exit_code;
}

}  // namespace

double parse_threshold(const std::string& text) {
  const auto bad = [&](const char* why) {
    return UsageError(fmt::format("{}: {}; write a threshold as 5%", text, why));
  };
  double value = 0;
  const char* end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc()) throw bad("not a number");
  std::string unit(rest, end);
  std::erase(unit, ' ');
  if (unit == "%") {
    value /= 100;
  } else if (!unit.empty()) {
    throw bad("not a share");
  } else if (value >= 1) {
    throw bad("without % it is a share, and 1 or more is no threshold");
  }
  if (!(value > 0) || value > 10) throw bad("it must lie above 0 and at most at 1000 %");
  return value;
}

int gate_exit_code(const Comparison& comparison) {
  const auto any = [&](auto&& is) {
    return std::ranges::any_of(comparison.cases,
                               [&](const CaseComparison& c) { return c.gated && is(c); });
  };
  const bool judged = any([](const auto& c) { return c.ratio.has_value(); });
  if (judged && !(comparison.threshold >= comparison.floor.value_or(INFINITY))) {
    return kCompareNoise;
  }
  if (any([](const auto& c) { return c.verdict == Verdict::slower; })) return kCompareSlower;
  if (any([](const auto& c) { return c.broken || c.only_base; })) return kCompareUnverified;
  if (any([](const auto& c) { return c.verdict == Verdict::incomparable; })) {
    return kCompareIncomparable;
  }
  return kCompareOk;
}

void add_compare_command(CLI::App& app, int& exit_code) {
  auto options = std::make_shared<Options>();
  CLI::App* command =
      app.add_subcommand("compare", "what changed between records, and a gate for CI");
  command->footer(std::string(kFooter) + kCompareExitHelp);
  command->add_option("records", options->records, "BASE and NEW: records, or folders of them")
      ->type_name("BASE NEW")
      ->required();
  command
      ->add_option("--gate", options->gate,
                   "exit 1 if one of our kernels is slower by more than this: 5%")
      ->type_name("SHARE");
  command
      ->add_option("--threshold", options->threshold,
                   "smallest change that counts (default: 2%, or the noise floor if larger)")
      ->type_name("SHARE");
  command->add_flag("--across", options->across,
                    "compare the devices of the records instead: speed per kernel and overall");
  command->add_option("--baseline", options->baseline,
                      "of --across: a backend or a part of a device's name (default: cuda)");
  const std::map<std::string, CompareFormat> formats = {{"table", CompareFormat::table},
                                                        {"markdown", CompareFormat::markdown},
                                                        {"json", CompareFormat::json},
                                                        {"junit", CompareFormat::junit},
                                                        {"github", CompareFormat::github}};
  command->add_option("--format", options->format, "table, markdown, json, junit or github")
      ->transform(CLI::CheckedTransformer(formats).description(""));
  command->add_option("--out", options->out,
                      "a file instead of standard output; a device or FIFO will do");
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
      exit_code = options->across ? run_across(*options) : run_compare(*options);
    } catch (const RecordError& e) {
      say("moat: {}\n", e.what());
      exit_code = kCompareUnreadable;
    }
  });
}

}  // namespace moat
