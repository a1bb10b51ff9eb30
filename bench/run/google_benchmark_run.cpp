// SPDX-License-Identifier: Apache-2.0
#include "bench/run/google_benchmark_run.hpp"

#include <benchmark/benchmark.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <memory>
#include <sstream>
#include <string_view>

#include "bench/run/number_check.hpp"
#include "bench/run/usage_error.hpp"
#include "bench/text/suggest.hpp"

namespace moat {
namespace {

constexpr std::string_view kPrefix = "--benchmark_";

constexpr int kMostRepetitions = 1000000;

const std::vector<std::string>& known_flags() {
  static const std::vector<std::string> names = {"color",
                                                 "context",
                                                 "counters_tabular",
                                                 "display_aggregates_only",
                                                 "enable_random_interleaving",
                                                 "filter",
                                                 "format",
                                                 "list_tests",
                                                 "min_time",
                                                 "min_warmup_time",
                                                 "out",
                                                 "out_format",
                                                 "perf_counters",
                                                 "repetitions",
                                                 "report_aggregates_only",
                                                 "time_unit"};
  return names;
}

bool truthy(const std::string& value, const std::string& source) {
  for (const char* yes : {"", "1", "true", "yes", "on"}) {
    if (value == yes) return true;
  }
  for (const char* no : {"0", "false", "no", "off"}) {
    if (value == no) return false;
  }
  throw UsageError(fmt::format("{}: {} is neither true nor false", source, value));
}

// The library itself prints its help and exits with 0 on a value that it does not know.
void require_one_of(const std::vector<std::string>& known, const std::string& value,
                    const std::string& source) {
  if (std::ranges::find(known, value) != known.end()) return;
  throw UsageError(fmt::format("{}: {} is not one of {}", source, value, fmt::join(known, ", ")));
}

// The library's version decides how a run tells its error: a flag, or since 1.8 a kind of skip.
template <class Run>
bool has_error(const Run& run) {
  if constexpr (requires { run.error_occurred; }) {
    return run.error_occurred;
  } else {
    return static_cast<int>(run.skipped) != 0;
  }
}

// Reports under the plain names of cases, without the "/iterations:1/manual_time" that the library
// appends, and without the NaN that it derives from runs that gave no time.
template <class Base>
class CleanReporter final : public Base {
 public:
  using Run = benchmark::BenchmarkReporter::Run;

  // On `stream`, whatever the library sets; on what it sets if that is null.
  template <class... T>
  explicit CleanReporter(std::ostream* stream, T... base) : Base(base...), stream_(stream) {}

  bool ReportContext(const typename Base::Context& context) override {
    if (stream_ != nullptr) Base::SetOutputStream(stream_);
    return Base::ReportContext(context);
  }

  void ReportRuns(const std::vector<Run>& runs) override {
    std::vector<Run> clean;
    for (Run run : runs) {
      run.run_name.iterations.clear();
      run.run_name.repetitions.clear();
      run.run_name.time_type.clear();
      if (has_error(run)) {
        run.iterations = 1;
        run.real_accumulated_time = run.cpu_accumulated_time = 0;
      }
      if (std::isfinite(run.GetAdjustedRealTime()) && std::isfinite(run.GetAdjustedCPUTime())) {
        clean.push_back(std::move(run));
      }
    }
    if (!clean.empty()) Base::ReportRuns(clean);
  }

 private:
  std::ostream* stream_;
};

class NoReporter final : public benchmark::BenchmarkReporter {
 public:
  bool ReportContext(const Context&) override { return true; }
  void ReportRuns(const std::vector<Run>&) override {}
};

std::unique_ptr<benchmark::BenchmarkReporter> make_reporter(const std::string& format,
                                                            std::ostream* stream = nullptr) {
  if (format == "csv") {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
    return std::make_unique<CleanReporter<benchmark::CSVReporter>>(stream);
#pragma GCC diagnostic pop
  }
  if (format == "console") {
    return std::make_unique<CleanReporter<benchmark::ConsoleReporter>>(
        stream, benchmark::ConsoleReporter::OO_None);
  }
  return std::make_unique<CleanReporter<benchmark::JSONReporter>>(stream);
}

void run_entry(benchmark::State& state, const Entry& entry, int repetition) {
  const EntryResult result = entry.measure(repetition);
  if (!result.error.empty()) {
    state.SkipWithError(result.error.c_str());
    return;
  }
  for ([[maybe_unused]] const auto iteration : state) state.SetIterationTime(result.seconds);
  state.counters["FLOP/s"] = result.flops_per_second;
  state.counters["bytes/s"] = result.bytes_per_second;
}

}  // namespace

GoogleBenchmarkFlags::GoogleBenchmarkFlags(const std::vector<std::string>& arguments) {
  for (const auto& name : known_flags()) {
    std::string variable = "BENCHMARK_" + name;
    std::ranges::transform(variable, variable.begin(),
                           [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
    if (const char* value = std::getenv(variable.c_str())) {
      take(name, value, "environment variable " + variable);
      // Read here; the library would read it again.
      unsetenv(variable.c_str());
    }
  }
  for (const auto& argument : arguments) {
    if (!argument.starts_with(kPrefix)) {
      throw UsageError(fmt::format("unknown argument {}; see moat run --help", argument));
    }
    const auto equals = argument.find('=');
    const std::string name = argument.substr(
        kPrefix.size(), equals == std::string::npos ? std::string::npos : equals - kPrefix.size());
    const auto& known = known_flags();
    if (std::ranges::find(known, name) == known.end()) {
      throw UsageError(fmt::format("Google Benchmark has no option {}{}{}", kPrefix, name,
                                   suggestion(name, known)));
    }
    if (name == "filter" && equals == std::string::npos) {
      throw UsageError(fmt::format("{0}: give an expression, {0}=REGEX", argument));
    }
    take(name, equals == std::string::npos ? "" : argument.substr(equals + 1),
         std::string(kPrefix) + name);
  }
}

void GoogleBenchmarkFlags::take(const std::string& name, const std::string& value,
                                const std::string& source) {
  if (name == "min_time" || name == "min_warmup_time") {
    throw UsageError(fmt::format(
        "{} has no effect: warm-up and samples are moat's own; use --budget SECONDS", source));
  }
  if (name == "list_tests") {
    list_only_ = truthy(value, source);
    return;
  }
  if (name == "filter") {
    inverted_ = value.starts_with('-');
    const std::string expression = inverted_ ? value.substr(1) : value;
    filter_.reset();
    if (expression.empty() || expression == "all") return;
    try {
      filter_.emplace(expression, std::regex::extended);
    } catch (const std::regex_error& e) {
      throw UsageError(
          fmt::format("{}: {} is not a regular expression: {}", source, expression, e.what()));
    }
    return;
  }
  if (name == "repetitions") {
    const auto number = plain_number<int>(value);
    if (!number || *number < 1 || *number > kMostRepetitions) {
      throw UsageError(
          fmt::format("{}: \"{}\" {}", source, value, number_wanted(1, kMostRepetitions)));
    }
    repetitions_ = *number;
    return;
  }
  if (name == "out") {
    if (value.empty()) throw UsageError(fmt::format("{}: give a file, {}=FILE", source, source));
    out_ = value;
    return;
  }
  if (name == "out_format") {
    require_one_of({"console", "json", "csv"}, value, source);
    out_format_ = value;
    return;
  }
  if (name == "format") {
    require_one_of({"console", "json", "csv"}, value, source);
    format_ = value;
  }
  for (const char* yes_or_no : {"counters_tabular", "display_aggregates_only",
                                "enable_random_interleaving", "report_aggregates_only"}) {
    if (name == yes_or_no) truthy(value, source);
  }
  if (name == "time_unit") require_one_of({"ns", "us", "ms", "s"}, value, source);
  forwarded_.push_back(value.empty() ? fmt::format("{}{}", kPrefix, name)
                                     : fmt::format("{}{}={}", kPrefix, name, value));
}

bool GoogleBenchmarkFlags::selects(const std::string& name) const {
  return !filter_ || std::regex_search(name, *filter_) != inverted_;
}

void initialize_google_benchmark(const GoogleBenchmarkFlags& flags) {
  static std::string program = "moat";  // the library keeps a pointer to it
  // Its flags are global and keep the values of an earlier run.
  std::vector<std::string> arguments = {
      fmt::format("{}repetitions={}", kPrefix, flags.repetitions()),
      // What it writes there itself it does not check. The text comes back to the caller instead.
      fmt::format("{}out={}", kPrefix, flags.out().empty() ? "" : "/dev/null"),
      fmt::format("{}out_format={}", kPrefix, flags.out_format())};
  arguments.insert(arguments.end(), flags.forwarded().begin(), flags.forwarded().end());
  std::vector<char*> argv = {program.data()};
  for (auto& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);
  int argc = static_cast<int>(argv.size()) - 1;
  benchmark::Initialize(&argc, argv.data());
  if (argc > 1) throw UsageError(fmt::format("Google Benchmark does not take {}", argv[1]));
}

std::string run_google_benchmark(const GoogleBenchmarkFlags& flags,
                                 const std::vector<Entry>& entries, std::ostream& out) {
  for (const Entry& entry : entries) {
    benchmark::RegisterBenchmark(
        entry.name.c_str(),
        [&entry, count = 0](benchmark::State& state) mutable { run_entry(state, entry, count++); })
        ->Iterations(1)
        ->UseManualTime();
  }
  std::unique_ptr<benchmark::BenchmarkReporter> display = std::make_unique<NoReporter>();
  if (const auto& format = flags.format()) display = make_reporter(*format);
  display->SetOutputStream(&out);
  std::ostringstream text;
  const auto file = flags.out().empty() ? nullptr : make_reporter(flags.out_format(), &text);
  benchmark::RunSpecifiedBenchmarks(display.get(), file.get());
  benchmark::ClearRegisteredBenchmarks();
  return text.str();
}

}  // namespace moat
