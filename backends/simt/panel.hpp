// Operands in shared memory.
#pragma once

#include <cstdint>

#include "backends/simt/atoms.hpp"
#include "backends/tensor.hpp"

namespace moat::simt {

inline constexpr int kChunkBytes = 16;
using Chunk = Words<kChunkBytes>;

// A matrix in global memory. `aligned`: every row of it starts at a multiple of a chunk.
template <class T>
struct Source {
  Tensor<const T> tensor;
  bool aligned;
};

template <class T>
Source<T> make_source(const Tensor<const T>& t) {
  const auto whole = [](auto elements) { return elements * sizeof(T) % kChunkBytes == 0; };
  return {t, reinterpret_cast<std::uintptr_t>(t.data) % kChunkBytes == 0 && whole(t.row_stride) &&
                 whole(t.head_stride) && whole(t.batch_stride)};
}

// A tile of kRows × kCols as it lies in global memory, which is copied in chunks. A row is one
// chunk longer than its data: an odd number of chunks, so that eight rows read in the same column
// touch all banks.
template <class T, int kRowCount, int kColCount>
struct Panel {
  static constexpr int kRows = kRowCount;
  static constexpr int kCols = kColCount;
  static constexpr int kPerChunk = kChunkBytes / sizeof(T);
  static constexpr int kChunksPerRow = kCols / kPerChunk;
  static constexpr int kChunks = kRows * kChunksPerRow;
  static constexpr int kRowStride = kCols + kPerChunk;
  static_assert(kCols % kPerChunk == 0 && kChunksPerRow % 2 == 0);

  alignas(128) T data[kRows * kRowStride];
};

// kM × kK, rows contiguous.
template <class T, int kM, int kK>
struct Left : Panel<T, kM, kK> {
  using Value = T;
  using Source = simt::Source<T>;
  static constexpr int k = kK;
  static constexpr bool kAlongRows = false;

  static Source bind(const Tensor<const T>& t) { return make_source(t); }
  static constexpr MOAT_SHARED_FN Position stored(Position at) { return at; }
};

// kK × kN. Transposed it lies in memory as kN × kK, and columns are contiguous.
template <class T, int kK, int kN, Order kOrder>
struct Right
    : Panel<T, kOrder == Order::transposed ? kN : kK, kOrder == Order::transposed ? kK : kN> {
  using Value = T;
  using Source = simt::Source<T>;
  static constexpr int k = kK;
  static constexpr bool kAlongRows = kOrder == Order::transposed;

  static Source bind(const Tensor<const T>& t) { return make_source(t); }
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
    if (e < rest) values.values[e] = p[e];
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

// Reads the panel's part at logical coordinate `at` into the registers `staged`.
template <class Atoms, int kThreads, class P>
MOAT_FN void fetch(const P&, Chunk* staged, const typename P::Source& source, const Coord& at,
                   int thread) {
  const Position stored = P::stored({.row = at.row, .col = at.col});
  const Coord first{.row = stored.row, .col = stored.col, .head = at.head, .batch = at.batch};
  const auto& tensor = source.tensor;
  if (source.aligned && first.row + P::kRows <= tensor.rows &&
      first.col + P::kCols <= tensor.cols) {
    const auto* const p = address(tensor, first);
    for_each_chunk<P, kThreads>(thread, [&](int i, int row, int col) {
      staged[i] = Atoms::template load_global<Chunk>(p + row * tensor.row_stride + col);
    });
  } else {
    for_each_chunk<P, kThreads>(thread, [&](int i, int row, int col) {
      staged[i] = fetch<Atoms>(
          source,
          {.row = first.row + row, .col = first.col + col, .head = at.head, .batch = at.batch});
    });
  }
}

// Writes what `fetch` read into the panel.
template <class Atoms, int kThreads, class P>
MOAT_FN void commit(P& panel, const Chunk* staged, int thread) {
  for_each_chunk<P, kThreads>(thread, [&](int i, int row, int col) {
    Atoms::template store_shared<Chunk>(panel.data + row * P::kRowStride + col, staged[i]);
  });
}

}  // namespace moat::simt
