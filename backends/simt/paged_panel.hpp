// SPDX-License-Identifier: Apache-2.0
// Right operands whose rows lie in pages of global memory. Every row is looked up in the table, so
// that pages may be as small as a row: boxes of the tensor memory accelerator would not do.
#pragma once

#include <type_traits>

#include "backends/simt/coded_key.hpp"
#include "backends/simt/turned.hpp"

namespace moat::simt {

// The stack of pages, and what tells where rows lie. Columns of panels divide those of the pages.
template <class E>
struct PagedSource {
  simt::Source<E> pages;
  const int* table;
  const int* lengths;
  std::int64_t table_stride;
  int log2_rows;  // of a page
};

// The panel P, whose source is in pages of E: its elements, or CodedKeys.
template <class P, class E = typename P::Value>
struct InPages : P {
  using Source = PagedSource<E>;
  static constexpr bool kDecodes = !std::is_same_v<E, typename P::Value>;

  static MOAT_SHARED_FN Source bind(const Paged<E>& view) {
    return {make_source(view.pages), view.table, view.lengths, view.table_stride,
            log2_of_rows(view.pages.rows)};
  }
  // A tile's rows share a head, that of the coordinate.
  static MOAT_SHARED_FN Source bind(const Paged<E>& view, int /*rows_per_head*/) {
    return bind(view);
  }
};
template <TurnedPanel P, class E>
struct InPages<P, E> : P {
  using Unturned = InPages<typename P::Unturned, E>;
  using Source = typename Unturned::Source;
  static constexpr bool kDecodes = Unturned::kDecodes;

  static MOAT_SHARED_FN Source bind(const Paged<E>& view) { return Unturned::bind(view); }
  static MOAT_SHARED_FN Source bind(const Paged<E>& view, int /*rows_per_head*/) {
    return Unturned::bind(view);
  }
};

// The part of a sequence that a panel holds.
template <class Atoms, PagedPanel P>
class PagedWindow {
 public:
  MOAT_FN PagedWindow(const typename P::Source& source, const Coord& at)
      : source_(source),
        table_(source.table + at.batch * source.table_stride),
        length_(Atoms::template load_global<int>(source.lengths + at.batch)),
        head_(at.head),
        first_(P::stored({.row = at.row, .col = at.col})) {}

  MOAT_FN bool inside(int row) const { return first_.row + row < length_; }

  // Where the element at a row and column of the panel lies in the stack of pages, of the last row
  // instead of those behind it, so that no load is branched around.
  MOAT_FN Coord at(int row, int col) const {
    const int wanted = first_.row + row;
    const int in_sequence = wanted < length_ ? wanted : length_ - 1;
    return {.row = in_sequence & (source_.pages.tensor.rows - 1),
            .col = first_.col + col,
            .head = head_,
            .batch = Atoms::template load_global<int>(table_ + (in_sequence >> source_.log2_rows))};
  }

  // What a chunk of the panel there is made of, and that chunk.
  MOAT_FN CodedChunk read_coded(int row, int col) const {
    const Coord coord = at(row, col);
    const Coord key{.row = coord.row, .head = coord.head, .batch = coord.batch};
    return load_coded<Atoms>(*address(source_.pages.tensor, key), coord.col);
  }
  MOAT_FN Chunk decoded(const CodedChunk& read, int row, int col) const {
    return inside(row) ? decode_chunk<Atoms>(read, first_.col + col) : Chunk{};
  }

  // The chunk there, element by element where pages are not aligned.
  MOAT_FN Chunk read(int row, int col) const {
    return inside(row) ? fetch<Atoms>(source_.pages, at(row, col)) : Chunk{};
  }

 private:
  const typename P::Source& source_;
  const int* table_;
  int length_;
  int head_;
  Position first_;
};

// Bytes of a panel that wait in registers until they are written. More of them, as of latent keys,
// would leave none for the products, and are read as they are written.
inline constexpr std::size_t kMostStagedBytes = 12288;

// Of aligned pages, all that a panel holds, and the last row in place of those behind it. Codes are
// read as they are written.
template <class Atoms, PagedPanel P, class Each>
MOAT_FN void fetch_window(const typename P::Source& source, const Coord& at, Each each) {
  if constexpr (!P::kDecodes) {
    if (sizeof(P) > kMostStagedBytes || !source.pages.aligned) return;
    const PagedWindow<Atoms, P> window(source, at);
    each([&](Chunk& to, int row, int col) {
      to = Atoms::template load_global<Chunk>(address(source.pages.tensor, window.at(row, col)));
    });
  }
}

// Rows behind the last one become 0 here, not as they are fetched: the block would wait for them
// there.
template <class Atoms, PagedPanel P, class Write>
MOAT_FN void write_window(const Chunk* staged, const typename P::Source& source, const Coord& at,
                          Write write) {
  const PagedWindow<Atoms, P> window(source, at);
  if constexpr (P::kDecodes) {
    write([&](int, int row, int col) {
      return window.decoded(window.read_coded(row, col), row, col);
    });
  } else if (sizeof(P) > kMostStagedBytes && source.pages.aligned) {
    write([&](int, int row, int col) {
      const Chunk read =
          Atoms::template load_global<Chunk>(address(source.pages.tensor, window.at(row, col)));
      return window.inside(row) ? read : Chunk{};
    });
  } else if (source.pages.aligned) {
    write([&](int i, int row, int) { return window.inside(row) ? staged[i] : Chunk{}; });
  } else {
    write([&](int, int row, int col) { return window.read(row, col); });
  }
}

// Starts copying the panel's part at logical coordinate `at`, row by row.
template <class Atoms, int kThreads, PagedPanel P>
MOAT_FN void copy(P& panel, const typename P::Source& source, const Coord& at, int thread) {
  const PagedWindow<Atoms, P> window(source, at);
  for_each_chunk<P, kThreads>(thread, [&](int, int row, int col) {
    void* const to = panel.chunk(row, col);
    if (source.pages.aligned) {
      Atoms::cp_async(to, address(source.pages.tensor, window.at(row, col)),
                      window.inside(row) ? kChunkBytes : 0);
    } else {
      Atoms::store_shared(to, window.read(row, col));
    }
  });
}

// A panel that codes are decoded into as it lies.
template <class P>
concept DecodesPages = PagedPanel<P> && P::kDecodes && !TurnedPanel<P>;

// Chunks that a lane reads before it decodes the first one.
inline constexpr int kReadTogether = 4;

// Reads and decodes the panel's part at logical coordinate `at`, row by row.
template <class Atoms, int kThreads, DecodesPages P>
MOAT_FN void decode_window(P& panel, const typename P::Source& source, const Coord& at,
                           int thread) {
  const PagedWindow<Atoms, P> window(source, at);
  const auto row_of = [](int chunk) { return chunk / P::kChunksPerRow; };
  const auto col_of = [](int chunk) { return chunk % P::kChunksPerRow * P::kPerChunk; };
  MOAT_UNROLL_BY(1)
  for (int first = thread; first < P::kChunks; first += kReadTogether * kThreads) {
    CodedChunk read[kReadTogether];
    MOAT_UNROLL
    for (int i = 0; i < kReadTogether; ++i) {
      // No load is branched around.
      const int chunk = first + i * kThreads < P::kChunks ? first + i * kThreads : first;
      read[i] = window.read_coded(row_of(chunk), col_of(chunk));
    }
    MOAT_UNROLL
    for (int i = 0; i < kReadTogether; ++i) {
      const int chunk = first + i * kThreads;
      if (P::kChunks % (kReadTogether * kThreads) != 0 && chunk >= P::kChunks) continue;
      const int row = row_of(chunk);
      const int col = col_of(chunk);
      Atoms::template store_shared<Chunk>(panel.chunk(row, col), window.decoded(read[i], row, col));
    }
  }
}
template <class Atoms, int kThreads, DecodesPages P>
MOAT_FN void copy(P& panel, const typename P::Source& source, const Coord& at, int thread) {
  decode_window<Atoms, kThreads>(panel, source, at, thread);
}
template <class Atoms, int kThreads, DecodesPages P>
MOAT_FN void commit(P& panel, const Chunk*, const typename P::Source& source, const Coord& at,
                    int thread) {
  decode_window<Atoms, kThreads>(panel, source, at, thread);
}

}  // namespace moat::simt
