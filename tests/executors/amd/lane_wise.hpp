// SPDX-License-Identifier: Apache-2.0
// Frames of operations that every lane does alone.
#pragma once

#include <cstdint>
#include <cstring>

#include "tests/executors/amd/wave.hpp"

namespace moat::amdgcn {

using u32 = std::uint32_t;
using u64 = std::uint64_t;
using i32 = std::int32_t;

// d = F(…) on bits.
template <auto F>
void unary(const Instruction& i, Wave& w) {
  LaneValues ta, r;
  u64 defined = ~u64{0};
  const u32* a = w.lanes(i.o[1], ta, defined);
  for (int l = 0; l < kLanes; ++l) r.lane[l] = F(a[l]);
  w.set_lanes(i, i.o[0].index, r.lane, defined);
}
template <auto F>
void binary(const Instruction& i, Wave& w) {
  LaneValues ta, tb, r;
  u64 defined = ~u64{0};
  const u32* a = w.lanes(i.o[1], ta, defined);
  const u32* b = w.lanes(i.o[2], tb, defined);
  for (int l = 0; l < kLanes; ++l) r.lane[l] = F(a[l], b[l]);
  w.set_lanes(i, i.o[0].index, r.lane, defined);
}
template <auto F>
void ternary(const Instruction& i, Wave& w) {
  LaneValues ta, tb, tc, r;
  u64 defined = ~u64{0};
  const u32* a = w.lanes(i.o[1], ta, defined);
  const u32* b = w.lanes(i.o[2], tb, defined);
  const u32* c = w.lanes(i.o[3], tc, defined);
  for (int l = 0; l < kLanes; ++l) r.lane[l] = F(a[l], b[l], c[l]);
  w.set_lanes(i, i.o[0].index, r.lane, defined);
}

inline float as_float(u32 x) { return std::bit_cast<float>(x); }
inline u32 as_bits(float x) { return std::bit_cast<u32>(x); }

// d = F(…) on floats.
template <auto F>
void float_unary(const Instruction& i, Wave& w) {
  LaneValues ta, r;
  u64 defined = ~u64{0};
  const u32* a = w.floats(i.o[1], ta, defined);
  for (int l = 0; l < kLanes; ++l) r.lane[l] = as_bits(F(as_float(a[l])));
  w.set_lanes(i, i.o[0].index, r.lane, defined);
}
template <auto F>
void float_binary(const Instruction& i, Wave& w) {
  LaneValues ta, tb, r;
  u64 defined = ~u64{0};
  const u32* a = w.floats(i.o[1], ta, defined);
  const u32* b = w.floats(i.o[2], tb, defined);
  for (int l = 0; l < kLanes; ++l) r.lane[l] = as_bits(F(as_float(a[l]), as_float(b[l])));
  w.set_lanes(i, i.o[0].index, r.lane, defined);
}
template <auto F>
void float_ternary(const Instruction& i, Wave& w) {
  LaneValues ta, tb, tc, r;
  u64 defined = ~u64{0};
  const u32* a = w.floats(i.o[1], ta, defined);
  const u32* b = w.floats(i.o[2], tb, defined);
  const u32* c = w.floats(i.o[3], tc, defined);
  for (int l = 0; l < kLanes; ++l) {
    r.lane[l] = as_bits(F(as_float(a[l]), as_float(b[l]), as_float(c[l])));
  }
  w.set_lanes(i, i.o[0].index, r.lane, defined);
}

// A bit per lane from a byte, 0 or 1, per lane.
inline u64 packed(const std::uint8_t (&truth)[kLanes]) {
  u64 result = 0;
  for (int group = 0; group < 8; ++group) {
    u64 eight = 0;
    std::memcpy(&eight, truth + 8 * group, 8);
    // Byte i goes to bit 56 + i; nothing else reaches the top byte.
    result |= (eight * 0x0102040810204080u >> 56) << (8 * group);
  }
  return result;
}

// Writes a mask of lanes: inactive lanes are 0.
inline void set_truth(const Instruction& i, Wave& w, const Operand& d,
                      const std::uint8_t (&truth)[kLanes], u64 defined) {
  const u64 active = w.exec();
  if ((active & ~defined) != 0) {
    for (const Operand& o : i.o) {
      if (o.kind != Operand::Kind::vector) continue;
      for (int word = 0; word < o.words; ++word) w.check_arrived(o.index + word, active, "reads");
    }
  }
  w.set_mask(d, {packed(truth) & active, ~(active & ~defined)});
}

// binary16, denormals included; written so that compilers vectorise it.
inline float half_to_float(u32 h) {
  const u32 magnitude = (h & 0x7fffu) << 13;
  // 2^112 makes up for the difference of the biases; Inf and NaN lie above all finite results.
  const float scaled = as_float(magnitude) * 0x1p112f;
  const u32 special = magnitude >= 0x0f800000u ? 0x7f800000u | magnitude : as_bits(scaled);
  return as_float(special | (h & 0x8000u) << 16);
}
// To the nearest, ties to even.
inline u32 float_to_half(float x) {
  const u32 u = as_bits(x);
  const u32 sign = u >> 16 & 0x8000u;
  const u32 magnitude = u & 0x7fffffffu;
  // Below 2^-14 adding 1/2 leaves multiples of 2^-24 in the low bits.
  const u32 denormal = as_bits(as_float(magnitude) + 0.5f) - 0x3f000000u;
  const u32 normal = (magnitude - 0x38000000u + 0xfffu + (magnitude >> 13 & 1u)) >> 13;
  const u32 finite = magnitude < 0x38800000u ? denormal : normal;
  const u32 large = magnitude > 0x7f800000u ? 0x7e00u | (magnitude >> 13 & 0x3ffu) : 0x7c00u;
  return sign | (magnitude >= 0x477ff000u ? large : finite);
}
inline float bf16_to_float(u32 b) { return as_float(b << 16); }

// Denormals become zeros of the same sign.
inline float flushed(float x) {
  return (as_bits(x) & 0x7f800000u) == 0 ? as_float(as_bits(x) & 0x80000000u) : x;
}

}  // namespace moat::amdgcn
