// SPDX-License-Identifier: Apache-2.0
// Operands in shared memory.
#pragma once

#include <cstdint>

#include "backends/simt/atoms.hpp"
#include "backends/simt/layout.hpp"
#include "problems/tensor.hpp"

namespace moat::simt {

inline constexpr int kChunkBytes = 16;
using Chunk = Words<kChunkBytes>;

// The most rows of a panel.
inline constexpr int kMostRows = 256;

// A matrix in global memory. `aligned`: every row of it starts at a multiple of a chunk. `whole`:
// and ends at one, and the rows of a panel lie within 2³¹ bytes.
template <class T>
struct Source {
  Tensor<const T> tensor;
  bool aligned;
  bool whole;
};

template <class T>
MOAT_SHARED_FN Source<T> make_source(const Tensor<const T>& t) {
  const auto whole = [](auto elements) { return elements * sizeof(T) % kChunkBytes == 0; };
  const bool aligned = reinterpret_cast<std::uintptr_t>(t.data) % kChunkBytes == 0 &&
                       whole(t.row_stride) && whole(t.head_stride) && whole(t.batch_stride);
  constexpr std::int64_t kLongestRow = (std::int64_t{1} << 31) / kMostRows;
  const bool short_rows = t.row_stride <= kLongestRow / std::int64_t{sizeof(T)};
  return {t, aligned, aligned && short_rows && whole(t.cols)};
}

// A tile of kRows × kCols as it lies in global memory, which is copied in chunks.
template <class Atoms, class T, int kRowCount, int kColCount>
struct Panel {
  using Value = T;
  using Source = simt::Source<T>;
  static constexpr int kRows = kRowCount;
  static constexpr int kCols = kColCount;
  using Layout = typename LayoutOf<Atoms, kRows, kCols* static_cast<int>(sizeof(T))>::type;
  static constexpr int kPerChunk = kChunkBytes / sizeof(T);
  static constexpr int kChunksPerRow = kCols / kPerChunk;
  static constexpr int kChunks = kRows * kChunksPerRow;
  static_assert(kCols % kPerChunk == 0);

  // Called on the host; a compiler for devices asks there for the concepts of a block, too.
  static MOAT_SHARED_FN Source bind(const Tensor<const T>& t) { return make_source(t); }
  // A tile's rows share a head, that of the coordinate.
  static MOAT_SHARED_FN Source bind(const Tensor<const T>& t, int /*rows_per_head*/) {
    return bind(t);
  }

  MOAT_FN unsigned char* chunk(int row, int col) {
    return bytes + Layout::offset(in_bytes(row, col));
  }

  // The element at origin + at, see SlicedLayout::offset.
  MOAT_FN const unsigned char* element(Position origin, Position at) const {
    return bytes + Layout::offset(in_bytes(origin.row, origin.col), in_bytes(at.row, at.col));
  }

  alignas(Layout::kAlignment) unsigned char bytes[Layout::kBytes];

 private:
  static constexpr MOAT_SHARED_FN Position in_bytes(int row, int col) {
    return {.row = row, .col = col * static_cast<int>(sizeof(T))};
  }
};

// kM × kK, rows contiguous.
template <class Atoms, class T, int kM, int kK>
struct Left : Panel<Atoms, T, kM, kK> {
  static constexpr int k = kK;
  static constexpr bool kAlongRows = false;

  static constexpr MOAT_SHARED_FN Position stored(Position at) { return at; }
};

// kK × kN. Transposed it lies in memory as kN × kK, and columns are contiguous.
template <class Atoms, class T, int kK, int kN, Order kOrder>
struct Right : Panel<Atoms, T, kOrder == Order::transposed ? kN : kK,
                     kOrder == Order::transposed ? kK : kN> {
  static constexpr int k = kK;
  static constexpr bool kAlongRows = kOrder == Order::transposed;

  static constexpr MOAT_SHARED_FN Position stored(Position at) {
    return kAlongRows ? Position{.row = at.col, .col = at.row} : at;
  }
};

// The chunk of `source` at a stored coordinate; what lies outside the matrix is 0.
template <class Atoms, class T>
MOAT_FN Chunk fetch(const Source<T>& source, const Coord& at) {
  constexpr int kPerChunk = kChunkBytes / sizeof(T);
  const int rest = at.row < source.tensor.rows ? source.tensor.cols - at.col : 0;
  if (rest <= 0) return Chunk{};
  const T* p = address(source.tensor, at);
  if (source.aligned && rest >= kPerChunk) return Atoms::template load_global<Chunk>(p);
  Vec<T, kPerChunk> values{};
  MOAT_UNROLL
  for (int e = 0; e < kPerChunk; ++e) {
    if (e < rest) values.values[e] = Atoms::template load_global<T>(p + e);
  }
  return __builtin_bit_cast(Chunk, values);
}

// Calls f(i, row, col) for the chunks of a panel that fall to this thread, the i-th one at a row
// and column of the panel.
template <class P, int kThreads, class F>
MOAT_FN void for_each_chunk(int thread, F f) {
  MOAT_UNROLL
  for (int i = 0; i < ceil_div(P::kChunks, kThreads); ++i) {
    const int chunk = thread + i * kThreads;
    if (P::kChunks % kThreads == 0 || chunk < P::kChunks) {
      f(i, chunk / P::kChunksPerRow, chunk % P::kChunksPerRow * P::kPerChunk);
    }
  }
}

// Chunks that a lane reads for a panel.
template <class P, int kThreads>
inline constexpr int kStagedOf = ceil_div(P::kChunks, kThreads);

// The part of a source that a panel holds. `first` is its stored coordinate; `inside`: all of it
// lies within the matrix, in aligned chunks.
template <class P>
struct Window {
  Coord first;
  bool inside;

  MOAT_FN Window(const typename P::Source& source, const Coord& at) {
    const Position stored = P::stored({.row = at.row, .col = at.col});
    first = {.row = stored.row, .col = stored.col, .head = at.head, .batch = at.batch};
    inside = source.aligned && first.row + P::kRows <= source.tensor.rows &&
             first.col + P::kCols <= source.tensor.cols;
  }

  MOAT_FN Coord at(int row, int col) const {
    return {
        .row = first.row + row, .col = first.col + col, .head = first.head, .batch = first.batch};
  }
};

// Chunks of a window whose source is `whole`, 0 outside the matrix, by loads whose range the
// hardware checks: rows past the last one lie behind it, and columns past the end of a row are
// moved there. Of another source all are 0.
template <class Atoms, class P>
class RangedWindow {
  using T = typename P::Value;
  static_assert(P::kRows <= kMostRows);

 public:
  MOAT_FN RangedWindow(const Source<T>& source, const Coord& first)
      : base_(address(source.tensor, first)),
        row_bytes_(static_cast<unsigned>(source.tensor.row_stride) * unsigned{sizeof(T)}),
        cols_(source.tensor.cols - first.col) {
    const int rows_left = source.tensor.rows - first.row;
    const int rows = rows_left < P::kRows ? rows_left : P::kRows;
    const int cols = cols_ < P::kCols ? cols_ : P::kCols;
    bytes_ = source.whole && rows > 0 && cols > 0
                 ? (rows - 1) * row_bytes_ + cols * unsigned{sizeof(T)}
                 : 0;
  }

  MOAT_FN Chunk operator()(int row, int col) const {
    constexpr unsigned kOutside = 1u << 31;
    const unsigned offset = row * row_bytes_ + col * unsigned{sizeof(T)};
    return Atoms::load_in_range(base_, bytes_, col < cols_ ? offset : kOutside);
  }

 private:
  const T* base_;
  unsigned row_bytes_;
  unsigned bytes_;
  int cols_;
};

// Whether `fetch` reads what P holds of the source at logical coordinate `at`; `commit` does
// otherwise. One of them alone would branch between ways of loading, and where those meet again the
// compiler waits for the loads, before the products that they should run under.
template <class Atoms, class P>
MOAT_FN bool fetched(const typename P::Source& source, const Coord& at) {
  if constexpr (LoadsInRange<Atoms>) {
    return source.whole;
  } else {
    return Window<P>(source, at).inside;
  }
}

// A panel whose rows a table finds (paged_panel.hpp).
template <class P>
concept PagedPanel = requires(const typename P::Source& source) {
  source.table;
};

// What `fetch` reads: calls each(load), where load(chunk, row, col) reads the chunk at a row and
// column of the panel.
template <class Atoms, class P, class Each>
requires(!PagedPanel<P>) MOAT_FN
    void fetch_window(const typename P::Source& source, const Coord& at, Each each) {
  const Window<P> window(source, at);
  if constexpr (LoadsInRange<Atoms>) {
    const RangedWindow<Atoms, P> ranged(source, window.first);
    each([&](Chunk& to, int row, int col) { to = ranged(row, col); });
  } else if (window.inside) {
    const auto* const p = address(source.tensor, window.first);
    each([&](Chunk& to, int row, int col) {
      to = Atoms::template load_global<Chunk>(p + row * source.tensor.row_stride + col);
    });
  }
}

// Reads the panel's part at logical coordinate `at` into the registers `staged`.
template <class Atoms, int kThreads, class P>
MOAT_FN void fetch(const P&, Chunk* staged, const typename P::Source& source, const Coord& at,
                   int thread) {
  fetch_window<Atoms, P>(source, at, [&](auto load) {
    for_each_chunk<P, kThreads>(thread,
                                [&](int i, int row, int col) { load(staged[i], row, col); });
  });
}

// Calls write(chunk), where chunk(i, row, col) is the i-th chunk of those that `fetch` staged, or
// is read now.
template <class Atoms, class P, class Write>
requires(!PagedPanel<P>) MOAT_FN
    void write_window(const Chunk* staged, const typename P::Source& source, const Coord& at,
                      Write write) {
  if (fetched<Atoms, P>(source, at)) {
    write([&](int i, int, int) { return staged[i]; });
  } else {
    const Window<P> window(source, at);
    write([&](int, int row, int col) { return fetch<Atoms>(source, window.at(row, col)); });
  }
}

// Writes what `fetch` read into the panel, or reads it now.
template <class Atoms, int kThreads, class P>
MOAT_FN void commit(P& panel, const Chunk* staged, const typename P::Source& source,
                    const Coord& at, int thread) {
  write_window<Atoms, P>(staged, source, at, [&](auto chunk) {
    for_each_chunk<P, kThreads>(thread, [&](int i, int row, int col) {
      Atoms::template store_shared<Chunk>(panel.chunk(row, col), chunk(i, row, col));
    });
  });
}

// Copies the chunk of `source` at a stored coordinate; what lies outside the matrix is 0. A source
// that is not aligned passes through registers.
template <class Atoms, class T>
MOAT_FN void copy_chunk(void* to, const Source<T>& source, const Coord& at) {
  if (!source.aligned) return Atoms::store_shared(to, fetch<Atoms>(source, at));
  const int cols = at.row < source.tensor.rows ? source.tensor.cols - at.col : 0;
  const int valid = cols * static_cast<int>(sizeof(T));
  const T* const from = valid > 0 ? address(source.tensor, at) : source.tensor.data;
  Atoms::cp_async(to, from, valid < 0 ? 0 : valid < kChunkBytes ? valid : kChunkBytes);
}

// Starts copying the panel's part at logical coordinate `at`; a commit of the family's copies
// closes the group that they belong to.
template <class Atoms, int kThreads, class P>
MOAT_FN void copy(P& panel, const typename P::Source& source, const Coord& at, int thread) {
  const Window<P> window(source, at);
  if (window.inside) {
    const auto* const p = address(source.tensor, window.first);
    for_each_chunk<P, kThreads>(thread, [&](int, int row, int col) {
      Atoms::cp_async(panel.chunk(row, col), p + row * source.tensor.row_stride + col, kChunkBytes);
    });
  } else {
    for_each_chunk<P, kThreads>(thread, [&](int, int row, int col) {
      copy_chunk<Atoms>(panel.chunk(row, col), source, window.at(row, col));
    });
  }
}

}  // namespace moat::simt
