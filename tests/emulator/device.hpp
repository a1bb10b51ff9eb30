// An emulated architecture as a device of the harness.
#pragma once

#include <cstring>
#include <functional>
#include <new>
#include <utility>

#include "backends/device.hpp"

namespace moat::emulator {

// Solves problems with `program`; its memory is the host's. Time does not pass.
class EmulatedDevice : public Device {
 public:
  explicit EmulatedDevice(std::function<void(const Problem&)> program)
      : program_(std::move(program)) {
    info_.backend = "emulator";
  }

  const DeviceInfo& info() const override { return info_; }

  void* allocate(std::size_t bytes) override { return ::operator new(bytes, kAlignment); }
  void release(void* p) noexcept override { ::operator delete(p, kAlignment); }
  void upload(void* to, const void* from, std::size_t bytes) override {
    std::memcpy(to, from, bytes);
  }
  void download(void* to, const void* from, std::size_t bytes) override {
    std::memcpy(to, from, bytes);
  }
  void fill(void* p, unsigned char byte, std::size_t bytes) override {
    std::memset(p, byte, bytes);
  }

  void run(const Problem& problem) override { program_(problem); }
  void synchronize() override {}

  void start_timer() override {}
  void stop_timer() override {}
  double elapsed() override { return 0; }

 private:
  static constexpr std::align_val_t kAlignment{256};

  std::function<void(const Problem&)> program_;
  DeviceInfo info_;
};

}  // namespace moat::emulator
