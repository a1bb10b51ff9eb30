// SPDX-License-Identifier: Apache-2.0
#include "tests/emulator/global_memory.hpp"

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

namespace moat::emulator {
namespace {

struct Range {
  std::uintptr_t begin;
  std::uintptr_t end;
};

// The one that was accessed last comes first.
thread_local std::vector<Range> ranges;

}  // namespace

GlobalMemory::GlobalMemory(const void* begin, std::size_t bytes) : begin_(begin) {
  const auto first = reinterpret_cast<std::uintptr_t>(begin);
  ranges.push_back({first, first + bytes});
}

GlobalMemory::~GlobalMemory() {
  const auto first = reinterpret_cast<std::uintptr_t>(begin_);
  const auto it = std::ranges::find(ranges, first, &Range::begin);
  if (it != ranges.end()) ranges.erase(it);
}

bool GlobalMemory::any() { return !ranges.empty(); }

bool GlobalMemory::contains(const void* p, std::size_t bytes) {
  if (ranges.empty()) return true;
  const auto at = reinterpret_cast<std::uintptr_t>(p);
  const auto it = std::ranges::find_if(
      ranges, [=](const Range& r) { return at >= r.begin && at + bytes <= r.end; });
  if (it == ranges.end()) return false;
  std::swap(*it, ranges.front());
  return true;
}

}  // namespace moat::emulator
