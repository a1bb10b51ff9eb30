// The emulated architecture as a device of the harness.
#pragma once

#include <cstring>
#include <new>
#include <variant>

#include "backends/device.hpp"
#include "tests/emulator/backend.hpp"

namespace moat::emulator {

// Runs problems of type P on `BackendOf`; its memory is the host's. Time does not pass.
template <class BackendOf, class P>
class EmulatedDevice : public Device {
 public:
  explicit EmulatedDevice(BackendOf backend) : backend_(std::move(backend)) {
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

  void run(const Problem& problem) override { launch(backend_, std::get<P>(problem)); }
  void synchronize() override {}

  void start_timer() override {}
  void stop_timer() override {}
  double elapsed() override { return 0; }

  BackendOf& backend() { return backend_; }

 private:
  static constexpr std::align_val_t kAlignment{256};

  BackendOf backend_;
  DeviceInfo info_;
};

}  // namespace moat::emulator
