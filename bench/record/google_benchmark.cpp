// SPDX-License-Identifier: Apache-2.0
#include "bench/record/google_benchmark.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <numeric>

#include "bench/measure/statistics.hpp"
#include "bench/record/provenance.hpp"

namespace moat {
namespace {

constexpr double kNanoseconds = 1e9;

Json entry(const CaseRecord& c, int family, int repetitions) {
  return {{"name", c.name},     {"family_index", family},  {"per_family_instance_index", 0},
          {"run_name", c.name}, {"run_type", "iteration"}, {"repetitions", repetitions},
          {"threads", 1}};
}

void add_times(Json& e, double seconds) {
  e["real_time"] = seconds * kNanoseconds;
  e["cpu_time"] = seconds * kNanoseconds;
  e["time_unit"] = "ns";
}

Json series_entry(const CaseRecord& c, const SeriesRecord& series, int family, int repetitions,
                  int index) {
  const double median = summarize(series.seconds).median;
  Json e = entry(c, family, repetitions);
  e["repetition_index"] = index;
  e["iterations"] = static_cast<std::int64_t>(series.seconds.size()) * series.calls_per_sample;
  add_times(e, median);
  if (c.flops > 0) e["items_per_second"] = c.flops / median;
  e["bytes_per_second"] = c.bytes / median;
  return e;
}

void add_aggregates(Json& benchmarks, const CaseRecord& c, int family) {
  std::vector<double> medians;
  medians.reserve(c.series.size());
  for (const auto& s : c.series) medians.push_back(summarize(s.seconds).median);
  const auto count = static_cast<double>(medians.size());
  const double mean = std::accumulate(medians.begin(), medians.end(), 0.0) / count;
  double squares = 0;
  for (const double m : medians) squares += (m - mean) * (m - mean);
  const double deviation = std::sqrt(squares / (count - 1));
  const auto add = [&](const char* name, const char* unit, double value) {
    Json e = entry(c, family, static_cast<int>(medians.size()));
    e["name"] = fmt::format("{}_{}", c.name, name);
    e["run_type"] = "aggregate";
    e["aggregate_name"] = name;
    e["aggregate_unit"] = unit;
    e["iterations"] = medians.size();
    if (std::string_view(unit) == "percentage") {
      e["real_time"] = value;
      e["cpu_time"] = value;
      e["time_unit"] = "ns";
    } else {
      add_times(e, value);
    }
    benchmarks.push_back(std::move(e));
  };
  add("mean", "time", mean);
  add("median", "time", summarize(medians).median);
  add("stddev", "time", deviation);
  add("cv", "percentage", deviation / mean);
}

}  // namespace

Json to_google_benchmark(const Record& record) {
  Json context = {
      {"date", record.run.started},
      {"host_name", record.host.name.value.value_or("unknown")},
      {"executable", record.run.arguments.empty() ? "moat" : record.run.arguments.front()},
      {"num_cpus", record.host.logical_cpus},
      {"mhz_per_cpu", 0},
      {"cpu_scaling_enabled",
       record.host.governor.value && *record.host.governor.value != "performance"},
      {"caches", Json::array()},
      {"load_avg", Json::array()},
      {"library_build_type", build_warning(record.build).empty() ? "release" : "debug"},
      {"moat_version", record.build.version},
      {"moat_commit", record.build.commit.value.value_or("unknown")}};
  if (record.host.load_average.value) context["load_avg"] = *record.host.load_average.value;
  for (const auto& device : record.devices) {
    if (device.max_clock_mhz.value && is_host(record, device)) {
      context["mhz_per_cpu"] = *device.max_clock_mhz.value;
    }
  }

  Json benchmarks = Json::array();
  for (std::size_t i = 0; i < record.cases.size(); ++i) {
    const CaseRecord& c = record.cases[i];
    const auto family = static_cast<int>(i);
    if (c.status != Status::ok) {
      Json e = entry(c, family, 1);
      e["repetition_index"] = 0;
      e["error_occurred"] = true;
      e["error_message"] = c.message;
      e["iterations"] = 0;
      // Zeros, as Google Benchmark writes: readers that want times refuse the whole file otherwise.
      add_times(e, 0);
      benchmarks.push_back(std::move(e));
      continue;
    }
    const auto repetitions = static_cast<int>(c.series.size());
    for (int r = 0; r < repetitions; ++r) {
      benchmarks.push_back(series_entry(c, c.series[r], family, repetitions, r));
    }
    if (repetitions > 1) add_aggregates(benchmarks, c, family);
  }
  return {{"context", std::move(context)}, {"benchmarks", std::move(benchmarks)}};
}

}  // namespace moat
