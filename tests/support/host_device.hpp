// SPDX-License-Identifier: Apache-2.0
// A device that is plain host memory and solves nothing by itself.
#pragma once

#include <cstdlib>
#include <functional>
#include <map>
#include <string>
#include <utility>

#include "tests/support/host_memory.hpp"

namespace moat::testing {

class HostDevice : public HostMemory {
 public:
  // `solve` is what run() does; `capacity` the bytes that can be allocated at a time.
  explicit HostDevice(std::function<void(const Problem&)> solve = {},
                      std::size_t capacity = std::size_t{1} << 40)
      : solve_(std::move(solve)), capacity_(capacity) {
    info_.backend = "host";
    info_.host = true;
    info_.name = "plain memory";
    info_.memory_bytes = capacity;
  }

  ~HostDevice() override {
    for (const auto& [p, size] : sizes_) std::free(p);
  }

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
  void run(const Problem& problem) override { solve_(problem); }

  // Bytes allocated now.
  std::size_t used() const {
    std::size_t sum = 0;
    for (const auto& [p, size] : sizes_) sum += size;
    return sum;
  }

 private:
  std::function<void(const Problem&)> solve_;
  std::size_t capacity_;
  std::map<void*, std::size_t> sizes_;
};

}  // namespace moat::testing
