// SPDX-License-Identifier: Apache-2.0
// The allocations that lanes may access.
#pragma once

#include <cstddef>

namespace moat::emulator {

// Global memory of the grids that this thread runs, while the object lives. As long as none is
// known, any address is fine.
class GlobalMemory {
 public:
  GlobalMemory(const void* begin, std::size_t bytes);
  ~GlobalMemory();
  GlobalMemory(const GlobalMemory&) = delete;
  GlobalMemory& operator=(const GlobalMemory&) = delete;
  GlobalMemory(GlobalMemory&&) = delete;
  GlobalMemory& operator=(GlobalMemory&&) = delete;

  static bool any();
  // Whether the bytes lie in one of them.
  static bool contains(const void* p, std::size_t bytes);

 private:
  const void* begin_;
};

}  // namespace moat::emulator
