// SPDX-License-Identifier: Apache-2.0
// Schedules of warp-specialised blocks (backends/simt/warp_specialized.hpp).
#pragma once

#include "backends/simt/schedule.hpp"

namespace moat::simt {

// A warp-specialised TileSchedule: one group of waves copies by TMA, kGroups multiply, each kM /
// kGroups of the rows, from a ring of kStageCount stages. A grid has as many blocks as the device
// holds at once. Registers are per lane.
template <class T, int kM, int kN, int kK, int kGroups, int kStageCount, int kFewRegisters,
          int kManyRegisters>
struct WarpSpecializedSchedule {
  static constexpr int kGroupWarps = 4;
  using Operand = T;
  using Consumers = TileSchedule<T, kM, kN, kK, kGroups * kGroupWarps, 1, 1>;
  static constexpr int m = kM;
  static constexpr int n = kN;
  static constexpr int k = kK;
  static constexpr bool all_heads = false;
  static constexpr int kConsumerGroups = kGroups;
  static constexpr int kWarps = (kGroups + 1) * kGroupWarps;
  static constexpr int kResidency = 1;
  static constexpr bool kPersistent = true;
  static constexpr int kStages = kStageCount;
  static constexpr int kProducerRegisters = kFewRegisters;
  static constexpr int kConsumerRegisters = kManyRegisters;
};

}  // namespace moat::simt
