// SPDX-License-Identifier: Apache-2.0
#include "tests/emulator/async_copy.hpp"

#include <fmt/format.h>

#include <cstring>
#include <utility>

#include "tests/emulator/thread_block.hpp"

namespace moat::emulator {

AsyncCopies::Copies& AsyncCopies::of(const Lane& lane) { return lanes_[lane.actor]; }

void AsyncCopies::copy(ThreadBlock& block, void* to, const void* from, int valid_bytes,
                       const Operation& operation) {
  Lane& lane = block.lane();
  if (valid_bytes < 0 || valid_bytes > static_cast<int>(kBytes)) {
    block.fail(lane, operation, fmt::format("{} valid bytes of {}", valid_bytes, kBytes));
  }
  if (valid_bytes > 0) {
    if (reinterpret_cast<std::uintptr_t>(from) % kBytes != 0) {
      block.fail(lane, operation, "misaligned source in global memory");
    }
    block.check_global(from, static_cast<std::size_t>(valid_bytes), lane, operation);
  }
  const std::size_t offset = block.offset(to, kBytes, kBytes, lane, operation);
  const OperationId id = intern(operation);
  block.check(block.shadow().launch(block.access(lane, id), offset, kBytes), lane, operation);
  of(lane).open.push_back({to, from, static_cast<std::size_t>(valid_bytes), id});
}

void AsyncCopies::commit(ThreadBlock& block) {
  Copies& copies = of(block.lane());
  copies.committed.push_back(std::exchange(copies.open, {}));
}

void AsyncCopies::wait(ThreadBlock& block, int pending) {
  Lane& lane = block.lane();
  auto& groups = of(lane).committed;
  for (; std::cmp_greater(groups.size(), pending); groups.pop_front()) {
    for (const Copy& copy : groups.front()) {
      auto* const to = static_cast<unsigned char*>(copy.to);
      if (copy.valid_bytes > 0) std::memcpy(to, copy.from, copy.valid_bytes);
      std::memset(to + copy.valid_bytes, 0, kBytes - copy.valid_bytes);
      block.shadow().land(block.access(lane, copy.operation),
                          static_cast<std::size_t>(to - block.arena()), kBytes);
    }
  }
}

}  // namespace moat::emulator
