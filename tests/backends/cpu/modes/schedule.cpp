// SPDX-License-Identifier: Apache-2.0
// A worker of a schedule with the declaration MEMBER. Compiled by tests, most of which want it
// refused.
#include "backends/cpu/schedules.hpp"
#include "backends/cpu/worker.hpp"

namespace moat::cpu {

// Its `store` hides that of Packed and is none that a worker can call.
struct WithoutStore : Packed {
  using Packed::Packed;
  void store();
};

struct Schedule {
  static constexpr int m = 64;
  static constexpr int n = 128;
  static constexpr int k = 128;
  static constexpr bool kDynamic = true;
  static constexpr bool all_heads = ALL_HEADS;
  MEMBER;
};

template class Worker<Schedule>;

}  // namespace moat::cpu
