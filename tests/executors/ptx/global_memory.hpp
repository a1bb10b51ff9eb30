// SPDX-License-Identifier: Apache-2.0
// The device's memory: what was allocated, which bytes were written, and by whom in this launch.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <vector>

#include "tests/executors/ptx/operations.hpp"
#include "tests/executors/separate_memory.hpp"

namespace moat::ptx {

// The last write, or atomic operation, on some bytes in the launch that runs.
struct GlobalWrite {
  u32 launch = 0;
  u32 block = 0;
  u32 thread = 0;
  u32 time = 0;
  u32 pc = 0;
};

class GlobalMemory {
 public:
  struct Allocation {
    std::size_t bytes = 0;
    SeparateMemory storage;
    unsigned char* data = nullptr;
    std::vector<std::uint8_t> written;  // of each byte
    std::vector<GlobalWrite> writes;    // of every granule; empty until a kernel writes here
    std::vector<GlobalWrite> atomics;   // the same of atomic operations
    std::size_t granule = 2;            // bytes; 1 from the first write of a single byte on

    u64 begin() const { return reinterpret_cast<u64>(data); }
    bool initialised(std::size_t offset, std::size_t size) const;
    void mark(std::size_t offset, std::size_t size);

    // The granules of [offset, offset + size).
    std::size_t first(std::size_t offset) const { return granule == 2 ? offset / 2 : offset; }
    std::size_t end(std::size_t offset, std::size_t size) const {
      return granule == 2 ? (offset + size + 1) / 2 : offset + size;
    }
    std::size_t granules() const { return end(0, bytes); }
    // Keeps the history of each byte from now on.
    void refine();
  };

  // Null if `limit` bytes are exceeded. Aligned to 256 bytes.
  void* allocate(std::size_t bytes);
  // False if nothing was allocated there.
  bool release(void* p);
  // The allocation that holds [address, address + bytes), or null.
  Allocation* find(u64 address, std::size_t bytes) {
    // Nothing is added to the address: it may be the last one that there is.
    if (last_ != nullptr && address >= last_->begin() && bytes <= last_->bytes &&
        address - last_->begin() <= last_->bytes - bytes) {
      return last_;
    }
    return search(address, bytes);
  }

  std::size_t used() const { return used_; }
  static constexpr std::size_t kLimit = std::size_t{8} << 30;

 private:
  Allocation* search(u64 address, std::size_t bytes);

  std::map<u64, Allocation> allocations_;
  Allocation* last_ = nullptr;
  std::size_t used_ = 0;
};

}  // namespace moat::ptx
