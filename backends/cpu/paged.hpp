// SPDX-License-Identifier: Apache-2.0
// Right operands whose rows lie in pages: packed page by page, or read in place.
#pragma once

#include <algorithm>

#include "backends/cpu/heads.hpp"
#include "backends/cpu/panels.hpp"

namespace moat::cpu {

template <class T>
struct PagedSource {
  Paged<T> view;
  int log2_rows;  // of a page
  int rows_per_head;
  const void* data;  // tells the source from others

  static PagedSource bind(const Paged<T>& view, int rows_per_head = 1) {
    return {view, log2_of_rows(view.pages.rows), rows_per_head, view.pages.data};
  }

  // Rows of a sequence from `first` on, at most `most`.
  int rows_from(int first, int sequence, int most) const {
    return live(view.lengths[sequence], first, most);
  }

  // f(i, count, p) for the runs of neighbouring rows that `rows` rows from at.row on consist of:
  // row i of them and the count - 1 that follow begin at p. The batch of `at` is the sequence.
  template <class F>
  void for_each_run(Coord at, int rows, F f) const {
    const int* const table = view.table + at.batch * view.table_stride;
    for (int i = 0; i < rows;) {
      const int row = at.row + i;
      const int in_page = row & (view.pages.rows - 1);
      const int count = std::min(view.pages.rows - in_page, rows - i);
      f(i, count,
        address(
            view.pages,
            {.row = in_page, .col = at.col, .head = at.head, .batch = table[row >> log2_rows]}));
      i += count;
    }
  }
};

// Keys of a sequence from `first` on, of which `numbers` from first.col on.
struct KeysOfPages {
  Coord first;
  int keys;
  int numbers;

  Coord at(int key) const {
    return {.row = first.row + key, .col = first.col, .head = first.head, .batch = first.batch};
  }
};

// What a right operand of keys (transposed) or values (row-major) that lie in pages is, packed as a
// whole, to be kept.
template <class Packed, class T, int kK, int kN, Order kOrder>
struct PagedPanel {
  static constexpr int kDepth = kK;
  static constexpr int kCols = kN;
  static constexpr bool kIsKey = kOrder == Order::transposed;
  static constexpr int kWidth = kIsKey ? kK : kN;  // numbers of a key
  using Source = PagedSource<T>;

  alignas(64) Packed values[kK * kN];
  int depth;
  int cols;
  PanelTag tag;

  // A tile's rows share a head, that of the coordinate.
  static Source bind(const Paged<T>& view, int /*rows_per_head*/ = 1) { return Source::bind(view); }

 protected:
  // What of the source belongs to the panel, whose depth and columns that sets.
  KeysOfPages keys_from(const Source& source, Coord at) {
    const Coord first = kIsKey ? flipped(at) : at;
    const int keys = source.rows_from(first.row, first.batch, kIsKey ? kN : kK);
    const int numbers = live(source.view.pages.cols, first.col, kWidth);
    depth = kIsKey ? numbers : keys;
    cols = kIsKey ? keys : numbers;
    return {first, keys, numbers};
  }
};

// As a Right.
template <class T, int kK, int kN, Order kOrder>
struct PagedRight : PagedPanel<float, T, kK, kN, kOrder> {
  static_assert(kN % kColumns == 0 && kK % kPiece == 0);
  using Source = PagedSource<T>;

  void load(const Source& source, Coord at) {
    const KeysOfPages part = this->keys_from(source, at);
    const std::int64_t stride = source.view.pages.row_stride;
    const bool whole = source.view.pages.rows % kColumns == 0 && part.first.row % kColumns == 0;
    if (kOrder == Order::transposed && !whole) return load_slivers(source, part);
    // Pages are whole slivers.
    source.for_each_run(part.first, part.keys, [&](int i, int count, const T* p) {
      if constexpr (kOrder == Order::transposed) {
        pack_right<kOrder>(p, stride, part.numbers, count, this->values + i / kColumns * kStep,
                           kStep);
      } else {
        pack_right<kOrder>(p, stride, count, part.numbers,
                           this->values + std::int64_t{i} * kColumns, kStep);
      }
    });
  }

 private:
  static constexpr std::int64_t kStep = std::int64_t{kK} * kColumns;

  // Brings the keys of a sliver together first.
  void load_slivers(const Source& source, const KeysOfPages& part) {
    for (int c = 0; c < part.keys; c += kColumns) {
      T sliver[kColumns * kK];
      const int count = std::min(kColumns, part.keys - c);
      source.for_each_run(part.at(c), count, [&](int i, int rows, const T* p) {
        for (int r = 0; r < rows; ++r) {
          std::copy_n(p + r * source.view.pages.row_stride, part.numbers, sliver + (i + r) * kK);
        }
      });
      pack_right<kOrder>(sliver, kK, part.numbers, count, this->values + c / kColumns * kStep,
                         kStep);
    }
  }
};

template <class Right>
struct PagedStreamRows;

// As a RightOfHeads.
template <class T, int kK, int kN, Order kOrder>
struct PagedOfHeads : HeadsPanel<T, kK, kN, kOrder> {
  using Panel = HeadsPanel<T, kK, kN, kOrder>;
  using Streams = PagedStreamRows<PagedOfHeads>;
  using Source = PagedSource<T>;

  static Source bind(const Paged<T>& view) { return Source::bind(view); }
  static Source bind(const Paged<T>& view, int rows_per_head) {
    return Source::bind(view, rows_per_head);
  }

  void load(const Source& source, Coord at) {
    const Tensor<const T>& pages = source.view.pages;
    if (Panel::kIsKey) at = flipped(at);
    keys = source.rows_from(at.row, at.batch, Panel::kKeys);
    head_stride = pages.head_stride;
    rows_per_head = source.rows_per_head;
    source.for_each_run(at, keys, [&](int i, int count, const T* p) {
      for (int r = 0; r < count; ++r) rows[i + r] = p + r * pages.row_stride;
    });
    // What is fetched for nothing may lie anywhere.
    std::fill(rows + keys, rows + Panel::kKeys, pages.data);
  }

  const T* const* begin() const { return rows; }
  const T* row(int key) const { return rows[key]; }
  const T* next_row(int key) const { return next[key]; }

  static constexpr std::int64_t row_stride = 0;  // a row's distance from the next says nothing

  const T* rows[Panel::kKeys];
  const T* const* next;  // the rows of the panel that is read after this one
  std::int64_t head_stride;
  int keys;
  int rows_per_head;
};

// As StreamRows, of which `keys` behind each other are asked for.
template <class Right>
struct PagedStreamRows {
  using T = typename Right::T;

  PagedStreamRows(const Right& right, int key, int streams, const HeadRows& head, int keys = 1) {
    constexpr int kLength = Right::kKeys / kStreams;
    for (int s = 0; s < kStreams; ++s) {
      const int stream = s < streams ? s * kLength : 0;
      from[s] = right.rows[stream + key] + head.at;
      fetched[s] = ahead_of(right, s, key, head);
      for (int j = 1; j < keys; ++j) {
        later[j - 1][s] = right.rows[stream + key + j] + head.at;
        later_fetched[j - 1][s] = ahead_of(right, s, key + j, head);
      }
    }
  }

  const T* row(int key, int stream) const {
    return key == 0 ? from[stream] : later[key - 1][stream];
  }
  const T* ahead(int key, int stream) const {
    return key == 0 ? fetched[stream] : later_fetched[key - 1][stream];
  }

  const T* from[kStreams];
  const T* fetched[kStreams];

 private:
  static const T* ahead_of(const Right& right, int stream, int key, const HeadRows& head) {
    constexpr int kLength = Right::kKeys / kStreams;
    const int then = key + head.keys_ahead;
    const T* const row = then < kLength ? right.rows[stream * kLength + then]
                                        : right.next[stream * kLength + (then - kLength) % kLength];
    return row + head.ahead;
  }

  const T* later[kKeysAtOnce - 1][kStreams];
  const T* later_fetched[kKeysAtOnce - 1][kStreams];
};

}  // namespace moat::cpu
