// SPDX-License-Identifier: Apache-2.0
// Right operands whose numbers are codes with a scale for each group, decoded in registers.
#pragma once

#include <cstring>

#include "backends/cpu/in_place.hpp"
#include "problems/tensor.hpp"

namespace moat::cpu {

// The codes from `codes` on, one for each lane of D, as floats.
template <class D>
HWY_INLINE hn::Vec<D> decode_lanes(D d, const int8* codes) {
  const hn::Rebind<std::int32_t, D> integers;
  const hn::Rebind<std::int8_t, D> stored;
  const auto x = hn::LoadU(stored, reinterpret_cast<const std::int8_t*>(codes));
  return hn::ConvertTo(d, hn::PromoteTo(integers, x));
}

// Lane i of the result has code i of those in 4 bits as its highest bits; what is below is
// arbitrary.
template <class D>
HWY_INLINE hn::Vec<hn::RebindToUnsigned<D>> fours_on_top(D, const void* codes) {
  constexpr int kCodes = static_cast<int>(hn::MaxLanes(D{}));
  constexpr int kInWord = 8;
  const hn::RebindToUnsigned<D> words;
  hn::Vec<hn::RebindToUnsigned<D>> word;
  if constexpr (kCodes <= kInWord) {
    std::uint32_t bits = 0;
    std::memcpy(&bits, codes, kCodes / 2);
    word = hn::Set(words, bits);
  } else {
    static_assert(kCodes == 2 * kInWord);
    std::uint64_t bits = 0;
    std::memcpy(&bits, codes, sizeof bits);
    const hn::Repartition<std::uint64_t, D> pairs;
    const auto which = hn::ShiftRight<3>(hn::Iota(hn::RebindToSigned<D>{}, 0));
    word = hn::TableLookupLanes(hn::BitCast(words, hn::Set(pairs, bits)),
                                hn::IndicesFromVec(words, which));
  }
  const auto lane = hn::And(hn::Iota(words, 0), hn::Set(words, kInWord - 1));
  return hn::Shl(word, hn::Sub(hn::Set(words, 28), hn::ShiftLeft<2>(lane)));
}

template <class D>
HWY_INLINE hn::Vec<D> decode_lanes(D d, const int4* codes) {
  const hn::RebindToSigned<D> integers;
  return hn::ConvertTo(d, hn::ShiftRight<28>(hn::BitCast(integers, fours_on_top(d, codes))));
}

// The integer m of E2M1's exponent e and mantissa is its magnitude in halves where e is 0; else the
// number of that binade is placed by its exponent. No step passes through subnormal floats, which
// some processors multiply slowly.
template <class D>
HWY_INLINE hn::Vec<D> decode_lanes(D d, const mxfp4* codes) {
  const hn::RebindToUnsigned<D> words;
  const auto all = [&](std::uint32_t x) { return hn::Set(words, x); };
  const auto top = fours_on_top(d, codes);
  const auto sign = hn::And(top, all(0x80000000u));
  const auto magnitude = hn::And(hn::ShiftRight<28>(top), all(7));
  const auto normal = hn::Add(hn::ShiftLeft<22>(magnitude), all(126u << 23));
  const auto half = hn::IfThenElseZero(hn::Eq(magnitude, all(1)), all(126u << 23));
  const auto value = hn::IfThenElse(hn::Gt(magnitude, all(1)), normal, half);
  return hn::BitCast(d, hn::Or(value, sign));
}

template <class D>
HWY_INLINE hn::Vec<D> scale_lanes(D d, e8m0 scale) {
  return hn::Set(d, decode(scale));
}
template <class D>
HWY_INLINE hn::Vec<D> scale_lanes(D d, bf16 scale) {
  return hn::BitCast(d, hn::Set(hn::RebindToUnsigned<D>{}, std::uint32_t{scale.bits} << 16));
}
template <class D>
HWY_INLINE hn::Vec<D> scale_lanes(D d, f16 scale) {
  return widen<f16>(d, hn::Set(hn::Rebind<std::uint16_t, D>{}, scale.bits));
}

// A panel's part of the operand: column c of it, of which `depth` numbers lie in the panel, is
// `stride` numbers after the one before. They begin with a group.
template <class C, class Scale, int kK, int kN>
struct GroupedInMemory {
  static_assert(kK % kGroup<C> == 0 && kGroup<C> % kLanes == 0);
  static constexpr int kDepth = kK;
  static constexpr int kCols = kN;
  static constexpr Order kStored = Order::transposed;
  using Source = Grouped<C, Scale>;

  const C* codes;
  const Scale* scales;
  std::int64_t stride;
  int depth;
  int cols;

  static Source bind(const Source& w) { return w; }

  void load(const Source& source, Coord at, int most_cols = kN) {
    const std::int64_t first = std::int64_t{at.col} * source.cols + at.row;
    codes = source.codes + first / kPerUnit<C>;
    scales = source.scales + first / kGroup<C>;
    stride = source.cols;
    depth = live(source.cols, at.row, kK);
    cols = live(source.rows, at.col, most_cols);
  }

  const C* codes_of(int col) const { return codes + col * stride / kPerUnit<C>; }
  const Scale* scales_of(int col) const { return scales + col * stride / kGroup<C>; }
};

// acc[r · acc_stride + c] += Σₖ left[r · left_stride + k] · column c at k, for kRows rows and a
// piece of `inside` columns from `col` on.
template <int kRows, class R>
HWY_NOINLINE void dot_grouped(const float* HWY_RESTRICT left, std::int64_t left_stride,
                              const R& right, int col, int inside, int depth,
                              float* HWY_RESTRICT acc, std::int64_t acc_stride) {
  using C = std::remove_cvref_t<decltype(*right.codes)>;
  constexpr int kUnits = kGroup<C> / kPerUnit<C>;
  const FloatTag d;
  const hn::FixedTag<float, kPiece> four;
  // Columns beyond the last repeat it, and their sums are dropped.
  decltype(right.codes) codes[kPiece];
  decltype(right.scales) scales[kPiece];
  for (int c = 0; c < kPiece; ++c) {
    codes[c] = right.codes_of(col + std::min(c, inside - 1));
    scales[c] = right.scales_of(col + std::min(c, inside - 1));
  }
  // The next piece of columns is fetched meanwhile.
  const std::int64_t ahead = kPiece * right.stride / kPerUnit<C>;
  hn::Vec<FloatTag> sum[kRows][kPiece];
  unroll<kRows>([&](auto r) { unroll<kPiece>([&](auto c) { sum[r][c] = hn::Zero(d); }); });
  for (int k = 0; k < depth; k += kGroup<C>, left += kGroup<C>) {
    hn::Vec<FloatTag> scale[kPiece];
    for (int c = 0; c < kPiece; ++c) __builtin_prefetch(codes[c] + ahead);
    unroll<kPiece>([&](auto c) { scale[c] = scale_lanes(d, *scales[c]++); });
    unroll<kGroup<C> / kLanes>([&](auto v) __attribute__((always_inline)) {
      add_products<kRows, kPiece>(
          sum,
          [&](auto r) __attribute__((always_inline)) {
            return hn::Load(d, left + r * left_stride + v * kLanes);
          },
          [&](auto c) __attribute__((always_inline)) {
            return hn::Mul(decode_lanes(d, codes[c] + v * kLanes / kPerUnit<C>), scale[c]);
          });
    });
    for (int c = 0; c < kPiece; ++c) codes[c] += kUnits;
  }
  const auto kept = hn::FirstN(four, inside);
  unroll<kRows>([&](auto r) {
    float* to = acc + r * acc_stride + col;
    const auto sums = hn::IfThenElseZero(kept, sums_of_lanes(sum[r]));
    hn::Store(hn::Add(hn::Load(four, to), sums), four, to);
  });
}

// acc += left · right, over the rows, columns and depth that both hold.
template <int kM, int kN, class L, class C, class Scale, int kK>
void multiply(RowAccumulator<kM, kN>& acc, const L& left,
              const GroupedInMemory<C, Scale, kK, kN>& right) {
  static_assert(L::kDepth == kK && L::kRows == kM);
  acc.rows = std::max(acc.rows, left.rows);
  const int depth = std::min(left.depth, right.depth);
  if (depth == 0) return;
  for (int col = 0; col < right.cols; col += kPiece) {
    for_each_row_group<kRowsAtOnce>(left.rows, [&](int rows, int row) {
      with_count<kRowsAtOnce>(rows, [&](auto count) {
        dot_grouped<count>(left.values + std::int64_t{row} * L::kDepth, L::kDepth, right, col,
                           std::min(kPiece, right.cols - col), depth, acc.row(row), kN);
      });
    });
  }
}

// Decoded while it is multiplied, some columns at a time, as a StreamedRight is packed.
template <class C, class Scale, int kK, int kN>
struct StreamedGrouped : GroupedInMemory<C, Scale, kK, kN> {
  static constexpr int kTogether = 16;
  static_assert(kN % kTogether == 0 && kTogether % kColumns == 0);
  using Base = GroupedInMemory<C, Scale, kK, kN>;
  using Base::cols;
  using Base::depth;

  // Packs kTogether columns from `col` on; those beyond the last are 0.
  void pack(int col, float* to) const {
    const FloatTag d;
    const int count = std::min(kTogether, cols - col);
    for (int c = 0; c < count; ++c, to += kK) {
      const C* column = Base::codes_of(col + c);
      const Scale* factors = Base::scales_of(col + c);
      for (int k = 0; k < depth; k += kGroup<C>) {
        const auto scale = scale_lanes(d, *factors++);
        unroll<kGroup<C> / kLanes>([&](auto v) {
          const int at = k + v * kLanes;
          hn::Store(hn::Mul(decode_lanes(d, column + at / kPerUnit<C>), scale), d, to + at);
        });
      }
    }
    std::fill_n(to, (kTogether - count) * kK, 0.0f);
  }

  // Appends what pack(col) reads of codes to the list.
  template <class Lines>
  void append_lines(int col, Lines& lines) const {
    const int count = std::min(kTogether, cols - col);
    if (count <= 0) return;
    lines.append(Base::codes_of(col), Base::stride / kPerUnit<C>, count, depth / kPerUnit<C>);
  }
};

}  // namespace moat::cpu
