// SPDX-License-Identifier: Apache-2.0
// moat run and moat compare of this build, with a GEMM that takes half as long again: the real
// kernel, then a wait of half the time that it took. With MOAT_TEST_WRONG set it is wrong as well.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <memory>
#include <utility>

#include "bench/compare/compare_command.hpp"
#include "bench/run/run_command.hpp"

namespace moat {
namespace {

constexpr double kDelay = 0.5;

class SlowDevice final : public Device {
 public:
  explicit SlowDevice(std::unique_ptr<Device> real) : real_(std::move(real)) {}

  void run(const Problem& problem) override {
    using Clock = std::chrono::steady_clock;
    const auto start = Clock::now();
    real_->run(problem);
    const auto* gemm = std::get_if<GemmProblem>(&problem);
    if (gemm == nullptr) return;
    if (std::getenv("MOAT_TEST_WRONG") != nullptr) static_cast<float*>(gemm->c)[0] += 1;
    const auto end = start + (1 + kDelay) * (Clock::now() - start);
    while (Clock::now() < end) {
    }
  }

  const DeviceInfo& info() const override { return real_->info(); }
  void* allocate(std::size_t bytes) override { return real_->allocate(bytes); }
  void release(void* p) noexcept override { real_->release(p); }
  void upload(void* to, const void* from, std::size_t bytes) override {
    real_->upload(to, from, bytes);
  }
  void download(void* to, const void* from, std::size_t bytes) override {
    real_->download(to, from, bytes);
  }
  void fill(void* p, unsigned char byte, std::size_t bytes) override {
    real_->fill(p, byte, bytes);
  }
  void synchronize() override { real_->synchronize(); }
  void start_timer() override { real_->start_timer(); }
  void stop_timer() override { real_->stop_timer(); }
  double elapsed() override { return real_->elapsed(); }
  std::optional<int> clock_mhz() override { return real_->clock_mhz(); }

 private:
  std::unique_ptr<Device> real_;
};

DeviceList list_slow() {
  DeviceList list = std::ranges::find(backends(), "cpu", &BackendEntry::name)->list();
  for (auto& d : list.devices) d = std::make_unique<SlowDevice>(std::move(d));
  return list;
}

RunWorld slow_world() {
  RunWorld world = this_world();
  world.backends = {{.name = "cpu", .list = list_slow}};
  return world;
}

}  // namespace
}  // namespace moat

int main(int argc, char** argv) {
  try {
    CLI::App app("moat with a slow GEMM");
    int exit_code = 0;
    moat::add_run_command(app, {argv, argv + argc}, exit_code, moat::slow_world);
    moat::add_compare_command(app, exit_code);
    CLI11_PARSE(app, argc, argv);
    return exit_code;
  } catch (const std::exception& e) {
    fmt::print(stderr, "{}\n", e.what());
    return 2;
  }
}
