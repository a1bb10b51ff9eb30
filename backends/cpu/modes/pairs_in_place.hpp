// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <type_traits>

#include "backends/cpu/modes/in_place.hpp"
#include "backends/cpu/pairs.hpp"

namespace moat::cpu {

#if MOAT_CPU_PAIRS
// As InPlace, for a right operand of codes: both operands are read where they lie and multiplied as
// pairs of bfloat16.
class PairsInPlace : public InPlace {
 public:
  static constexpr const char* kName = "pairs-in-place";

  template <class E, int kM, int kK>
  using Left = LeftInMemory<E, kM, kK>;

  using InPlace::InPlace;
};

// The mode of tiles of few rows whose left operand holds E and whose right one holds codes.
template <class E>
using FewRowsOfCodes = std::conditional_t<std::is_same_v<E, f16>, InPlace, PairsInPlace>;
#else
template <class E>
using FewRowsOfCodes = InPlace;
#endif

}  // namespace moat::cpu
