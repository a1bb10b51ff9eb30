// A device of any backend's name, in host memory, that solves nothing.
#pragma once

#include <cstring>
#include <new>
#include <string>

#include "backends/device.hpp"

namespace moat {

class NamedDevice final : public Device {
 public:
  explicit NamedDevice(const std::string& backend, int compute_units = 2) {
    info_.backend = backend;
    info_.name = "named " + backend;
    info_.compute_units = compute_units;
  }

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
  void run(const Problem&) override { throw DeviceError("the named device has no kernels"); }
  void synchronize() override {}
  void start_timer() override {}
  void stop_timer() override {}
  double elapsed() override { return 0; }

 private:
  DeviceInfo info_;
};

}  // namespace moat
