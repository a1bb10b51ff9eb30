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

// The same of `keys` keys from at.row on, of which numbers begin with at.col, to rows that are
// `stride` apart.
inline void decode_keys(const PagedSource<CodedKey>& source, Coord at, int keys, int count,
                        bf16* HWY_RESTRICT to, std::int64_t stride) {
  const int first = at.col;
  at.col = 0;  // of which a key is one element
  source.for_each_run(at, keys, [&](int i, int run, const CodedKey* p) {
    for (int r = 0; r < run; ++r) {
      decode_key(p[r * source.view.pages.row_stride], first, count, to + (i + r) * stride);
    }
  });
}

// Rows are decoded a few at a time, into the first cache, and packed from there.
template <int kK, int kN, Order kOrder>
struct PagedRight<CodedKey, kK, kN, kOrder> : PagedPanel<float, CodedKey, kK, kN, kOrder> {
  static_assert(kN % kColumns == 0 && kK % kPiece == 0);
  using Panel = PagedPanel<float, CodedKey, kK, kN, kOrder>;

  void load(const PagedSource<CodedKey>& source, Coord at) {
    constexpr int kTogether = Panel::kIsKey ? kColumns : kRowsTogether;
    constexpr std::int64_t kStep = std::int64_t{kK} * kColumns;
    const KeysOfPages part = this->keys_from(source, at);
    alignas(64) bf16 rows[kTogether * Panel::kWidth];
    for (int key = 0; key < part.keys; key += kTogether) {
      const int count = std::min(kTogether, part.keys - key);
      decode_keys(source, part.at(key), count, part.numbers, rows, Panel::kWidth);
      if constexpr (Panel::kIsKey) {
        pack_right<kOrder>(rows, kK, part.numbers, count, this->values + key / kColumns * kStep,
                           kStep);
      } else {
        pack_right<kOrder>(rows, kN, count, part.numbers,
                           this->values + std::int64_t{key} * kColumns, kStep);
      }
    }
  }
};

}  // namespace moat::cpu
