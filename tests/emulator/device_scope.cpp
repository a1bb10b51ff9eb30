// SPDX-License-Identifier: Apache-2.0
#include "tests/emulator/device_scope.hpp"

#include <algorithm>
#include <cstdint>

namespace moat::emulator {

DeviceScope::DeviceScope(std::span<std::byte> memory)
    : memory_(memory),
      before_(memory.begin(), memory.end()),
      published_(before_),
      known_(before_),
      after_(before_) {}

void DeviceScope::begin_block() {
  std::ranges::copy(before_, memory_.begin());
  known_ = before_;
  stores_.clear();
  acquired_ = false;
}

void DeviceScope::stored(const void* p, std::size_t bytes, Actor actor, Time time) {
  const auto begin = reinterpret_cast<std::uintptr_t>(p);
  const auto first = reinterpret_cast<std::uintptr_t>(memory_.data());
  if (begin < first || begin + bytes > first + memory_.size()) return;
  const Store store{.begin = begin - first, .bytes = bytes, .actor = actor, .time = time};
  std::ranges::copy(memory_.subspan(store.begin, bytes),
                    known_.begin() + static_cast<std::ptrdiff_t>(store.begin));
  stores_.push_back(store);
}

bool DeviceScope::changed() const { return !std::ranges::equal(memory_, known_); }

void DeviceScope::publish() {
  for (std::size_t i = 0; i < memory_.size(); ++i) {
    if (memory_[i] != before_[i]) published_[i] = memory_[i];
  }
  std::ranges::copy(memory_, known_.begin());
  stores_.clear();
}

void DeviceScope::publish(const std::function<bool(const Store&)>& visible) {
  std::erase_if(stores_, [&](const Store& store) {
    if (!visible(store)) return false;
    std::ranges::copy(memory_.subspan(store.begin, store.bytes),
                      published_.begin() + static_cast<std::ptrdiff_t>(store.begin));
    return true;
  });
}

void DeviceScope::acquire() {
  if (acquired_) return;
  acquired_ = true;
  for (std::size_t i = 0; i < memory_.size(); ++i) {
    if (memory_[i] != before_[i]) continue;
    if (known_[i] == memory_[i]) known_[i] = published_[i];
    memory_[i] = published_[i];
  }
}

void DeviceScope::end_block() {
  for (std::size_t i = 0; i < memory_.size(); ++i) {
    if (memory_[i] != before_[i]) after_[i] = memory_[i];
  }
}

void DeviceScope::end_grid() { std::ranges::copy(after_, memory_.begin()); }

}  // namespace moat::emulator
