// SPDX-License-Identifier: Apache-2.0
#include "tests/executors/ptx/global_memory.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

namespace moat::ptx {
namespace {

constexpr std::size_t kAlignment = 256;

}  // namespace

bool GlobalMemory::Allocation::initialised(std::size_t offset, std::size_t size) const {
  const std::uint8_t* const at = written.data() + offset;
  if (size % 4 != 0) return std::all_of(at, at + size, [](std::uint8_t w) { return w != 0; });
  u32 missing = 0;
  for (std::size_t i = 0; i < size; i += 4) {
    u32 four = 0;
    std::memcpy(&four, at + i, 4);
    missing |= four ^ 0x01010101u;
  }
  return missing == 0;
}

void GlobalMemory::Allocation::mark(std::size_t offset, std::size_t size) {
  std::memset(written.data() + offset, 1, size);
}

void GlobalMemory::Allocation::refine() {
  for (std::vector<GlobalWrite>* const history : {&writes, &atomics}) {
    if (history->empty()) continue;
    std::vector<GlobalWrite> each(bytes);
    for (std::size_t byte = 0; byte < bytes; ++byte) each[byte] = (*history)[byte / granule];
    *history = std::move(each);
  }
  granule = 1;
}

void* GlobalMemory::allocate(std::size_t bytes) {
  if (bytes > kLimit - used_) return nullptr;
  Allocation a;
  a.bytes = bytes;
  a.storage = separate_memory(bytes + kAlignment);
  if (a.storage == nullptr) return nullptr;
  // Aligned no better than is promised.
  a.data = a.storage.get() + kAlignment;
  // What nothing wrote reads as NaN where reads are not checked.
  std::memset(a.data, 0xff, bytes);
  a.written.resize(bytes);
  used_ += bytes;
  unsigned char* const data = a.data;
  allocations_.emplace(a.begin(), std::move(a));
  return data;
}

bool GlobalMemory::release(void* p) {
  const auto it = allocations_.find(reinterpret_cast<u64>(p));
  if (it == allocations_.end()) return false;
  used_ -= it->second.bytes;
  last_ = nullptr;
  allocations_.erase(it);
  return true;
}

GlobalMemory::Allocation* GlobalMemory::search(u64 address, std::size_t bytes) {
  auto it = allocations_.upper_bound(address);
  if (it == allocations_.begin()) return nullptr;
  --it;
  Allocation& a = it->second;
  if (bytes > a.bytes || address - a.begin() > a.bytes - bytes) return nullptr;
  last_ = &a;
  return &a;
}

}  // namespace moat::ptx
