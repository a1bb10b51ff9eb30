// SPDX-License-Identifier: Apache-2.0
#include "bench/run/google_benchmark_run.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <sstream>

#include "bench/record/strict_json.hpp"
#include "bench/run/usage_error.hpp"

namespace moat {
namespace {

TEST(GoogleBenchmarkFlags, FilterIsARegularExpression) {
  const GoogleBenchmarkFlags some({"--benchmark_filter=gemm/.*/moat$"});
  EXPECT_TRUE(some.selects("gemm/f32/m1n1k1/cpu/moat"));
  EXPECT_FALSE(some.selects("gemm/f32/m1n1k1/cpu/onednn"));
  const GoogleBenchmarkFlags others({"--benchmark_filter=-gemm"});
  EXPECT_FALSE(others.selects("gemm/f32/m1n1k1/cpu/moat"));
  EXPECT_TRUE(others.selects("sum/f32/n1/cpu/moat"));
  EXPECT_TRUE(GoogleBenchmarkFlags({"--benchmark_filter=all"}).selects("x"));
  EXPECT_TRUE(GoogleBenchmarkFlags({}).selects("x"));
}

TEST(GoogleBenchmarkFlags, ReadsWhatMoatNeeds) {
  const GoogleBenchmarkFlags f({"--benchmark_repetitions=3", "--benchmark_list_tests",
                                "--benchmark_out=x.csv", "--benchmark_out_format=csv",
                                "--benchmark_format=console"});
  EXPECT_EQ(f.repetitions(), 3);
  EXPECT_TRUE(f.list_only());
  EXPECT_EQ(f.out(), "x.csv");
  EXPECT_EQ(f.out_format(), "csv");
  EXPECT_EQ(f.format(), "console");
  EXPECT_FALSE(GoogleBenchmarkFlags({"--benchmark_list_tests=false"}).list_only());
}

TEST(GoogleBenchmarkFlags, ReadsTheEnvironment) {
  setenv("BENCHMARK_REPETITIONS", "4", 1);
  EXPECT_EQ(GoogleBenchmarkFlags({}).repetitions(), 4);
  setenv("BENCHMARK_REPETITIONS", "4", 1);
  EXPECT_EQ(GoogleBenchmarkFlags({"--benchmark_repetitions=2"}).repetitions(), 2);
  unsetenv("BENCHMARK_REPETITIONS");
}

TEST(GoogleBenchmarkFlags, RefusesWithTheReason) {
  const std::vector<std::pair<std::string, std::string>> bad = {
      {"--benchmrk_filter=x", "unknown argument --benchmrk_filter=x"},
      {"extra", "unknown argument extra"},
      {"--benchmark_repetition=2", "Did you mean repetitions?"},
      {"--benchmark_repetitions=0", "\"0\" is not a whole number from 1"},
      {"--benchmark_repetitions=2x", "\"2x\" is not a whole number"},
      {"--benchmark_repetitions=+2", "is not a whole number"},
      {"--benchmark_repetitions= 2", "is not a whole number"},
      {"--benchmark_repetitions=0x2", "is not a whole number"},
      {"--benchmark_repetitions=99999999999", "is not a whole number"},
      {"--benchmark_counters_tabular=maybe", "neither true nor false"},
      {"--benchmark_filter=(", "( is not a regular expression"},
      {"--benchmark_out=", "give a file"},
      {"--benchmark_out_format=xml", "xml is not one of console, json, csv"},
      {"--benchmark_format=xml", "xml is not one of console, json, csv"},
      {"--benchmark_time_unit=hours", "hours is not one of ns, us, ms, s"},
      {"--benchmark_list_tests=maybe", "neither true nor false"},
      {"--benchmark_min_time=1", "use --budget"},
      {"--benchmark_min_warmup_time=1", "use --budget"},
  };
  for (const auto& [argument, reason] : bad) {
    try {
      const GoogleBenchmarkFlags flags({argument});
      ADD_FAILURE() << argument << " was accepted";
    } catch (const UsageError& e) {
      EXPECT_NE(std::string(e.what()).find(reason), std::string::npos) << e.what();
    }
  }
}

// The library's own file: plain names, every repetition, aggregates, errors without NaN.
TEST(GoogleBenchmarkRun, WritesItsFile) {
  const GoogleBenchmarkFlags flags({"--benchmark_out=f", "--benchmark_repetitions=2"});
  std::vector<int> repetitions;
  std::vector<Entry> entries;
  entries.push_back({"sum/f32/n1/cpu/moat", [&](int repetition) {
                       repetitions.push_back(repetition);
                       return EntryResult{.seconds = 1e-3 * (1 + repetition),
                                          .flops_per_second = 2e9,
                                          .bytes_per_second = 3e9,
                                          .error = ""};
                     }});
  entries.push_back({"sum/f32/n1/cpu/plain", [](int) {
                       return EntryResult{.seconds = 0,
                                          .flops_per_second = 0,
                                          .bytes_per_second = 0,
                                          .error = "wrong at element 3"};
                     }});
  initialize_google_benchmark(flags);
  std::ostringstream out;
  const std::string text = run_google_benchmark(flags, entries, out);
  EXPECT_TRUE(out.str().empty());
  EXPECT_EQ(repetitions, (std::vector<int>{0, 1}));

  const Json json = parse_strict(text);
  const Json& first = json["benchmarks"][0];
  EXPECT_EQ(first["name"], "sum/f32/n1/cpu/moat");
  EXPECT_NEAR(first["real_time"], 1e6, 1);
  EXPECT_EQ(json["benchmarks"][1]["repetition_index"], 1);
  bool mean = false;
  bool error = false;
  for (const Json& b : json["benchmarks"]) {
    mean = mean || (b["name"] == "sum/f32/n1/cpu/moat_mean" && b["real_time"] == 1.5e6);
    if (b.value("error_message", "") != "wrong at element 3") continue;
    error = true;
    // Readers such as Bencher's want these beside every name.
    EXPECT_EQ(b.at("real_time"), 0);
    EXPECT_EQ(b.at("cpu_time"), 0);
    EXPECT_EQ(b.at("time_unit"), "ns");
    EXPECT_EQ(b.at("error_occurred"), true);
  }
  EXPECT_TRUE(mean);
  EXPECT_TRUE(error);
}

TEST(GoogleBenchmarkRun, RefusesValuesThatTheLibraryDoesNotTake) {
  const GoogleBenchmarkFlags flags({"--benchmark_context=novalue"});
  EXPECT_THROW(initialize_google_benchmark(flags), UsageError);
}

}  // namespace
}  // namespace moat
