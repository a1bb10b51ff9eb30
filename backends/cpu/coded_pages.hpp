// SPDX-License-Identifier: Apache-2.0
// Right operands whose rows lie in pages as CodedKeys, packed page by page.
#pragma once

#include <algorithm>

#include "backends/cpu/paged.hpp"
#include "problems/coded_key.hpp"

namespace moat::cpu {

// Numbers begin … begin + count − 1 of a key, of which codes are whole vectors.
inline void decode_key(const CodedKey& key, int begin, int count, bf16* HWY_RESTRICT to) {
  static_assert(kPerScale % kLanes == 0);
  const FloatTag d;
  const int end = begin + count;
  int i = begin;
  for (; i < std::min(end, CodedKey::kCodes); i += kLanes, to += kLanes) {
    const auto scale = hn::Set(d, key.scales[i / kPerScale]);
    store(d, hn::Mul(load(d, key.codes + i), scale), to);
  }
  if (i < end) std::copy_n(key.elements + (i - CodedKey::kCodes), end - i, to);
}

// Rows are decoded a few at a time, into the first cache, and packed from there.
template <int kK, int kN, Order kOrder>
struct PagedRight<CodedKey, kK, kN, kOrder> {
  static_assert(kN % kColumns == 0 && kK % kPiece == 0);
  static constexpr int kDepth = kK;
  static constexpr int kCols = kN;
  using Source = PagedSource<CodedKey>;

  alignas(64) float values[kK * kN];
  int depth;
  int cols;
  PanelTag tag;

  static Source bind(const Paged<CodedKey>& view) { return Source::bind(view); }
  // A tile's rows share a head, that of the coordinate.
  static Source bind(const Paged<CodedKey>& view, int /*rows_per_head*/) { return bind(view); }

  void load(const Source& source, Coord at) {
    const Coord first = kIsKey ? flipped(at) : at;  // key, and its first number
    const int keys = source.rows_from(first.row, first.batch, kIsKey ? kN : kK);
    const int numbers = live(source.view.pages.cols, first.col, kWidth);
    depth = kIsKey ? numbers : keys;
    cols = kIsKey ? keys : numbers;
    alignas(64) bf16 rows[kTogether * kWidth];
    for (int key = 0; key < keys; key += kTogether) {
      const int count = std::min(kTogether, keys - key);
      source.for_each_run({.row = first.row + key, .head = first.head, .batch = first.batch}, count,
                          [&](int i, int run, const CodedKey* p) {
                            for (int r = 0; r < run; ++r) {
                              decode_key(p[r * source.view.pages.row_stride], first.col, numbers,
                                         rows + (i + r) * kWidth);
                            }
                          });
      if constexpr (kIsKey) {
        pack_right<kOrder>(rows, kWidth, depth, count, values + key / kColumns * kStep, kStep);
      } else {
        pack_right<kOrder>(rows, kWidth, count, cols, values + std::int64_t{key} * kColumns, kStep);
      }
    }
  }

 private:
  static constexpr bool kIsKey = kOrder == Order::transposed;
  static constexpr int kWidth = kIsKey ? kK : kN;  // numbers of a key
  static constexpr int kTogether = kIsKey ? kColumns : kRowsTogether;
  static constexpr std::int64_t kStep = std::int64_t{kK} * kColumns;
};

}  // namespace moat::cpu
