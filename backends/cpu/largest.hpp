// SPDX-License-Identifier: Apache-2.0
// The largest elements of memory, in order, in one pass: what is not above the least of those held
// is passed over, a few vectors at a time.
#pragma once

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <functional>
#include <limits>

#include "backends/cpu/reduce.hpp"
#include "backends/cpu/scratch.hpp"
#include "backends/vocabulary/order.hpp"

namespace moat::cpu {

// Vectors that are passed over at once.
inline constexpr int kPassedOver = 4;

// Some elements, from places all over the vector, are divided into groups, of each of which the
// largest is looked for: k of these are no larger than the k-th element. More of a group raise that
// bound; 64 of each of two groups per element that is held leave one in a hundred above it, whether
// elements rise, fall or do neither.
inline constexpr int kGroupsPerHeld = 2;
inline constexpr int kMostOfGroup = 64;
inline constexpr int kLeastOfGroup = 4;
// Elements that are read for the bound and then again.
inline constexpr int kBoundElements = 8192;

// What is not above it is not among the k largest of count elements; NaN if nothing is known.
template <class T>
float bound_of_largest(Scratch& scratch, const T* x, int count, int k) {
  const int vectors = ceil_div(kGroupsPerHeld * k, kLanes);
  const int groups = vectors * kLanes;
  const int wanted = std::clamp(kBoundElements / groups, kLeastOfGroup, kMostOfGroup);
  const int of_each = std::min(wanted, count / groups);
  if (of_each < kLeastOfGroup) return std::numeric_limits<float>::quiet_NaN();
  const std::int64_t apart = count / of_each;
  const Scratched<float> largest(scratch, groups);
  for (int g = 0; g < groups; g += kLanes) {
    auto most = FloatLanes(-std::numeric_limits<float>::infinity());
    // The second operand of a maximum stays where the first is NaN.
    for (int i = 0; i < of_each; ++i) {
      most = cpu::max(load_lanes(x + i * apart + g), most);
    }
    hn::Store(most.v, FloatTag{}, &largest[g]);
  }
  float* kth = &largest[k - 1];
  std::nth_element(&largest[0], kth, &largest[0] + groups, std::greater<>());
  constexpr float kLeast = -std::numeric_limits<float>::infinity();
  return *kth > kLeast ? std::nextafter(*kth, kLeast) : std::numeric_limits<float>::quiet_NaN();
}

// Elements that may be among the k largest of those seen, as places in their order.
template <class T>
class Held {
 public:
  Held(Scratch& scratch, const T* x, int k, float bound)
      : x_(x), k_(k), above_(bound), room_(kRoom + 2 * k), places_(scratch, room_) {}

  // Not to be looked at: those not above it. NaN: looks at all.
  float above() const { return above_; }
  // Whether nothing that follows is among them.
  bool complete() const { return complete_; }

  // Enters the elements from `position` on whose bit is set.
  HWY_INLINE void enter(std::uint64_t bits, int position) {
    for (; bits != 0; bits &= bits - 1) {
      const int at = position + std::countr_zero(bits);
      places_[size_++] = place_in_order(to_float(x_[at]), at);
    }
    if (size_ + kLanes > room_) narrow();
  }

  // The k largest in order.
  const std::int64_t* sorted() {
    if (size_ > k_) narrow();
    std::sort(&places_[0], &places_[0] + size_, std::greater<>());
    return &places_[0];
  }

 private:
  static constexpr int kRoom = 256;

  // Keeps k; equals that follow have higher positions.
  void narrow() {
    std::int64_t* kth = &places_[k_ - 1];
    std::nth_element(&places_[0], kth, &places_[0] + size_, std::greater<>());
    size_ = k_;
    above_ = to_float(x_[position_of(*kth)]);
    complete_ = std::isnan(above_);
  }

  const T* x_;
  int k_;
  float above_;
  int room_;
  int size_ = 0;
  bool complete_ = false;
  Scratched<std::int64_t> places_;
};

// Calls f(rank, position) for the k ≤ count largest elements.
template <class T, class F>
void largest(Scratch& scratch, const T* x, int count, int k, F f) {
  Held<T> held(scratch, x, k, bound_of_largest(scratch, x, count, k));
  const auto stand_out = [&](FloatLanes v) {
    return hn::Not(hn::Le(v.v, hn::Set(FloatTag{}, held.above())));
  };
  const auto enter = [&](FloatLanes v, int position) {
    std::uint8_t bits[8] = {};
    hn::StoreMaskBits(FloatTag{}, stand_out(v), bits);
    std::uint64_t all;
    std::memcpy(&all, bits, sizeof all);
    held.enter(all, position);
  };
  constexpr int kStep = kPassedOver * kLanes;
  int i = 0;
  for (; i + kStep <= count && !held.complete(); i += kStep) {
    for (int line = 0; line < kStep; line += kLine<T>) {
      __builtin_prefetch(reinterpret_cast<const std::byte*>(x + i + line) + kStreamAhead);
    }
    FloatLanes v[kPassedOver];
    unroll<kPassedOver>([&](auto j) { v[j] = load_lanes(x + i + j * kLanes); });
    auto mask = stand_out(v[0]);
    unroll<kPassedOver - 1>([&](auto j) { mask = hn::Or(mask, stand_out(v[j + 1])); });
    if (hn::AllFalse(FloatTag{}, mask)) [[likely]]
      continue;
    for (int j = 0; j < kPassedOver; ++j) enter(v[j], i + j * kLanes);
  }
  for (; i < count && !held.complete(); ++i) {
    if (!(to_float(x[i]) <= held.above())) held.enter(1, i);
  }
  const std::int64_t* places = held.sorted();
  for (int rank = 0; rank < k; ++rank) f(rank, position_of(places[rank]));
}

}  // namespace moat::cpu
