// SPDX-License-Identifier: Apache-2.0
// Stages of shared memory that pass from the role that fills them to those that read them and back
// (warp specialisation, backends/simt/warp_specialized.hpp), guarded by mbarriers.
#pragma once

#include <cstdint>

#include "backends/simt/atoms.hpp"

namespace moat::simt {

// The barriers of up to kMostSlots stages, in shared memory: `full` counts the bytes that landed,
// `empty` the readers that are done.
template <int kMostSlots>
struct RingBarriers {
  std::uint64_t full[kMostSlots];
  std::uint64_t empty[kMostSlots];

  // One lane, before the roles part.
  template <class Atoms>
  MOAT_FN void init(unsigned readers) {
    for (int i = 0; i < kMostSlots; ++i) {
      Atoms::mbarrier_init(&full[i], 1);
      Atoms::mbarrier_init(&empty[i], readers);
    }
  }
};

// One role's place in a ring of kSlots stages. It goes on from tile to tile.
template <class Atoms, int kSlots>
class RingPlace {
 public:
  template <class Barriers>
  explicit MOAT_FN RingPlace(Barriers& barriers) : full_(barriers.full), empty_(barriers.empty) {}

  MOAT_FN int slot() const { return slot_; }
  MOAT_FN std::uint64_t* full() const { return full_ + slot_; }

  // The filler: waits until the slot was read, and announces the bytes that will land. The first
  // time round nothing was in it: the phase before a barrier's first counts as over.
  MOAT_FN void acquire(unsigned bytes) const {
    Atoms::mbarrier_wait(empty_ + slot_, round_ ^ 1u);
    Atoms::mbarrier_arrive_expect(full_ + slot_, bytes);
  }

  // A reader: waits until the slot is full.
  MOAT_FN void wait() const { Atoms::mbarrier_wait(full_ + slot_, round_); }

  // A reader is done with a slot.
  MOAT_FN void release(int slot) const { Atoms::mbarrier_arrive(empty_ + slot); }

  MOAT_FN void advance() {
    ++slot_;
    if (slot_ == kSlots) {
      slot_ = 0;
      round_ ^= 1u;
    }
  }

 private:
  std::uint64_t* full_;
  std::uint64_t* empty_;
  int slot_ = 0;
  unsigned round_ = 0;  // parity of the phase that fills the slots now
};

}  // namespace moat::simt
