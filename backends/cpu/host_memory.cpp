// SPDX-License-Identifier: Apache-2.0
#include "backends/cpu/host_memory.hpp"

#include <sys/mman.h>
#include <sys/resource.h>

#include <algorithm>
#include <cassert>
#include <cstdint>
#include <cstdlib>
#include <iterator>

#include "backends/cpu/processor.hpp"
#include "problems/dtype.hpp"

namespace moat::cpu {

namespace {

constexpr std::size_t down(std::size_t bytes, std::size_t alignment) {
  return bytes / alignment * alignment;
}
constexpr std::size_t up(std::size_t bytes, std::size_t alignment) {
  return down(bytes + alignment - 1, alignment);
}

// Whether addresses that nobody uses yet count for nothing.
bool addresses_are_free() {
#ifdef __SANITIZE_ADDRESS__
  return false;  // it watches what surrounds the C library's blocks
#else
  rlimit address_space{};
  rlimit data{};
  return getrlimit(RLIMIT_AS, &address_space) == 0 && getrlimit(RLIMIT_DATA, &data) == 0 &&
         address_space.rlim_cur == RLIM_INFINITY && data.rlim_cur == RLIM_INFINITY &&
         !read_text("/proc/sys/vm/overcommit_memory").starts_with('2');
#endif
}

}  // namespace

HostMemory::HostMemory(std::size_t bytes, bool keeps) : keeps_(keeps) {
  if (!addresses_are_free()) return;
  bytes = up(bytes, kHugePage);
  void* range = mmap(nullptr, bytes + kHugePage, PROT_NONE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (range == MAP_FAILED) return;
  const auto at = reinterpret_cast<std::uintptr_t>(range);
  const std::size_t skipped = up(at, kHugePage) - at;
  base_ = static_cast<std::byte*>(range) + skipped;
  if (skipped > 0) munmap(range, skipped);
  if (skipped < kHugePage) munmap(base_ + bytes, kHugePage - skipped);
  madvise(base_, bytes, MADV_HUGEPAGE);
  size_ = bytes;
  free_.emplace(0, bytes);
}

HostMemory::~HostMemory() {
  if (base_ != nullptr) munmap(base_, size_);
}

void* HostMemory::allocate(std::size_t bytes) {
  const std::size_t alignment = bytes < kHugePage ? kAlignment : kHugePage;
  const std::size_t size = up(std::max(bytes, std::size_t{1}), alignment);
  if (size < bytes) return nullptr;
  if (base_ == nullptr) {
    void* p = std::aligned_alloc(alignment, size);
    if (p != nullptr && alignment == kHugePage) madvise(p, size, MADV_HUGEPAGE);
    return p;
  }
  for (auto range = free_.begin(); range != free_.end(); ++range) {
    const auto [begin, length] = *range;
    const std::size_t block = up(begin, alignment);
    const std::size_t end = begin + length;
    if (block > end || end - block < size) continue;
    if (block + size > usable_) {
      // In long steps, so that the system is not asked for each small block.
      constexpr std::size_t kStep = 16 * kHugePage;
      const std::size_t wanted = std::min(up(block + size, kStep), size_);
      if (mprotect(base_ + usable_, wanted - usable_, PROT_READ | PROT_WRITE) != 0) return nullptr;
      usable_ = wanted;
    }
    // Whatever throws comes first.
    std::map<std::size_t, std::size_t> beside;
    if (block > begin) beside.emplace(begin, block - begin);
    if (block + size < end) beside.emplace(block + size, end - block - size);
    used_.emplace(block, size);
    free_.erase(range);
    free_.merge(beside);
    return base_ + block;
  }
  return nullptr;
}

void HostMemory::release(void* p) noexcept {
  if (base_ == nullptr) return std::free(p);
  if (p == nullptr) return;
  auto block = used_.extract(static_cast<std::size_t>(static_cast<std::byte*>(p) - base_));
  assert(!block.empty());
  const std::size_t first = block.key();
  const std::size_t last = first + block.mapped();
  std::size_t begin = first;
  std::size_t end = last;
  if (const auto next = free_.find(end); next != free_.end()) {
    end += next->second;
    free_.erase(next);
  }
  if (const auto after = free_.lower_bound(begin); after != free_.begin()) {
    if (const auto before = std::prev(after); before->first + before->second == begin) {
      begin = before->first;
      free_.erase(before);
    }
  }
  block.key() = begin;
  block.mapped() = end - begin;
  free_.insert(std::move(block));
  // Whole pages, also those that small blocks shared, of which this was the last.
  const std::size_t from = std::max(up(begin, kHugePage), down(first, kHugePage));
  const std::size_t to = down(std::min({end, up(last, kHugePage), usable_}), kHugePage);
  if (from < to) madvise(base_ + from, to - from, keeps_ ? MADV_FREE : MADV_DONTNEED);
}

}  // namespace moat::cpu
