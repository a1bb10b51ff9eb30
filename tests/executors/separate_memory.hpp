// SPDX-License-Identifier: Apache-2.0
// Memory of an interpreted device's allocations: none lies within reach of another.
#pragma once

#include <sys/mman.h>

#include <cstddef>
#include <memory>

namespace moat {

// An offset of 32 bits that runs off one allocation does not meet the next.
inline constexpr std::size_t kSeparation = std::size_t{4} << 30;

struct Unmap {
  std::size_t bytes = 0;
  void operator()(unsigned char* p) const { munmap(p, bytes); }
};
using SeparateMemory = std::unique_ptr<unsigned char, Unmap>;

// `bytes` of memory, and addresses behind it that nothing else gets. Null if there are none.
inline SeparateMemory separate_memory(std::size_t bytes) {
  const std::size_t all = bytes + kSeparation;
  void* const p = mmap(nullptr, all, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (p == MAP_FAILED) return SeparateMemory(nullptr, Unmap{});
  SeparateMemory memory(static_cast<unsigned char*>(p), Unmap{all});
  if (mprotect(p, bytes, PROT_READ | PROT_WRITE) != 0) memory.reset();
  return memory;
}

}  // namespace moat
