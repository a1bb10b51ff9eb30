// SPDX-License-Identifier: Apache-2.0
// Element types and storage orders.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "problems/marks.hpp"

namespace moat {

// IEEE 754 binary16, storage only: backends widen to float before they compute.
struct f16 {
  std::uint16_t bits;
};

// bfloat16: the upper half of a binary32, storage only.
struct bf16 {
  std::uint16_t bits;
};

// The table of element types, a row each: ROW(name, storage type, significant digits in bits,
// largest finite value, largest absolute error of rounding near 0). f32 and bf16 may flush
// subnormals to 0, as GPUs do. Everything below follows from it; what else depends on a type is a
// switch without a default, which the compiler names. Products and sums of every type are
// accumulated in f32.
#define MOAT_DTYPES(ROW)                         \
  ROW(f32, float, 24, 0x1.fffffep127, 0x1p-126)  \
  ROW(f16, ::moat::f16, 11, 0x1.ffcp15, 0x1p-25) \
  ROW(bf16, ::moat::bf16, 8, 0x1.fep127, 0x1p-126)

enum class DType : std::uint8_t {
#define MOAT_ROW(name, ...) name,
  MOAT_DTYPES(MOAT_ROW)
#undef MOAT_ROW
};

// Every type, in the order of the table.
inline constexpr std::array kDTypes{
#define MOAT_ROW(name, ...) DType::name,
    MOAT_DTYPES(MOAT_ROW)
#undef MOAT_ROW
};

// Storage type to DType, the inverse of `with_dtype`.
template <class T>
struct DTypeOf;
#define MOAT_ROW(name, storage, ...)            \
  template <>                                   \
  struct DTypeOf<storage> {                     \
    static constexpr DType value = DType::name; \
  };
MOAT_DTYPES(MOAT_ROW)
#undef MOAT_ROW
template <class T>
inline constexpr DType kDType = DTypeOf<T>::value;

// The row of a type.
struct DTypeTraits {
  std::string_view name;
  std::size_t size;  // bytes
  int digits;        // of the significand, in bits
  double largest;    // finite value
  double underflow;  // largest absolute error of rounding near 0

  // Largest relative error of rounding to the type.
  constexpr double roundoff() const {
    double u = 1;
    for (int i = 0; i < digits; ++i) u /= 2;
    return u;
  }
};

constexpr DTypeTraits traits(DType t) {
  switch (t) {
#define MOAT_ROW(name, storage, digits, largest, underflow) \
  case DType::name:                                         \
    return {#name, sizeof(storage), digits, largest, underflow};
    MOAT_DTYPES(MOAT_ROW)
#undef MOAT_ROW
  }
  return {};
}

constexpr std::size_t size_of(DType t) { return traits(t).size; }

constexpr std::string_view name_of(DType t) { return traits(t).name; }

// The type's name as a value, for lambdas that dispatch on it.
template <class T>
struct Type {
  using type = T;
};

// Calls f(Type<storage type of t>{}). `t` is a row of the table.
template <class F>
decltype(auto) with_dtype(DType t, F&& f) {
  switch (t) {
#define MOAT_ROW(name, storage, ...) \
  case DType::name:                  \
    return f(Type<storage>{});
    MOAT_DTYPES(MOAT_ROW)
#undef MOAT_ROW
  }
  __builtin_unreachable();
}

// The types of 16 bits, in the order of the table.
inline constexpr auto kHalves = [] {
  constexpr auto half = [](DType t) { return size_of(t) == 2; };
  std::array<DType, std::ranges::count_if(kDTypes, half)> halves{};
  std::ranges::copy_if(kDTypes, halves.begin(), half);
  return halves;
}();

// Calls f(Type<storage type of t>{}) if that is one of 16 bits.
template <class F>
void with_half(DType t, F&& f) {
  with_dtype(t, [&]<class T>(Type<T>) {
    if constexpr (sizeof(T) == 2) f(Type<T>{});
  });
}

// How a matrix lies in memory: as the formula names it, or transposed (B stored as n × k, the
// weight of a linear layer; the keys of attention).
enum class Order : std::uint8_t { row_major, transposed };

template <class I>
constexpr MOAT_SHARED_FN I ceil_div(I a, I b) {
  return (a + b - 1) / b;
}

// Host conversions between float and the 16-bit storage types, round to nearest even; NaN stays
// NaN.
inline float to_float(float x) { return x; }

inline float to_float(bf16 x) { return std::bit_cast<float>(std::uint32_t{x.bits} << 16); }

inline float to_float(f16 x) {
  const std::uint32_t sign = std::uint32_t{x.bits & 0x8000u} << 16;
  const std::uint32_t exponent = (x.bits >> 10) & 0x1f;
  const std::uint32_t mantissa = x.bits & 0x3ff;
  if (exponent == 31) return std::bit_cast<float>(sign | 0x7f800000u | (mantissa << 13));
  if (exponent != 0) {
    return std::bit_cast<float>(sign | ((exponent + 112) << 23) | (mantissa << 13));
  }
  // Zero and subnormals: mantissa · 2^-24 is exact in binary32.
  const float magnitude = static_cast<float>(mantissa) * 0x1p-24f;
  return std::bit_cast<float>(sign | std::bit_cast<std::uint32_t>(magnitude));
}

template <class T>
T from_float(float x);

template <>
inline float from_float<float>(float x) {
  return x;
}

template <>
inline bf16 from_float<bf16>(float x) {
  const auto u = std::bit_cast<std::uint32_t>(x);
  if ((u & 0x7fffffffu) > 0x7f800000u) return {static_cast<std::uint16_t>((u >> 16) | 0x40u)};
  return {static_cast<std::uint16_t>((u + 0x7fffu + ((u >> 16) & 1u)) >> 16)};
}

template <>
inline f16 from_float<f16>(float x) {
  const auto u = std::bit_cast<std::uint32_t>(x);
  const auto sign = static_cast<std::uint16_t>((u >> 16) & 0x8000u);
  const std::uint32_t magnitude = u & 0x7fffffffu;
  const auto pack = [sign](std::uint32_t bits) {
    return f16{static_cast<std::uint16_t>(sign | bits)};
  };
  if (magnitude > 0x7f800000u) return pack(0x7e00u);
  if (magnitude >= 0x477ff000u) return pack(0x7c00u);  // rounds to 65536 or more: infinity
  if (magnitude < 0x38800000u) {
    // Below 2^-14 the unit is 2^-24; adding 0.5 lets the FPU round to that unit.
    const float shifted = std::bit_cast<float>(magnitude) + 0.5f;
    return pack(std::bit_cast<std::uint32_t>(shifted) - 0x3f000000u);
  }
  const std::uint32_t odd = (magnitude >> 13) & 1u;
  return pack((magnitude - 0x38000000u + 0xfffu + odd) >> 13);
}

}  // namespace moat
