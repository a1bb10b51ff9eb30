// SPDX-License-Identifier: Apache-2.0
// Codes of numbers in 8 bits and less: storage that is decoded before anything is computed.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "problems/dtype.hpp"

namespace moat {

// Floats of 8 bits: kMantissa bits behind the sign and the exponent, whose bias is kBias. As the
// OCP 8-bit Floating Point Specification (1.0) has them: E4M3 has no infinities, and NaN is all
// ones; E5M2 is as in IEEE 754. kFnuz: there are neither infinities nor −0, whose code is NaN (B.
// Noune et al., "8-bit Numerical Formats for Deep Neural Networks", 2022).
struct e4m3 {
  static constexpr int kMantissa = 3;
  static constexpr int kBias = 7;
  static constexpr bool kFnuz = false;
  std::uint8_t bits;
};
struct e4m3fnuz {
  static constexpr int kMantissa = 3;
  static constexpr int kBias = 8;
  static constexpr bool kFnuz = true;
  std::uint8_t bits;
};
struct e5m2 {
  static constexpr int kMantissa = 2;
  static constexpr int kBias = 15;
  static constexpr bool kFnuz = false;
  std::uint8_t bits;
};
template <class F>
concept Float8 = requires {
  F::kMantissa;
  F::kFnuz;
};

// A power of two, 2^(bits − 127); 255 is NaN (OCP Microscaling Formats Specification 1.0, 5.4.1).
struct e8m0 {
  std::uint8_t bits;
};

// An integer.
struct int8 {
  std::int8_t bits;
};

// Two integers of −8 … 7 in two's complement, the first one in the lower half.
struct int4 {
  std::uint8_t bits;
};

// Two E2M1 (±0, 0.5, 1, 1.5, 2, 3, 4, 6), the first one in the lower half (OCP Microscaling Formats
// Specification 1.0, 5.3.3; the order is that of gpt-oss, gpt_oss/torch/weights.py).
struct mxfp4 {
  std::uint8_t bits;
};

// The table of codes, a row each: ROW(name, numbers in a unit of storage, largest finite number).
// A unit is a byte of the type of that name.
#define MOAT_CODES(ROW) \
  ROW(e4m3, 1, 448)     \
  ROW(e4m3fnuz, 1, 240) \
  ROW(e5m2, 1, 57344)   \
  ROW(e8m0, 1, 0x1p127) \
  ROW(int8, 1, 127)     \
  ROW(int4, 2, 7)       \
  ROW(mxfp4, 2, 6)

enum class Code : std::uint8_t {
#define MOAT_ROW(name, ...) name,
  MOAT_CODES(MOAT_ROW)
#undef MOAT_ROW
};

// Every code, in the order of the table.
inline constexpr std::array kCodes{
#define MOAT_ROW(name, ...) Code::name,
    MOAT_CODES(MOAT_ROW)
#undef MOAT_ROW
};

struct CodeTraits {
  std::string_view name;
  int per_unit;    // numbers in a byte
  double largest;  // finite number
};

constexpr CodeTraits traits(Code c) {
  switch (c) {
#define MOAT_ROW(name, per_unit, largest) \
  case Code::name:                        \
    return {#name, per_unit, largest};
    MOAT_CODES(MOAT_ROW)
#undef MOAT_ROW
  }
  return {};
}

constexpr std::string_view name_of(Code c) { return traits(c).name; }

// Calls f(Type<storage of c>{}).
template <class F>
decltype(auto) with_code(Code c, F&& f) {
  switch (c) {
#define MOAT_ROW(name, ...) \
  case Code::name:          \
    return f(Type<name>{});
    MOAT_CODES(MOAT_ROW)
#undef MOAT_ROW
  }
  __builtin_unreachable();
}

// Numbers in a unit of storage.
template <class C>
inline constexpr int kPerUnit = 1;
template <>
inline constexpr int kPerUnit<int4> = 2;
template <>
inline constexpr int kPerUnit<mxfp4> = 2;

// Largest finite number.
template <class C>
inline constexpr float kLargest = 0;
#define MOAT_ROW(name, per_unit, largest) \
  template <>                             \
  inline constexpr float kLargest<name> = largest;
MOAT_CODES(MOAT_ROW)
#undef MOAT_ROW

// The float of these bits.
MOAT_SHARED_FN float float_of_bits(std::uint32_t bits) { return __builtin_bit_cast(float, bits); }

// Number `which` of a unit, exactly. No step passes through subnormal numbers of f32, which a
// device may take for 0.
template <Float8 F>
MOAT_SHARED_FN float decode(F x, int /*which*/ = 0) {
  const std::uint32_t sign = std::uint32_t{x.bits & 0x80u} << 24;
  const std::uint32_t magnitude = x.bits & 0x7fu;
  const std::uint32_t in_place = magnitude << (23 - F::kMantissa);
  // As a number, and, of those below the smallest normal one, as what they exceed 2^(1 − bias) by.
  const float normal = float_of_bits(in_place + (std::uint32_t{127 - F::kBias} << 23));
  const std::uint32_t least = std::uint32_t{128 - F::kBias} << 23;
  const float below = float_of_bits(in_place + least) - float_of_bits(least);
  float value = magnitude >> F::kMantissa == 0 ? below : normal;
  if (!F::kFnuz && F::kMantissa == 2 && magnitude >= 0x7cu) {
    value = float_of_bits(magnitude == 0x7cu ? 0x7f800000u : 0x7fc00000u);
  }
  if (F::kFnuz ? x.bits == 0x80u : F::kMantissa == 3 && magnitude == 0x7fu) {
    value = float_of_bits(0x7fc00000u);
  }
  return float_of_bits(__builtin_bit_cast(std::uint32_t, value) | sign);
}

MOAT_SHARED_FN float decode(e8m0 x, int /*which*/ = 0) {
  if (x.bits == 0xffu) return float_of_bits(0x7fc00000u);
  return float_of_bits(x.bits == 0 ? 0x00400000u : std::uint32_t{x.bits} << 23);
}

MOAT_SHARED_FN float decode(int8 x, int /*which*/ = 0) { return static_cast<float>(x.bits); }

MOAT_SHARED_FN float decode(int4 x, int which) {
  const int half = x.bits >> (4 * which) & 0xf;
  return static_cast<float>((half ^ 8) - 8);
}

MOAT_SHARED_FN float decode(mxfp4 x, int which) {
  const std::uint32_t half = x.bits >> (4 * which) & 0xfu;
  const std::uint32_t magnitude = half & 7u;
  const std::uint32_t normal = (magnitude << 22) + (126u << 23);
  const std::uint32_t value = magnitude > 1 ? normal : magnitude == 1 ? 0x3f000000u : 0u;
  return float_of_bits(value | (half & 8u) << 28);
}

// A number that is no code.
MOAT_SHARED_FN float decode(float x) { return x; }

// The same by the name that elements have.
template <Float8 F>
MOAT_SHARED_FN float to_float(F x) {
  return decode(x);
}

// Encoding rounds by an addition: 2^(23 − mantissa) times the power of two at or below a number
// leaves of it whole units of its type there, in the lowest byte of the sum. kLeastBinade is that
// power's least exponent, of f32. In kRounder are the factor, and as that byte's first number what
// the exponents of f32 and of the type differ by.
template <Float8 F>
inline constexpr std::uint32_t kLeastBinade = 128 - F::kBias;
template <Float8 F>
inline constexpr std::uint32_t kRounder = (std::uint32_t{23 - F::kMantissa} << 23) +
                                          ((0u - (kLeastBinade<F> << F::kMantissa)) & 0xffu);

// Rounds to nearest even; what is beyond the largest finite number becomes that. NaN stays NaN.
template <class C>
MOAT_SHARED_FN C encode(float x);

namespace detail {
template <class F>
MOAT_SHARED_FN F encode_float8(float x) {
  const std::uint32_t bits = __builtin_bit_cast(std::uint32_t, x);
  const std::uint32_t sign = bits >> 24 & 0x80u;
  const std::uint32_t magnitude = bits & 0x7fffffffu;
  if (magnitude > 0x7f800000u) return {static_cast<std::uint8_t>(F::kFnuz ? 0x80u : 0x7fu)};
  const float size = float_of_bits(magnitude);
  const float inside = size > kLargest<F> ? kLargest<F> : size;
  const std::uint32_t exponent = __builtin_bit_cast(std::uint32_t, inside) >> 23;
  const std::uint32_t binade = exponent < kLeastBinade<F> ? kLeastBinade<F> : exponent;
  const float sum = inside + float_of_bits((binade << 23) + kRounder<F>);
  const auto code =
      static_cast<std::uint8_t>(__builtin_bit_cast(std::uint32_t, sum) + (binade << F::kMantissa));
  return {static_cast<std::uint8_t>(F::kFnuz && code == 0 ? 0u : code | sign)};
}
}  // namespace detail

template <>
MOAT_SHARED_FN e4m3 encode<e4m3>(float x) {
  return detail::encode_float8<e4m3>(x);
}
template <>
MOAT_SHARED_FN e4m3fnuz encode<e4m3fnuz>(float x) {
  return detail::encode_float8<e4m3fnuz>(x);
}
template <>
MOAT_SHARED_FN e5m2 encode<e5m2>(float x) {
  return detail::encode_float8<e5m2>(x);
}

}  // namespace moat
