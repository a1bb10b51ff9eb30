// SPDX-License-Identifier: Apache-2.0
// SIMD values with the operators of scalars, so that a kernel's generic lambdas take either.
#pragma once

#include <array>
#include <concepts>
#include <type_traits>
#include <utility>

#include "backends/cpu/vectors.hpp"

namespace moat::cpu {

using FloatTag = hn::ScalableTag<float>;
using IntTag = hn::ScalableTag<int>;

// Floats in a vector of this build.
inline constexpr int kLanes = static_cast<int>(hn::MaxLanes(FloatTag{}));

// Result of a comparison, lane by lane.
struct LaneMask {
  hn::Mask<FloatTag> mask;

  friend LaneMask operator&(LaneMask a, LaneMask b) { return {hn::And(a.mask, b.mask)}; }
  friend LaneMask operator|(LaneMask a, LaneMask b) { return {hn::Or(a.mask, b.mask)}; }
};

inline bool any(LaneMask m) { return !hn::AllFalse(FloatTag{}, m.mask); }

// kLanes floats. A scalar operand stands for a vector that holds it in all lanes.
struct FloatLanes {
  hn::Vec<FloatTag> v;

  FloatLanes() = default;
  FloatLanes(hn::Vec<FloatTag> vector) : v(vector) {}
  template <std::same_as<float> F>
  FloatLanes(F x) : v(hn::Set(FloatTag{}, x)) {}

  float first() const { return hn::GetLane(v); }

  friend FloatLanes operator+(FloatLanes a, FloatLanes b) { return hn::Add(a.v, b.v); }
  friend FloatLanes operator-(FloatLanes a, FloatLanes b) { return hn::Sub(a.v, b.v); }
  friend FloatLanes operator*(FloatLanes a, FloatLanes b) { return hn::Mul(a.v, b.v); }
  friend FloatLanes operator/(FloatLanes a, FloatLanes b) { return hn::Div(a.v, b.v); }
  friend FloatLanes operator-(FloatLanes a) { return hn::Neg(a.v); }
  friend LaneMask operator<(FloatLanes a, FloatLanes b) { return {hn::Lt(a.v, b.v)}; }
  friend LaneMask operator>(FloatLanes a, FloatLanes b) { return {hn::Gt(a.v, b.v)}; }
  friend LaneMask operator<=(FloatLanes a, FloatLanes b) { return {hn::Le(a.v, b.v)}; }
  friend LaneMask operator>=(FloatLanes a, FloatLanes b) { return {hn::Ge(a.v, b.v)}; }
  friend LaneMask operator==(FloatLanes a, FloatLanes b) { return {hn::Eq(a.v, b.v)}; }
};

// 0, 1, … in a table: Highway builds such a vector anew, lane by lane.
inline constexpr auto kLaneIndex = [] {
  std::array<int, kLanes> index{};
  for (int i = 0; i < kLanes; ++i) index[i] = i;
  return index;
}();

// kLanes 32-bit integers, likewise.
struct IntLanes {
  hn::Vec<IntTag> v;

  IntLanes() = default;
  IntLanes(hn::Vec<IntTag> vector) : v(vector) {}
  template <std::same_as<int> I>
  IntLanes(I x) : v(hn::Set(IntTag{}, x)) {}

  // first, first + 1, …
  static IntLanes iota(int first) {
    return IntLanes(hn::LoadU(IntTag{}, kLaneIndex.data())) + first;
  }

  int first() const { return hn::GetLane(v); }

  friend IntLanes operator+(IntLanes a, IntLanes b) { return hn::Add(a.v, b.v); }
  friend IntLanes operator-(IntLanes a, IntLanes b) { return hn::Sub(a.v, b.v); }
  friend IntLanes operator*(IntLanes a, IntLanes b) { return hn::Mul(a.v, b.v); }
  friend LaneMask operator<(IntLanes a, IntLanes b) { return as_mask(hn::Lt(a.v, b.v)); }
  friend LaneMask operator>(IntLanes a, IntLanes b) { return as_mask(hn::Gt(a.v, b.v)); }
  friend LaneMask operator==(IntLanes a, IntLanes b) { return as_mask(hn::Eq(a.v, b.v)); }

 private:
  static LaneMask as_mask(hn::Mask<IntTag> m) { return {hn::RebindMask(FloatTag{}, m)}; }
};

inline FloatLanes select(LaneMask condition, FloatLanes a, FloatLanes b) {
  return hn::IfThenElse(condition.mask, a.v, b.v);
}
inline IntLanes select(LaneMask condition, IntLanes a, IntLanes b) {
  return hn::IfThenElse(hn::RebindMask(IntTag{}, condition.mask), a.v, b.v);
}
// The same choice for all lanes.
inline FloatLanes select(bool condition, FloatLanes a, FloatLanes b) { return condition ? a : b; }
template <class T>
  requires std::is_arithmetic_v<T>
T select(bool condition, T a, T b) {
  return condition ? a : b;
}

inline FloatLanes max(FloatLanes a, FloatLanes b) { return hn::Max(a.v, b.v); }
inline FloatLanes min(FloatLanes a, FloatLanes b) { return hn::Min(a.v, b.v); }
inline IntLanes max(IntLanes a, IntLanes b) { return hn::Max(a.v, b.v); }
inline IntLanes min(IntLanes a, IntLanes b) { return hn::Min(a.v, b.v); }
template <class T>
  requires std::is_arithmetic_v<T>
T max(T a, T b) {
  return a > b ? a : b;
}
template <class T>
  requires std::is_arithmetic_v<T>
T min(T a, T b) {
  return a < b ? a : b;
}

// Lane i of the result is lane (i + distance) mod kLanes.
inline FloatLanes rotate(FloatLanes x, int distance) {
  const auto lane = hn::And(IntLanes::iota(distance).v, hn::Set(IntTag{}, kLanes - 1));
  return hn::TableLookupLanes(x.v, hn::IndicesFromVec(FloatTag{}, lane));
}
inline IntLanes rotate(IntLanes x, int distance) {
  const auto lane = hn::And(IntLanes::iota(distance).v, hn::Set(IntTag{}, kLanes - 1));
  return hn::TableLookupLanes(x.v, hn::IndicesFromVec(IntTag{}, lane));
}

// Calls f(integral_constant 0) … f(integral_constant count − 1), so that arrays of vectors are
// indexed by constants and stay in registers.
template <int kCount, class F>
HWY_INLINE void unroll(F&& f) {
  [&]<int... kIndex>(std::integer_sequence<int, kIndex...>) __attribute__((always_inline)) {
    (f(std::integral_constant<int, kIndex>{}), ...);
  }(std::make_integer_sequence<int, kCount>{});
}

// Merges values 1 … kCount − 1 into value 0, pairwise: f(integral_constant i, j) merges j into i.
template <int kCount, class F>
HWY_INLINE void merge_pairwise(F&& f) {
  if constexpr (kCount > 1) {
    unroll<kCount / 2>([&](auto i) { f(i, std::integral_constant<int, i + kCount / 2>{}); });
    merge_pairwise<kCount / 2>(f);
  }
}

}  // namespace moat::cpu
