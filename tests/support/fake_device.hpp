// A device whose every duration, clock and cache size is scripted by a test.
#pragma once

#include <cstring>
#include <functional>
#include <optional>
#include <utility>

#include "backends/device.hpp"
#include "bench/measure/clock.hpp"

namespace moat {

// Moves only when told to.
class FakeClock final : public Clock {
 public:
  double now() override { return seconds_; }
  void advance(double seconds) { seconds_ += seconds; }

 private:
  double seconds_ = 0;
};

// Memory is the host's. A call takes the time that `duration` tells, on both clocks.
class FakeDevice final : public Device {
 public:
  explicit FakeDevice(FakeClock& clock) : clock_(clock) { info_.backend = "fake"; }

  std::function<double(const Problem&)> duration = [](const Problem&) { return 1e-3; };
  // What `elapsed` tells for a batch that took `seconds`.
  std::function<double(double seconds)> event_time = [](double seconds) { return seconds; };
  std::function<std::optional<int>()> current_mhz = [] { return std::optional<int>{}; };
  DeviceInfo info_;
  int synchronized = 0;

  const DeviceInfo& info() const override { return info_; }
  void* allocate(std::size_t bytes) override {
    return ::operator new(bytes, std::align_val_t{256});
  }
  void release(void* p) noexcept override { ::operator delete(p, std::align_val_t{256}); }
  void upload(void* to, const void* from, std::size_t bytes) override {
    std::memcpy(to, from, bytes);
  }
  void download(void* to, const void* from, std::size_t bytes) override {
    std::memcpy(to, from, bytes);
  }
  void fill(void* p, unsigned char byte, std::size_t bytes) override {
    std::memset(p, byte, bytes);
  }
  void run(const Problem& problem) override {
    const double seconds = duration(problem);
    clock_.advance(seconds);
    busy_ += seconds;
  }
  void synchronize() override { ++synchronized; }
  void start_timer() override { busy_ = 0; }
  void stop_timer() override {}
  double elapsed() override { return event_time(busy_); }
  std::optional<int> clock_mhz() override { return current_mhz(); }

 private:
  FakeClock& clock_;
  double busy_ = 0;
};

}  // namespace moat
