// SPDX-License-Identifier: Apache-2.0
// The order in which `largest` of block.hpp takes elements: NaN first, as torch.topk has it
// (docs.pytorch.org/docs/stable/generated/torch.topk.html), then larger values; of equal ones, 0
// and −0 among them, the lower position, which PyTorch leaves open.
#pragma once

#include <cstdint>
#include <limits>

#include "problems/marks.hpp"

namespace moat {

// Below every element.
inline constexpr std::int64_t kNoPlace = std::numeric_limits<std::int64_t>::min();

// Greater for an element that is taken earlier; no two of one vector have the same.
MOAT_SHARED_FN std::int64_t place_in_order(float x, int position) {
  constexpr std::int32_t kLast = std::numeric_limits<std::int32_t>::max();
  constexpr std::int32_t kInfinity = 0x7f800000;
  const auto bits = __builtin_bit_cast(std::int32_t, x);
  const std::int32_t magnitude = bits & kLast;
  const std::int32_t value = magnitude > kInfinity ? kLast : bits < 0 ? -magnitude : magnitude;
  return value * (std::int64_t{1} << 32) + (kLast - position);
}

// The position of the element at a place.
MOAT_SHARED_FN int position_of(std::int64_t place) {
  return std::numeric_limits<std::int32_t>::max() - static_cast<std::int32_t>(place & 0xffffffff);
}

}  // namespace moat
