// SPDX-License-Identifier: Apache-2.0
// Memory for operands. The pages of what is released stay with the process as long as nobody else
// needs them: the system clears each page that it gives, which for the many operands of a rotation
// takes longer than to measure them.
#pragma once

#include <cstddef>
#include <map>

namespace moat::cpu {

// One range of addresses, of which blocks are cut, the lowest that are free first. All of it asks
// for huge pages, so that a block's pages do not depend on its size and on what was there before.
// Blocks are the C library's where a range of addresses is no longer for free: where limits count
// it (ulimit -v, -d, vm.overcommit_memory = 2), and for the address sanitizer. Not thread-safe.
class HostMemory {
 public:
  static constexpr std::size_t kAlignment = 256;
  static constexpr std::size_t kHugePage = std::size_t{2} << 20;

  // For blocks of up to `bytes` in all. `keeps`: whether pages outlive their block; they lie on the
  // NUMA node of the thread that touched them first.
  HostMemory(std::size_t bytes, bool keeps);
  ~HostMemory();
  HostMemory(const HostMemory&) = delete;
  HostMemory& operator=(const HostMemory&) = delete;

  // A block, aligned to a huge page if it is not smaller than one, else to kAlignment. Its bytes
  // may be anything. nullptr if no free range is long enough or the system refuses.
  void* allocate(std::size_t bytes);

  // `p`: what allocate() gave and was not yet released, or nullptr.
  void release(void* p) noexcept;

 private:
  std::byte* base_ = nullptr;  // nullptr: blocks are the C library's
  std::size_t size_ = 0;
  std::size_t usable_ = 0;  // bytes that may be read and written, from the base on
  bool keeps_;
  // Sizes by the offset at which they begin.
  std::map<std::size_t, std::size_t> free_;
  std::map<std::size_t, std::size_t> used_;
};

}  // namespace moat::cpu
