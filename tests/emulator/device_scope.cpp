// SPDX-License-Identifier: Apache-2.0
#include "tests/emulator/device_scope.hpp"

#include <algorithm>

namespace moat::emulator {

DeviceScope::DeviceScope(std::span<std::byte> memory)
    : memory_(memory),
      before_(memory.begin(), memory.end()),
      published_(before_),
      after_(before_) {}

void DeviceScope::begin_block() { std::ranges::copy(before_, memory_.begin()); }

bool DeviceScope::changed() const { return !std::ranges::equal(memory_, before_); }

void DeviceScope::publish() {
  for (std::size_t i = 0; i < memory_.size(); ++i) {
    if (memory_[i] != before_[i]) published_[i] = memory_[i];
  }
}

void DeviceScope::acquire() {
  for (std::size_t i = 0; i < memory_.size(); ++i) {
    if (memory_[i] == before_[i]) memory_[i] = published_[i];
  }
}

void DeviceScope::end_block() {
  for (std::size_t i = 0; i < memory_.size(); ++i) {
    if (memory_[i] != before_[i]) after_[i] = memory_[i];
  }
}

void DeviceScope::end_grid() { std::ranges::copy(after_, memory_.begin()); }

}  // namespace moat::emulator
