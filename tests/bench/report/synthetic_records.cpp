// SPDX-License-Identifier: Apache-2.0
// Writes records of invented devices, for tests of the report only:
//   synthetic_records FOLDER RECORDS CASES
// RECORDS of CASES cases each, in turn of a CUDA, a HIP and a CPU device, with a planted failure, a
// skipped backend, a regression in the last record of the first device, and markup in a name.
// Times are a roofline times an efficiency, with noise from a fixed seed. GEMM and attention are
// bf16, which the GPUs run four times as fast.
#include <fmt/format.h>

#include <cmath>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <random>
#include <string_view>
#include <tuple>
#include <utility>

#include "bench/measure/statistics.hpp"
#include "bench/record/file.hpp"
#include "tests/bench/record/sample_record.hpp"

namespace moat {
namespace {

struct Synthetic {
  const char* backend;
  const char* name;
  const char* architecture;
  double flops;
  double bytes;
  double efficiency;
};
constexpr Synthetic kDevices[] = {
    {"cuda", "Synthetic A <script>alert(1)</script>", "sm_90a", 6e13, 3e12, 0.8},
    {"hip", "Synthetic B", "gfx942", 8e13, 4e12, 0.55},
    {"cpu", "Synthetic C", "avx512", 3e11, 3e10, 0.7}};
constexpr const char* kKernels[] = {"gemm", "attention", "sum", "softmax", "rmsnorm"};

// Lines of three ports and of three families, as far as the report reads them.
Json porting() {
  Json record = {{"schema", "moat-porting"},
                 {"version", 4},
                 {"baseline", "cuda"},
                 {"baseline_family", "cuda/sm_80"},
                 {"null_reasons", Json::object()}};
  for (const auto& [what, name, added] : {std::tuple("ports", "cuda", 0),
                                          {"ports", "hip", 60},
                                          {"ports", "cpu", 600},
                                          {"families", "cuda/sm_80", 0},
                                          {"families", "cuda/sm_90a", 80},
                                          {"families", "hip/cdna", 50}}) {
    Json& port = record[what][name] = {{"executed", "not at all"}};
    for (const char* kernel : {"all", "gemm", "attention", "reduction", "rows"}) {
      const auto part = [&](int changed, int lines) {
        return Json{{"added", changed},
                    {"lines", lines},
                    {"unused", added / 2},
                    {"changed", static_cast<double>(changed) / lines}};
      };
      port["kernels"][kernel] = {{"kernel", part(0, 120)},
                                 {"problem", part(0, 80)},
                                 {"layer", part(added, 1000)},
                                 {"total", part(added, 1200)}};
    }
  }
  double mean = 0.3;
  for (const char* kernel : {"all", "gemm", "attention", "reduction", "rows"}) {
    record["divergence"][kernel]["mean"] = mean += 0.05;
  }
  return record;
}

Record synthetic(int index, int cases, int records) {
  std::mt19937_64 random(static_cast<std::uint64_t>(index));
  std::normal_distribution<double> normal(0, 0.02);
  const Synthetic& device = kDevices[index % 3];
  Record r = sample_record();
  r.run.started = fmt::format("2026-{:02}-{:02}T00:00:00Z", 1 + index / 28, 1 + index % 28);
  r.run.planned = cases;
  r.build.commit = Reading<std::string>::of(fmt::format("{:040x}", 0xabc0000 + index));
  r.devices[0].backend = device.backend;
  r.devices[0].name = device.name;
  r.devices[0].architecture = device.architecture;
  const double flops_bf16 = (device.backend == std::string_view("cpu") ? 1 : 4) * device.flops;
  r.devices[0].ceilings.flops_f32 = Reading<double>::of(device.flops);
  r.devices[0].ceilings.flops_bf16 = Reading<double>::of(flops_bf16);
  r.devices[0].ceilings.read_bytes = Reading<double>::of(device.bytes);
  r.porting = Reading<JsonDocument>::of(share(porting()));
  r.cases.clear();
  for (int i = 0; i < cases; ++i) {
    const std::string kernel = kKernels[i % 5];
    const bool memory = i % 5 > 1;
    const double n = 64.0 * (1 + i);
    const char* dtype = memory ? "f32" : "bf16";
    CaseRecord c = sample_case(fmt::format("{}/{}/n{}", kernel, dtype, 64 * (1 + i)), "moat");
    c.dtype = dtype;
    c.backend = device.backend;
    c.name = fmt::format("{}/{}/moat", c.problem, device.backend);
    c.flops = memory ? n * 1e3 : n * n * 1e4;
    c.bytes = memory ? n * 4e3 : n * 8e3;
    const double intensity = c.flops / c.bytes;
    const double roof = std::min(memory ? device.flops : flops_bf16, device.bytes * intensity);
    double seconds = c.flops / roof / (device.efficiency * (0.8 + 0.04 * (i % 5)));
    if (i % 7 == 0 && index + 3 >= records && index % 3 == 0) seconds *= 1.3;
    auto& samples = c.series[0].seconds;
    samples.clear();
    for (int s = 0; s < 12; ++s) samples.push_back(seconds * std::exp(normal(random)));
    const Summary summary = summarize(samples);
    c.median_seconds = Reading<double>::of(summary.median);
    c.lower_quartile_seconds = Reading<double>::of(summary.lower_quartile);
    c.upper_quartile_seconds = Reading<double>::of(summary.upper_quartile);
    c.gflops = Reading<double>::of(c.flops / summary.median / 1e9);
    c.gbytes = Reading<double>::of(c.bytes / summary.median / 1e9);
    c.ceiling = Reading<ShareRecord>::of(
        {.bound = memory ? "memory" : "compute", .share = c.flops / summary.median / roof});
    c.ratios = {{.baseline = "library", .ratio = 0.7 + 0.1 * (i % 6)}};
    if (i == 4 && index % 3 == 1) c = without_times(c, Status::failed, "wrong at <b>17</b>");
    r.cases.push_back(std::move(c));
  }
  return r;
}

}  // namespace
}  // namespace moat

int main(int argc, char** argv) {
  if (argc != 4) return 2;
  const int records = std::atoi(argv[2]);
  for (int i = 0; i < records; ++i) {
    moat::write_file(fmt::format("{}/{:03}.json", argv[1], i),
                     moat::to_text(moat::synthetic(i, std::atoi(argv[3]), records)));
  }
  return 0;
}
