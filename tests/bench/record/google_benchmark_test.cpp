// SPDX-License-Identifier: Apache-2.0
#include "bench/record/google_benchmark.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/bench/record/sample_record.hpp"

namespace moat {
namespace {

TEST(GoogleBenchmark, HasTheFieldsThatItsToolsRead) {
  const Json json = parse_strict(dump_strict(to_google_benchmark(sample_record())));
  for (const char* key : {"date", "host_name", "executable", "num_cpus", "mhz_per_cpu",
                          "cpu_scaling_enabled", "caches", "load_avg", "library_build_type"}) {
    EXPECT_TRUE(json["context"].contains(key)) << key;
  }
  const Json& first = json["benchmarks"][0];
  EXPECT_EQ(first["name"], "gemm/f32/m64n64k64/cpu/moat");
  EXPECT_EQ(first["run_name"], first["name"]);
  EXPECT_EQ(first["run_type"], "iteration");
  EXPECT_EQ(first["repetitions"], 1);
  EXPECT_EQ(first["repetition_index"], 0);
  EXPECT_EQ(first["iterations"], 3);
  EXPECT_EQ(first["time_unit"], "ns");
  EXPECT_DOUBLE_EQ(first["real_time"], 2e6);
  EXPECT_DOUBLE_EQ(first["cpu_time"], 2e6);
  EXPECT_DOUBLE_EQ(first["items_per_second"], 1e9);
  EXPECT_DOUBLE_EQ(first["bytes_per_second"], 5e8);
}

TEST(GoogleBenchmark, FailedCaseIsAnErrorWithTimesOfZero) {
  const Json failed = to_google_benchmark(sample_record())["benchmarks"][2];
  EXPECT_EQ(failed["error_occurred"], true);
  EXPECT_EQ(failed["error_message"], "wrong at 17");
  // Without them Bencher refuses the whole file.
  EXPECT_EQ(failed.at("real_time"), 0);
  EXPECT_EQ(failed.at("cpu_time"), 0);
  EXPECT_EQ(failed.at("time_unit"), "ns");
  EXPECT_EQ(failed.at("iterations"), 0);
}

TEST(GoogleBenchmark, SeveralRepetitionsHaveAggregates) {
  Record record = sample_record();
  CaseRecord& c = record.cases[0];
  c.series.push_back(c.series[0]);
  c.series[1].seconds = {4e-3};
  const Json benchmarks = to_google_benchmark(record)["benchmarks"];
  EXPECT_EQ(benchmarks[0]["repetitions"], 2);
  EXPECT_EQ(benchmarks[1]["repetition_index"], 1);
  EXPECT_EQ(benchmarks[2]["name"], "gemm/f32/m64n64k64/cpu/moat_mean");
  EXPECT_EQ(benchmarks[2]["run_type"], "aggregate");
  EXPECT_DOUBLE_EQ(benchmarks[2]["real_time"], 3e6);
  EXPECT_EQ(benchmarks[4]["aggregate_name"], "stddev");
  EXPECT_NEAR(benchmarks[4]["real_time"], 1e6 * 1.41421356, 1);
  EXPECT_EQ(benchmarks[5]["aggregate_unit"], "percentage");
}

}  // namespace
}  // namespace moat
