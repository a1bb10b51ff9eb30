// SPDX-License-Identifier: Apache-2.0
// moat run on a machine whose every duration is invented: plain loops give the results, a clock of
// its own the times, so that what two builds differ by is known and does not depend on the load.
//   MOAT_TEST_NOISE        seed of the noise (default: 0)
//   MOAT_TEST_GEMM_FACTOR  by how much a GEMM takes longer (default: 1)
//   MOAT_TEST_DISTURBED    share of the calls in which a thread waits for a processor (default: 0)
//   MOAT_TEST_BIAS         standard deviation of what each process is slower or faster by (default:
//   0) MOAT_TEST_PROCESSES    a file in which each process leaves a byte, so that it has noise of
//   its own
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <numbers>
#include <random>
#include <string>
#include <utility>

#include "bench/run/run_command.hpp"
#include "tests/bench/compare/noise_model.hpp"
#include "tests/bench/run/naive_device.hpp"
#include "tests/support/porting_sums.hpp"
#include "tests/support/scripted_scheduling.hpp"

namespace moat {
namespace {

const char* setting(const char* name, const char* otherwise) {
  const char* value = std::getenv(name);
  return value != nullptr ? value : otherwise;
}

ScriptedScheduling& scripted_scheduling() {
  static ScriptedScheduling source;
  return source;
}

// The seed of this process's noise.
std::uint64_t process_seed() {
  const std::uint64_t seed = std::strtoull(setting("MOAT_TEST_NOISE", "0"), nullptr, 10);
  const std::string path = setting("MOAT_TEST_PROCESSES", "");
  if (path.empty()) return seed;
  std::ofstream(path, std::ios::app) << '.';
  return seed + 1000003 * std::filesystem::file_size(path);
}

// Solves like NaiveDevice; a call takes the time that the noise tells.
class ScriptedDevice final : public NaiveDevice {
 public:
  explicit ScriptedDevice(FakeClock& clock) : clock_(clock) {}

  void run(const Problem& problem) override {
    NaiveDevice::run(problem);
    const double factor = std::holds_alternative<GemmProblem>(problem) ? gemm_factor_ : 1;
    const double seconds = factor * bias_ * speed() * noise_();
    const double waited = wait();
    scripted_scheduling().now.waited_seconds += waited;
    clock_.advance(seconds + waited);
    busy_ += seconds + waited;
  }
  void start_timer() override {
    ++batches_;
    busy_ = 0;
  }
  void stop_timer() override {}
  double elapsed() override { return busy_; }

 private:
  // Up to two ticks of 4 ms.
  double wait() {
    std::uniform_real_distribution<double> uniform;
    return uniform(random_) < disturbed_ ? 8e-3 * uniform(random_) : 0;
  }

  // Wanders by 20 %, as on a machine that is shared.
  double speed() const { return 1 + 0.1 * std::sin(2 * std::numbers::pi * batches_ / 64); }

  FakeClock& clock_;
  double gemm_factor_ = std::strtod(setting("MOAT_TEST_GEMM_FACTOR", "1"), nullptr);
  std::uint64_t seed_ = process_seed();
  std::function<double()> noise_ = noisy(2e-3, {}, seed_);
  double disturbed_ = std::strtod(setting("MOAT_TEST_DISTURBED", "0"), nullptr);
  std::mt19937_64 random_{seed_ + 1000};
  double bias_ = std::exp(std::strtod(setting("MOAT_TEST_BIAS", "0"), nullptr) *
                          std::normal_distribution<double>()(random_));
  double busy_ = 0;
  int batches_ = 0;
};

FakeClock& scripted_clock() {
  static FakeClock clock;
  return clock;
}

DeviceList list_scripted() {
  DeviceList list;
  list.devices.push_back(std::make_unique<ScriptedDevice>(scripted_clock()));
  return list;
}

RunWorld scripted_world() {
  return {.backends = {{.name = "cpu", .list = list_scripted}},
          .absent = {},
          .baselines = [](const auto&...) { return Baselines{}; },
          .ceilings = [](Device&, Clock&, std::size_t, const CeilingNeeds&) { return Ceilings{}; },
          .porting = [] { return PortingSection{.record = share(no_porting_sums()), .table = {}}; },
          .codegen = [](const auto&) { return Reading<JsonDocument>::none("no GPU"); },
          .out = &std::cout,
          .clock = &scripted_clock(),
          .scheduling = &scripted_scheduling()};
}

}  // namespace
}  // namespace moat

int main(int argc, char** argv) {
  try {
    CLI::App app("moat on a scripted machine");
    int exit_code = 0;
    moat::add_run_command(app, {argv, argv + argc}, exit_code, moat::scripted_world);
    CLI11_PARSE(app, argc, argv);
    return exit_code;
  } catch (const std::exception& e) {
    fmt::print(stderr, "{}\n", e.what());
    return 2;
  }
}
