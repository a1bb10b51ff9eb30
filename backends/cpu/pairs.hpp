// SPDX-License-Identifier: Apache-2.0
// Products of pairs of bfloat16 (VDPBF16PS: lane i of the sum takes elements 2i and 2i + 1 of
// both), for tiles of few rows whose right operand holds codes. Codes are looked up as bfloat16 in
// registers: VPERMW finds 32 of 4 bits, VPERMI2B 64 of 7 bits.
#pragma once

#include "backends/cpu/grouped.hpp"

// Whether a build has them.
#if HWY_MAX_BYTES == 64 && defined(__AVX512BF16__) && defined(__AVX512VBMI__)
#define MOAT_CPU_PAIRS 1
#else
#define MOAT_CPU_PAIRS 0
#endif

#if MOAT_CPU_PAIRS

#include <immintrin.h>

#include <array>
#include <bit>

namespace moat::cpu {

// Codes in the 64 bytes that are decoded at once.
template <class C>
inline constexpr int kChunkCodes = 64 * kPerUnit<C>;

constexpr std::uint16_t upper_half(float x) {
  return static_cast<std::uint16_t>(std::bit_cast<std::uint32_t>(x) >> 16);
}

// Words of a chunk of codes: a word holds four halves of bytes. The j-th vector of what a chunk
// becomes is looked up by the j-th half of each word.
inline constexpr int kHalves16 = 4;

// Of 4 bits: one number for each half. Bit 4 of an index is the next half's and counts for nothing.
template <class C>
struct HalfTables {
  static __m512i of(int) { return _mm512_loadu_si512(numbers().data()); }
  // Which number of a row half j of word w is.
  static constexpr int number(int word, int j) { return kHalves16 * word + j; }

 private:
  // Made at the first use: what runs when the program starts has to run on any processor.
  static const std::array<std::uint16_t, 32>& numbers() {
    static const auto table = [] {
      std::array<std::uint16_t, 32> numbers{};
      for (int i = 0; i < 32; ++i) {
        numbers[i] = upper_half(decode(C{static_cast<std::uint8_t>(i % 16)}, 0));
      }
      return numbers;
    }();
    return table;
  }
};

// An integer of 8 bits is the sum of two: its lower half, and 16 times its upper one with the sign.
template <>
struct HalfTables<int8> {
  static __m512i of(int j) { return _mm512_loadu_si512((j % 2 == 0 ? kLower : kUpper).data()); }
  static constexpr int number(int word, int j) { return 2 * word + j / 2; }

 private:
  static constexpr std::array<std::uint16_t, 32> kLower = [] {
    std::array<std::uint16_t, 32> numbers{};
    for (int i = 0; i < 32; ++i) numbers[i] = upper_half(static_cast<float>(i % 16));
    return numbers;
  }();
  static constexpr std::array<std::uint16_t, 32> kUpper = [] {
    std::array<std::uint16_t, 32> numbers{};
    for (int i = 0; i < 32; ++i) {
      numbers[i] = upper_half(static_cast<float>(16 * ((i % 16 ^ 8) - 8)));
    }
    return numbers;
  }();
};

// `count` of the 64 bytes, the others 0.
HWY_INLINE __m512i load_bytes(const void* p, int count) {
  if (HWY_LIKELY(count >= 64)) return _mm512_loadu_si512(p);
  return _mm512_maskz_loadu_epi8((__mmask64{1} << count) - 1, p);
}

// The scales of a chunk in the lanes that its sums have; `groups` of them exist.
HWY_INLINE __m512 scales_of_lanes(const bf16* scales, int groups) {
  std::uint64_t bits = 0;
  if (groups == 4) {
    std::memcpy(&bits, scales, 4 * sizeof(bf16));
  } else {
    std::memcpy(&bits, scales, static_cast<std::size_t>(groups) * sizeof(bf16));
  }
  // Word 2l + 1 of the result is the upper half of lane l, whose group is l ÷ 4.
  const __m512i which =
      _mm512_slli_epi32(_mm512_set_epi32(3, 3, 3, 3, 2, 2, 2, 2, 1, 1, 1, 1, 0, 0, 0, 0), 16);
  const __m512i spread = _mm512_maskz_permutexvar_epi16(0xaaaaaaaau, which,
                                                        _mm512_set1_epi64(static_cast<long>(bits)));
  return _mm512_castsi512_ps(spread);
}
HWY_INLINE __m512 scales_of_lanes(const e8m0* scales, int groups) {
  std::uint32_t bits = 0;
  if (groups == 4) {
    std::memcpy(&bits, scales, 4);
  } else {
    std::memcpy(&bits, scales, static_cast<std::size_t>(groups));
  }
  const __m128i codes = _mm_cvtepu8_epi32(_mm_cvtsi32_si128(static_cast<int>(bits)));
  __m128i numbers = _mm_slli_epi32(codes, 23);
  numbers = _mm_mask_mov_epi32(numbers, _mm_cmpeq_epi32_mask(codes, _mm_set1_epi32(0)),
                               _mm_set1_epi32(0x00400000));
  numbers = _mm_mask_mov_epi32(numbers, _mm_cmpeq_epi32_mask(codes, _mm_set1_epi32(255)),
                               _mm_set1_epi32(0x7fc00000));
  const __m512i which = _mm512_set_epi32(3, 3, 3, 3, 2, 2, 2, 2, 1, 1, 1, 1, 0, 0, 0, 0);
  return _mm512_permutexvar_ps(which, _mm512_castps128_ps512(_mm_castsi128_ps(numbers)));
}

// kRows rows of a left operand for `chunks` chunks, as the numbers of a chunk are looked up.
template <class C, int kRows>
void pack_pairs(const bf16* from, std::int64_t stride, int depth, int chunks, std::uint16_t* to) {
  for (int r = 0; r < kRows; ++r, from += stride) {
    for (int chunk = 0; chunk < chunks; ++chunk) {
      for (int j = 0; j < kHalves16; ++j, to += 32) {
        for (int word = 0; word < 32; ++word) {
          const int k = chunk * kChunkCodes<C> + HalfTables<C>::number(word, j);
          to[word] = k < depth ? from[k].bits : std::uint16_t{0};
        }
      }
    }
  }
}

// acc[r · acc_stride + c] += the lanes of sum[r][c], of which `inside` columns exist.
template <int kRows, int kCols>
HWY_INLINE void add_sums(__m512 (&sum)[kRows][kCols], int inside, float* acc,
                         std::int64_t acc_stride) {
  if constexpr (kCols == kPiece) {
    const hn::FixedTag<float, kPiece> four;
    const auto kept = hn::FirstN(four, static_cast<std::size_t>(inside));
    unroll<kRows>([&](auto r) {
      hn::Vec<FloatTag> lanes[kPiece];
      unroll<kPiece>([&](auto c) { lanes[c] = hn::Vec<FloatTag>{sum[r][c]}; });
      float* to = acc + r * acc_stride;
      const auto sums = hn::IfThenElseZero(kept, sums_of_lanes(lanes));
      hn::Store(hn::Add(hn::Load(four, to), sums), four, to);
    });
  } else {
    for (int r = 0; r < kRows; ++r) {
      for (int c = 0; c < std::min(kCols, inside); ++c) {
        acc[r * acc_stride + c] += _mm512_reduce_add_ps(sum[r][c]);
      }
    }
  }
}

// acc[r · acc_stride + c] += the products of kRows packed rows, `row_words` apart, and kCols
// columns from `col` on, of which `inside` exist.
template <int kRows, int kCols, class C, class Scale, int kK, int kN>
HWY_NOINLINE void dot_pairs(const std::uint16_t* HWY_RESTRICT left, std::int64_t row_words,
                            const GroupedInMemory<C, Scale, kK, kN>& right, int col, int inside,
                            int depth, float* HWY_RESTRICT acc, std::int64_t acc_stride) {
  // Columns beyond the last repeat it, and their sums are dropped.
  const C* codes[kCols];
  const Scale* scales[kCols];
  for (int c = 0; c < kCols; ++c) {
    codes[c] = right.codes_of(col + std::min(c, inside - 1));
    scales[c] = right.scales_of(col + std::min(c, inside - 1));
  }
  const std::int64_t ahead = kCols * right.stride / kPerUnit<C>;
  __m512i table[2] = {HalfTables<C>::of(0), HalfTables<C>::of(1)};
  __m512 sum[kRows][kCols];
  unroll<kRows>([&](auto r) { unroll<kCols>([&](auto c) { sum[r][c] = _mm512_setzero_ps(); }); });
  for (int k = 0; k < depth; k += kChunkCodes<C>, left += 32 * kHalves16) {
    const int rest = depth - k;
    unroll<kCols>([&](auto c) __attribute__((always_inline)) {
      __builtin_prefetch(codes[c] + ahead);
      __m512i words = load_bytes(codes[c], rest / kPerUnit<C>);
      __m512 part[kRows];
      unroll<kRows>([&](auto r) { part[r] = _mm512_setzero_ps(); });
      unroll<kHalves16>([&](auto j) __attribute__((always_inline)) {
        const auto numbers = std::bit_cast<__m512bh>(_mm512_permutexvar_epi16(words, table[j % 2]));
        words = _mm512_srli_epi16(words, 4);
        unroll<kRows>([&](auto r) __attribute__((always_inline)) {
          const auto row =
              std::bit_cast<__m512bh>(_mm512_loadu_si512(left + r * row_words + 32 * j));
          part[r] = _mm512_dpbf16_ps(part[r], numbers, row);
        });
      });
      __m512 scale;
      if constexpr (kGroup<C> >= kChunkCodes<C>) {
        scale = scale_lanes(FloatTag{}, scales[c][k / kGroup<C>]).raw;
      } else {
        constexpr int kInChunk = kChunkCodes<C> / kGroup<C>;
        scale = scales_of_lanes(scales[c] + k / kGroup<C>, std::min(kInChunk, rest / kGroup<C>));
      }
      unroll<kRows>([&](auto r) { sum[r][c] = _mm512_fmadd_ps(part[r], scale, sum[r][c]); });
      codes[c] += 64;
    });
  }
  add_sums<kRows, kCols>(sum, inside, acc + col, acc_stride);
}

// Columns at once beside so many rows: sums of both fit the registers twice.
constexpr int pair_columns(int rows) { return rows <= 2 ? 4 : rows <= 4 ? 2 : 1; }

// acc += left · right, over the rows, columns and depth that both hold.
template <int kM, int kN, int kK, class C, class Scale>
void multiply(RowAccumulator<kM, kN>& acc, const LeftInMemory<bf16, kM, kK>& left,
              const GroupedInMemory<C, Scale, kK, kN>& right) {
  acc.rows = std::max(acc.rows, left.rows);
  const int depth = std::min(left.depth, right.depth);
  if (depth == 0) return;
  const int chunks = ceil_div(depth, kChunkCodes<C>);
  const std::int64_t row_words = std::int64_t{32} * kHalves16 * chunks;
  alignas(64) std::uint16_t packed[kRowsAtOnce * (kHalves16 * 32) * ceil_div(kK, kChunkCodes<C>)];
  for_each_row_group<kRowsAtOnce>(left.rows, [&](int rows, int row) {
    with_count<kRowsAtOnce>(rows, [&](auto count) {
      pack_pairs<C, count>(left.from + row * left.stride, left.stride, depth, chunks, packed);
      constexpr int kAtOnce = pair_columns(count);
      for (int col = 0; col < right.cols; col += kAtOnce) {
        dot_pairs<count, kAtOnce>(packed, row_words, right, col,
                                  std::min(kAtOnce, right.cols - col), depth, acc.row(row), kN);
      }
    });
  });
}

// The bytes of bfloat16 that 8-bit floats without their sign become.
template <Float8 F>
struct Float8Tables {
  __m512i upper[2], lower[2];

  Float8Tables() {
    for (int i = 0; i < 2; ++i) {
      upper[i] = _mm512_loadu_si512(bytes<8>().data() + i * 64);
      lower[i] = _mm512_loadu_si512(bytes<0>().data() + i * 64);
    }
  }

  // 64 codes as two vectors, in the order that both operands then have.
  HWY_INLINE void decode_chunk(__m512i codes, __m512bh (&numbers)[2]) const {
    __m512i high = _mm512_permutex2var_epi8(upper[0], codes, upper[1]);
    __m512i low = _mm512_permutex2var_epi8(lower[0], codes, lower[1]);
    constexpr int kOrOfAnd = 0xf8;  // a | (b & c)
    high =
        _mm512_ternarylogic_epi64(high, codes, _mm512_set1_epi8(static_cast<char>(0x80)), kOrOfAnd);
    if constexpr (F::kFnuz) {
      const __mmask64 nan =
          _mm512_cmpeq_epi8_mask(codes, _mm512_set1_epi8(static_cast<char>(0x80)));
      high = _mm512_mask_mov_epi8(high, nan, _mm512_set1_epi8(0x7f));
      low = _mm512_mask_mov_epi8(low, nan, _mm512_set1_epi8(static_cast<char>(0xff)));
    }
    numbers[0] = std::bit_cast<__m512bh>(_mm512_unpacklo_epi8(low, high));
    numbers[1] = std::bit_cast<__m512bh>(_mm512_unpackhi_epi8(low, high));
  }

 private:
  template <int kShift>
  static const std::array<std::uint8_t, 128>& bytes() {
    static const auto table = [] {
      std::array<std::uint8_t, 128> all{};
      for (int i = 0; i < 128; ++i) {
        const std::uint16_t number = upper_half(decode(F{static_cast<std::uint8_t>(i)}));
        all[i] = static_cast<std::uint8_t>(number >> kShift);
      }
      return all;
    }();
    return table;
  }
};

// How far ahead of its use a column of 8-bit floats is fetched, in steps of a pipeline: a step
// takes a piece of each column of the tile, so that no stream of reads is recognised.
inline constexpr int kStepsAhead = 2;

// The same for 8-bit floats in both operands; rows of the left one are decoded, `row_vectors`
// apart.
template <int kRows, int kCols, Float8 F, int kK, int kN>
HWY_NOINLINE void dot_float8(const __m512bh* HWY_RESTRICT left, int row_vectors,
                             const RightInMemory<F, kK, kN, Order::transposed>& right, int col,
                             int inside, int depth, float* HWY_RESTRICT acc,
                             std::int64_t acc_stride) {
  const Float8Tables<F> tables;
  const F* codes[kCols];
  for (int c = 0; c < kCols; ++c) {
    codes[c] = right.from + (col + std::min(c, inside - 1)) * right.stride;
  }
  __m512 sum[kRows][kCols];
  unroll<kRows>([&](auto r) { unroll<kCols>([&](auto c) { sum[r][c] = _mm512_setzero_ps(); }); });
  for (int k = 0; k < depth; k += 64, left += 2) {
    unroll<kCols>([&](auto c) __attribute__((always_inline)) {
      __builtin_prefetch(codes[c] + k + kStepsAhead * kK);
      __m512bh numbers[2];
      tables.decode_chunk(load_bytes(codes[c] + k, depth - k), numbers);
      unroll<kRows>([&](auto r) __attribute__((always_inline)) {
        sum[r][c] = _mm512_dpbf16_ps(sum[r][c], numbers[0], left[r * row_vectors]);
        sum[r][c] = _mm512_dpbf16_ps(sum[r][c], numbers[1], left[r * row_vectors + 1]);
      });
    });
  }
  add_sums<kRows, kCols>(sum, inside, acc + col, acc_stride);
}

template <int kM, int kN, int kK, Float8 F>
void multiply(RowAccumulator<kM, kN>& acc, const LeftInMemory<F, kM, kK>& left,
              const RightInMemory<F, kK, kN, Order::transposed>& right) {
  acc.rows = std::max(acc.rows, left.rows);
  const int depth = std::min(left.depth, right.depth);
  constexpr int kRowVectors = 2 * ceil_div(kK, 64);
  __m512bh decoded[kRowsAtOnce * kRowVectors];
  const Float8Tables<F> tables;
  for_each_row_group<kRowsAtOnce>(left.rows, [&](int rows, int row) {
    for (int r = 0; r < rows; ++r) {
      const F* from = left.from + (row + r) * left.stride;
      for (int k = 0; k < depth; k += 64) {
        __m512bh numbers[2];
        tables.decode_chunk(load_bytes(from + k, depth - k), numbers);
        decoded[r * kRowVectors + k / 32] = numbers[0];
        decoded[r * kRowVectors + k / 32 + 1] = numbers[1];
      }
    }
    with_count<kRowsAtOnce>(rows, [&](auto count) {
      constexpr int kAtOnce = pair_columns(count);
      for (int col = 0; col < right.cols; col += kAtOnce) {
        dot_float8<count, kAtOnce>(decoded, kRowVectors, right, col,
                                   std::min(kAtOnce, right.cols - col), depth, acc.row(row), kN);
      }
    });
  });
}

}  // namespace moat::cpu

#endif
