// SPDX-License-Identifier: Apache-2.0
// Vectors of floats from and to memory of any element type. D is a Highway tag of floats.
#pragma once

#include <array>
#include <cstdint>

#include "backends/cpu/lanes.hpp"
#include "problems/codes.hpp"

namespace moat::cpu {

template <class D>
using BitsTag = hn::Rebind<std::uint16_t, D>;

// The type in which elements of T move through vectors. A type without one does not compile.
template <class T>
struct StorageOf;
template <>
struct StorageOf<float> {
  using type = float;
};
template <>
struct StorageOf<f16> {
  using type = std::uint16_t;
};
template <>
struct StorageOf<bf16> {
  using type = std::uint16_t;
};
template <Float8 F>
struct StorageOf<F> {
  using type = std::uint8_t;
};
template <class T>
using Storage = typename StorageOf<T>::type;

// E4M3 as the upper bits of a binary16, whose exponent has a bias of 15.
template <class T, class D>
HWY_INLINE hn::Vec<D> widen_e4m3(D d, hn::Vec<hn::Rebind<std::uint8_t, D>> stored) {
  static_assert(T::kMantissa == 3);
  constexpr int kShift = 10 - T::kMantissa;
  const hn::Rebind<std::int16_t, D> integers;
  const hn::Rebind<std::uint16_t, D> bits;
  const hn::Rebind<hwy::float16_t, D> halves;
  // Bits 14 and 15 are both the sign of what was widened as an integer.
  const auto wide = hn::PromoteTo(integers, hn::BitCast(hn::Rebind<std::int8_t, D>{}, stored));
  const auto shifted = hn::ShiftLeft<kShift>(hn::BitCast(bits, wide));
  const auto half = hn::And(shifted, hn::Set(bits, std::uint16_t{0xbf80}));
  const auto value = hn::PromoteTo(d, hn::BitCast(halves, half));
  const auto scaled = hn::Mul(value, hn::Set(d, T::kBias == 7 ? 0x1p8f : 0x1p7f));
  // NaN has the code of the number beyond the largest; without −0 that of −0.
  const auto nan = hn::Set(d, __builtin_nanf(""));
  if constexpr (T::kFnuz) {
    const hn::RebindToUnsigned<D> words;
    const auto is_zero = hn::Eq(hn::BitCast(words, value), hn::Set(words, 0x80000000u));
    return hn::IfThenElse(hn::RebindMask(d, is_zero), nan, scaled);
  } else {
    return hn::IfThenElse(hn::Gt(hn::Abs(scaled), hn::Set(d, 448.0f)), nan, scaled);
  }
}

template <class T, class D>
HWY_INLINE hn::Vec<D> widen(D, hn::Vec<hn::Rebind<Storage<T>, D>> stored) {
  if constexpr (std::is_same_v<T, float>) {
    return stored;
  } else if constexpr (std::is_same_v<T, e4m3> || std::is_same_v<T, e4m3fnuz>) {
    return widen_e4m3<T>(D{}, stored);
  } else if constexpr (std::is_same_v<T, f16>) {
    return hn::PromoteTo(D{}, hn::BitCast(hn::Rebind<hwy::float16_t, D>{}, stored));
  } else {
    static_assert(std::is_same_v<T, bf16>);
    const hn::RebindToUnsigned<D> bits;
    return hn::BitCast(D{}, hn::ShiftLeft<16>(hn::PromoteTo(bits, stored)));
  }
}

#if HWY_MAX_BYTES == 64 && HWY_ARCH_X86
// As encode() of problems/codes.hpp does, in the lowest byte of each word; the others hold
// anything.
template <Float8 T>
HWY_INLINE __m512i float8_in_words(__m512 x) {
  const auto all = [](std::uint32_t bits) { return _mm512_set1_epi32(static_cast<int>(bits)); };
  constexpr int kLesserMagnitude = 0b1010;
  const __m512 inside = _mm512_range_ps(x, _mm512_set1_ps(kLargest<T>), kLesserMagnitude);
  const __m512i normal = _mm512_max_epi32(_mm512_castps_si512(inside), all(kLeastBinade<T> << 23));
  const __m512i binade = _mm512_and_si512(normal, all(0x7f800000u));
  const __m512i rounder = _mm512_add_epi32(binade, all(kRounder<T>));
  const __m512i sum = _mm512_castps_si512(_mm512_add_ps(inside, _mm512_castsi512_ps(rounder)));
  const __mmask16 number = _mm512_cmp_ps_mask(x, x, _CMP_ORD_Q);
  const __m512i size = _mm512_mask_add_epi32(all(T::kFnuz ? 0x80 : 0x7f), number, sum,
                                             _mm512_srli_epi32(binade, 23 - T::kMantissa));
  const __mmask16 has_sign =
      T::kFnuz ? _mm512_mask_test_epi32_mask(number, size, all(0xff)) : number;
  const __m512i top = _mm512_srli_epi32(_mm512_castps_si512(x), 24);
  constexpr int kOrAnd = 0xf8;  // a | (b & c)
  return _mm512_mask_ternarylogic_epi32(size, has_sign, top, all(0x80), kOrAnd);
}
#ifdef __AVX512VBMI__
#define MOAT_CPU_JOINS_CODES 1

// The lowest bytes of four times 16 words, in their order.
HWY_INLINE __m512i lowest_bytes(const __m512i (&words)[4]) {
  static constexpr auto kEveryFourth = [] {
    std::array<std::uint8_t, 64> index{};
    for (int i = 0; i < 64; ++i) index[i] = static_cast<std::uint8_t>(4 * i % 128);
    return index;
  }();
  const __m512i every_fourth = _mm512_loadu_si512(kEveryFourth.data());
  const auto lower = [&](int i) {
    return _mm512_castsi512_si256(_mm512_permutex2var_epi8(words[i], every_fourth, words[i + 1]));
  };
  return _mm512_inserti64x4(_mm512_castsi256_si512(lower(0)), lower(2), 1);
}
#endif
#endif

// Likewise.
template <class T, class D>
HWY_INLINE hn::Vec<hn::Rebind<std::uint8_t, D>> narrow_float8(D d, hn::Vec<D> x) {
#if HWY_MAX_BYTES == 64 && HWY_ARCH_X86
  if constexpr (sizeof(x) == 64) {
    return hn::Vec<hn::Rebind<std::uint8_t, D>>{_mm512_cvtepi32_epi8(float8_in_words<T>(x.raw))};
  }
#endif
  const hn::RebindToUnsigned<D> words;
  const auto all = [&](std::uint32_t bits) { return hn::Set(words, bits); };
  const auto inside = hn::Min(hn::Abs(x), hn::Set(d, kLargest<T>));
  const auto normal = hn::Max(inside, hn::BitCast(d, all(kLeastBinade<T> << 23)));
  const auto binade = hn::And(hn::BitCast(words, normal), all(0x7f800000u));
  const auto rounder = hn::BitCast(d, hn::Add(binade, all(kRounder<T>)));
  const auto sum = hn::BitCast(words, hn::Add(inside, rounder));
  const auto code = hn::Add(sum, hn::ShiftRight<23 - T::kMantissa>(binade));
  const auto sign = hn::And(hn::ShiftRight<24>(hn::BitCast(words, x)), all(0x80));
  auto whole = hn::Or(code, sign);
  if constexpr (T::kFnuz) {
    whole = hn::IfThenZeroElse(hn::Eq(hn::And(code, all(0xff)), all(0)), whole);
  }
  const auto nan = hn::RebindMask(words, hn::IsNaN(x));
  whole = hn::IfThenElse(nan, all(T::kFnuz ? 0x80 : 0x7f), whole);
  return hn::DemoteTo(hn::Rebind<std::uint8_t, D>{},
                      hn::BitCast(hn::RebindToSigned<D>{}, hn::And(whole, all(0xff))));
}

// Rounds to nearest even; NaN stays NaN. Where the processor has an instruction for bfloat16,
// subnormals become 0, as the table of types allows.
template <class T, class D>
HWY_INLINE hn::Vec<hn::Rebind<Storage<T>, D>> narrow(D, hn::Vec<D> x) {
  if constexpr (std::is_same_v<T, float>) {
    return x;
  } else if constexpr (std::is_same_v<T, f16>) {
    return hn::BitCast(BitsTag<D>{}, hn::DemoteTo(hn::Rebind<hwy::float16_t, D>{}, x));
  } else if constexpr (Float8<T>) {
    return narrow_float8<T>(D{}, x);
  } else {
    static_assert(std::is_same_v<T, bf16>);
#if HWY_MAX_BYTES == 64 && defined(__AVX512BF16__)
    if constexpr (sizeof(hn::Vec<D>) == 64) {
      return hn::Vec<BitsTag<D>>{reinterpret_cast<__m256i>(_mm512_cvtneps_pbh(x.raw))};
    }
#endif
    const hn::RebindToUnsigned<D> bits;
    const auto u = hn::BitCast(bits, x);
    const auto odd = hn::And(hn::ShiftRight<16>(u), hn::Set(bits, 1u));
    const auto rounded = hn::Add(u, hn::Add(odd, hn::Set(bits, 0x7fffu)));
    const auto all_if_nan = hn::VecFromMask(bits, hn::RebindMask(bits, hn::IsNaN(x)));
    const auto upper = hn::ShiftRight<16>(hn::Or(rounded, all_if_nan));
    return hn::DemoteTo(BitsTag<D>{}, hn::BitCast(hn::RebindToSigned<D>{}, upper));
  }
}

template <class D, class T>
HWY_INLINE hn::Vec<D> load(D d, const T* p) {
  const hn::Rebind<Storage<T>, D> stored;
  return widen<T>(d, hn::LoadU(stored, reinterpret_cast<const Storage<T>*>(p)));
}

template <class D, class T>
HWY_INLINE void store(D d, hn::Vec<D> x, T* p) {
  const hn::Rebind<Storage<T>, D> stored;
  hn::StoreU(narrow<T>(d, x), stored, reinterpret_cast<Storage<T>*>(p));
}

}  // namespace moat::cpu
