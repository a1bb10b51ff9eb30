// moat run, with a GEMM of ours on the CPU that takes 1.5 times as long: a regression to be found.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "backends/device.hpp"
#include "bench/run/run_command.hpp"

namespace moat {
namespace {

using Clock = std::chrono::steady_clock;

class DelayedDevice final : public Device {
 public:
  explicit DelayedDevice(std::unique_ptr<Device> device) : device_(std::move(device)) {}

  const DeviceInfo& info() const override { return device_->info(); }
  void* allocate(std::size_t bytes) override { return device_->allocate(bytes); }
  void release(void* p) noexcept override { device_->release(p); }
  void upload(void* to, const void* from, std::size_t bytes) override {
    device_->upload(to, from, bytes);
  }
  void download(void* to, const void* from, std::size_t bytes) override {
    device_->download(to, from, bytes);
  }
  void fill(void* p, unsigned char byte, std::size_t bytes) override {
    device_->fill(p, byte, bytes);
  }
  void run(const Problem& problem) override {
    const auto start = Clock::now();
    device_->run(problem);
    if (!std::holds_alternative<GemmProblem>(problem)) return;
    const auto end = Clock::now() + (Clock::now() - start) / 2;
    while (Clock::now() < end) {
    }
  }
  void synchronize() override { device_->synchronize(); }
  void start_timer() override { device_->start_timer(); }
  void stop_timer() override { device_->stop_timer(); }
  double elapsed() override { return device_->elapsed(); }
  std::optional<int> clock_mhz() override { return device_->clock_mhz(); }

 private:
  std::unique_ptr<Device> device_;
};

RunWorld delayed_world() {
  RunWorld world = this_world();
  std::erase_if(world.backends, [](const BackendEntry& b) { return b.name != "cpu"; });
  world.backends.at(0).list = [] {
    DeviceList list;
    for (auto& backend : this_world().backends) {
      if (backend.name == "cpu") list = backend.list();
    }
    for (auto& device : list.devices) device = std::make_unique<DelayedDevice>(std::move(device));
    return list;
  };
  return world;
}

}  // namespace
}  // namespace moat

int main(int argc, char** argv) {
  try {
    CLI::App app("moat with a planted delay");
    int exit_code = 0;
    moat::add_run_command(app, {argv, argv + argc}, exit_code, moat::delayed_world);
    CLI11_PARSE(app, argc, argv);
    return exit_code;
  } catch (const std::exception& e) {
    fmt::print(stderr, "{}\n", e.what());
    return 2;
  }
}
