// SPDX-License-Identifier: Apache-2.0
// A record with one case of every status and every field filled or null with a reason.
#pragma once

#include "bench/record/record.hpp"

namespace moat {

inline CaseRecord sample_case(const std::string& problem, const std::string& implementation) {
  CaseRecord c;
  c.name = problem + "/cpu/" + implementation;
  c.problem = problem;
  c.kernel = problem.substr(0, problem.find('/'));
  c.dtype = "f32";
  c.backend = "cpu";
  c.implementation = implementation;
  c.status = Status::ok;
  c.check = Reading<CheckRecord>::of({.passed = true,
                                      .error_over_bound = Reading<double>::of(0.25),
                                      .elements = 4096,
                                      .elements_checked = 4096,
                                      .sampled = false,
                                      .message = ""});
  c.flops = 2e6;
  c.bytes = 1e6;
  c.cache = "cold";
  c.rotation_sets = 3;
  SeriesRecord series;
  series.seconds = {2e-3, 1e-3, 3e-3};
  series.stop_reason = "noise_met";
  series.discarded = {{.seconds = Reading<double>::none("not finite"), .reason = "invalid_time"}};
  series.min_clock_mhz = series.max_clock_mhz = Reading<int>::none("the device does not tell");
  c.series = {series};
  c.median_seconds = Reading<double>::of(2e-3);
  c.lower_quartile_seconds = Reading<double>::of(1.5e-3);
  c.upper_quartile_seconds = Reading<double>::of(2.5e-3);
  c.relative_error = Reading<double>::of(0.01);
  c.gflops = Reading<double>::of(1.0);
  c.gbytes = Reading<double>::of(0.5);
  c.ceiling = Reading<ShareRecord>::of({.bound = "memory", .share = 0.75});
  return c;
}

inline CaseRecord without_times(CaseRecord c, Status status, const std::string& message) {
  c.status = status;
  c.message = message;
  c.series.clear();
  c.ratios.clear();
  const auto none = Reading<double>::none("the case is not verified");
  c.median_seconds = c.lower_quartile_seconds = c.upper_quartile_seconds = none;
  c.relative_error = c.gflops = c.gbytes = none;
  c.ceiling = Reading<ShareRecord>::none("the case is not verified");
  return c;
}

// Sampled beside other work: some of what is left, and what was set aside.
inline CaseRecord disturbed_case(CaseRecord c) {
  std::vector<SeriesRecord> series = c.series;
  c = without_times(std::move(c), Status::disturbed, "1 of 2 samples was set aside");
  series[0].seconds = {2e-3};
  series[0].stop_reason = "budget";
  series[0].discarded = {
      {.seconds = Reading<double>::of(8e-3), .reason = "disturbed", .waited_seconds = 4e-3}};
  c.series = std::move(series);
  return c;
}

inline Record sample_record() {
  Record r;
  r.run = {.started = "2026-01-31T23:59:59Z",
           .duration_seconds = 61.5,
           .arguments = {"moat", "run"},
           .seed = 42,
           .threads = 2,
           .processors = Reading<std::vector<int>>::of({0, 2}),
           .planned = 5,
           .scheduling = Reading<SchedulingRecord>::of(
               {.waited_seconds = 0.25,
                .involuntary_switches = 7,
                .steal_seconds = Reading<double>::none("/proc/stat cannot be read")})};
  r.build = {.version = "0.1.0",
             .commit = Reading<std::string>::of("0123456789abcdef0123456789abcdef01234567"),
             .dirty = Reading<bool>::of(false),
             .compiler = "GNU 12.2.0",
             .flags = "-O3",
             .build_type = "Release"};
  const auto unread = Reading<std::string>::none("not there");
  r.host = {.name = unread,
            .os = Reading<std::string>::of("Debian"),
            .kernel = unread,
            .cpu = Reading<std::string>::of("Xeon"),
            .governor = unread,
            .load_average = Reading<std::array<double, 3>>::of({0.5, 0.25, 0.125}),
            .memory_bytes = Reading<std::int64_t>::of(std::int64_t{1} << 33),
            .logical_cpus = 2};
  DeviceRecord device;
  device.backend = "cpu";
  device.name = "Xeon";
  device.architecture = "avx512";
  device.compute_units = 2;
  device.driver = device.runtime = unread;
  device.max_clock_mhz = Reading<int>::of(2300);
  device.ecc = Reading<bool>::none("not read on a CPU");
  device.power_limit_watts = Reading<double>::none("not read on a CPU");
  device.ceilings.flops_f32 = Reading<double>::of(2e11);
  device.ceilings.flops_f16 = device.ceilings.flops_bf16 = Reading<double>::none("not measured");
  device.ceilings.read_bytes = Reading<double>::of(2e10);
  device.ceilings.copy_bytes = Reading<double>::of(1.5e10);
  device.ceilings.runs = {{.name = "fma/10", .rate = 2e11, .relative_error = 0.001, .samples = 40}};
  r.devices = {device};
  r.libraries = {{.name = "onednn", .version = "2.6.3", .detail = "avx512_core"}};
  r.skipped_backends = {{.name = "cuda", .reason = "no driver"}};
  r.absent_baselines = {{.name = "openblas", .reason = "libopenblas.so.0 not found"}};
  const std::string gemm = "gemm/f32/m64n64k64";
  CaseRecord ours = sample_case(gemm, "moat");
  ours.ratios = {{.baseline = "onednn", .ratio = 0.8}};
  ours.baselines_absent = {{.name = "openblas", .reason = "does only f32"}};
  r.cases = {ours, sample_case(gemm, "onednn"),
             without_times(sample_case("sum/f32/n1000", "moat"), Status::failed, "wrong at 17"),
             without_times(sample_case("max/f32/n1000", "moat"), Status::error, "out of memory"),
             disturbed_case(sample_case("argmax/f32/n1000", "moat"))};
  r.cases[2].check =
      Reading<CheckRecord>::of({.passed = false,
                                .error_over_bound = Reading<double>::none("a result is NaN"),
                                .elements = 1,
                                .elements_checked = 1,
                                .sampled = false,
                                .message = "wrong at 17"});
  r.cases[3].check = Reading<CheckRecord>::none("it did not run");
  r.porting = Reading<JsonDocument>::none("no SDK");
  return r;
}

}  // namespace moat
