// SPDX-License-Identifier: Apache-2.0
// What test devices share: their memory is the host's, and time does not pass.
#pragma once

#include <cstring>
#include <new>

#include "backends/device.hpp"

namespace moat {

class HostMemory : public Device {
 public:
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

  void synchronize() override {}
  void start_timer() override {}
  void stop_timer() override {}
  double elapsed() override { return 0; }

 protected:
  static constexpr std::align_val_t kAlignment{256};

  DeviceInfo info_;
};

}  // namespace moat
