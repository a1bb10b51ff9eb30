// SPDX-License-Identifier: Apache-2.0
// Vector clocks: what each lane knows of the others' past.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace moat::emulator {

// Who accesses shared memory: a lane of the block, or an asynchronous unit that works for it.
using Actor = std::uint16_t;
// An actor's accesses carry its time, which goes on when others may learn of them.
using Time = std::uint32_t;

inline constexpr int kActorBits = 11;
inline constexpr int kTimeBits = 19;

// For every actor the time up to which its accesses happened before.
class VectorClock {
 public:
  VectorClock() = default;
  explicit VectorClock(std::size_t actors) : times_(actors) {}

  Time& operator[](std::size_t actor) { return times_[actor]; }
  Time operator[](std::size_t actor) const { return times_[actor]; }
  const Time* data() const { return times_.data(); }
  std::size_t size() const { return times_.size(); }
  bool empty() const { return times_.empty(); }
  void clear() { std::ranges::fill(times_, 0); }

  void join(const VectorClock& other) {
    for (std::size_t i = 0; i < times_.size(); ++i) times_[i] = std::max(times_[i], other[i]);
  }
  // What both know.
  void meet(const VectorClock& other) {
    for (std::size_t i = 0; i < times_.size(); ++i) times_[i] = std::min(times_[i], other[i]);
  }

 private:
  std::vector<Time> times_;
};

}  // namespace moat::emulator
