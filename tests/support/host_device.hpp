// A device that is plain host memory and solves nothing by itself.
#pragma once

#include <cstdlib>
#include <cstring>
#include <functional>
#include <map>
#include <string>
#include <utility>

#include "backends/device.hpp"

namespace moat::testing {

class HostDevice : public Device {
 public:
  // `solve` is what run() does; `capacity` the bytes that can be allocated at a time.
  explicit HostDevice(std::function<void(const Problem&)> solve = {},
                      std::size_t capacity = std::size_t{1} << 40)
      : solve_(std::move(solve)), capacity_(capacity) {
    info_.backend = "host";
    info_.name = "plain memory";
    info_.memory_bytes = capacity;
  }

  ~HostDevice() override {
    for (const auto& [p, size] : sizes_) std::free(p);
  }

  const DeviceInfo& info() const override { return info_; }

  void* allocate(std::size_t bytes) override {
    if (bytes > capacity_ - used()) throw OutOfMemory("host: " + std::to_string(bytes) + " bytes");
    void* p = std::aligned_alloc(256, (bytes + 255) / 256 * 256);
    sizes_[p] = bytes;
    return p;
  }
  void release(void* p) noexcept override {
    sizes_.erase(p);
    std::free(p);
  }
  void upload(void* to, const void* from, std::size_t bytes) override {
    std::memcpy(to, from, bytes);
  }
  void download(void* to, const void* from, std::size_t bytes) override {
    std::memcpy(to, from, bytes);
  }
  void fill(void* p, unsigned char byte, std::size_t bytes) override {
    std::memset(p, byte, bytes);
  }
  void run(const Problem& problem) override { solve_(problem); }
  void synchronize() override {}
  void start_timer() override {}
  void stop_timer() override {}
  double elapsed() override { return 0; }

  // Bytes allocated now.
  std::size_t used() const {
    std::size_t sum = 0;
    for (const auto& [p, size] : sizes_) sum += size;
    return sum;
  }

 private:
  DeviceInfo info_;
  std::function<void(const Problem&)> solve_;
  std::size_t capacity_;
  std::map<void*, std::size_t> sizes_;
};

}  // namespace moat::testing
