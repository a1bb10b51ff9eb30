// SPDX-License-Identifier: Apache-2.0
#include "tests/executors/amd/global_memory.hpp"

namespace moat::amdgcn {

void GlobalMemory::add(const void* begin, std::size_t bytes) {
  bytes_[reinterpret_cast<std::uintptr_t>(begin)] = bytes;
}

void GlobalMemory::remove(const void* begin) {
  bytes_.erase(reinterpret_cast<std::uintptr_t>(begin));
  last_ = {};
}

bool GlobalMemory::find(std::uint64_t address, std::uint64_t bytes) const {
  auto after = bytes_.upper_bound(address);
  if (after == bytes_.begin()) return false;
  const auto& [begin, size] = *--after;
  if (address - begin >= size || bytes > size - (address - begin)) return false;
  last_ = {.begin = begin, .bytes = size};
  return true;
}

}  // namespace moat::amdgcn
