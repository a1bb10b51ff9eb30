// SPDX-License-Identifier: Apache-2.0
// The largest elements of rows, in order, and their columns.
#pragma once

#include <algorithm>

#include "backends/vocabulary/block.hpp"
#include "backends/vocabulary/target.hpp"
#include "problems/topk.hpp"

namespace moat {

// A few long rows fall apart into parts, which keep all blocks busy. Of every part its k largest
// elements are found, and their columns; of those the k largest of the row. Where elements are
// equal they are in the order of their columns, which rise from part to part.
template <class T>
struct Candidates {
  const T* x;
  int cols, k, parts;
  T* best;
  std::int64_t* columns;

  template <class B>
  MOAT_FN void find(B& block, int item) const {
    const std::int64_t part = item % parts;
    const auto begin = static_cast<int>(cols * part / parts);
    const auto end = static_cast<int>(cols * (part + 1) / parts);
    const T* of_part = x + std::int64_t{item / parts} * cols + begin;
    const std::int64_t to = std::int64_t{item} * k;
    block.largest(of_part, end - begin, k, [&](int place, int position) {
      best[to + place] = of_part[position];
      columns[to + place] = begin + position;
    });
  }

  template <class B>
  MOAT_FN void merge(B& block, int row, T* values, std::int64_t* positions) const {
    const std::int64_t from = std::int64_t{row} * parts * k;
    block.largest(best + from, parts * k, k, [&](int place, int position) {
      values[place] = best[from + position];
      positions[place] = columns[from + position];
    });
  }
};

// Parts of a row with which `rows` of them keep `blocks` busy. Of a part four times as many
// elements are looked at as are taken, and no fewer than two rounds of 256 lanes with 8 each.
inline int parts_of_row(int rows, int cols, int k, int blocks) {
  constexpr int kLeast = 4096;
  return std::max(1, std::min(ceil_div(blocks, rows), cols / std::max(kLeast, 4 * k)));
}

// Bytes of a column in the workspace.
inline constexpr std::size_t kColumnBytes = 8;

template <class T>
struct Topk {
  template <class S, class B>
  struct Args {
    Candidates<T> candidates;  // where there is one part of each row, values and positions
    T* values;
    std::int64_t* positions;
    int rows;
    unsigned* arrivals;  // 0 between launches
  };

  template <class S, SelectionBlock<T> B>
  static MOAT_FN void run(B& block, const Args<S, B>& args) {
    const Candidates<T>& candidates = args.candidates;
    block.items(args.rows * candidates.parts, [&](int item) { candidates.find(block, item); });
    if (candidates.parts == 1) return;
    block.last_arrival(args.arrivals, [&] {
      for (int row = 0; row < args.rows; ++row) {
        const std::int64_t to = std::int64_t{row} * candidates.k;
        candidates.merge(block, row, args.values + to, args.positions + to);
      }
    });
  }
};

template <class T, RowsTarget<T> Backend>
void launch_topk(Backend& backend, const TopkProblem& p) {
  backend.schedules().template rows<T>(p.cols, [&]<class S>(Type<S>) {
    using B = typename Backend::template Block<S>;
    using Kernel = Topk<T>;
    const int parts = parts_of_row(p.rows, p.cols, p.k, backend.template concurrent_blocks<S>());
    auto* values = static_cast<T*>(p.values);
    auto* positions = static_cast<std::int64_t*>(p.positions);
    Candidates<T> candidates{static_cast<const T*>(p.x), p.cols, p.k, parts, values, positions};
    if (parts > 1) {
      const std::size_t found = std::size_t{1} * p.rows * parts * p.k;
      candidates.columns =
          static_cast<std::int64_t*>(backend.workspace(found * (kColumnBytes + sizeof(T))));
      candidates.best = reinterpret_cast<T*>(candidates.columns + found);
    }
    backend.template launch<Kernel, S>(
        countable(std::int64_t{p.rows} * parts),
        typename Kernel::template Args<S, B>{candidates, values, positions, p.rows,
                                             backend.arrivals()});
  });
}

template <class Backend>
void launch(Backend& backend, const TopkProblem& p) {
  with_dtype(p.dtype, [&]<class T>(Type<T>) { launch_topk<T>(backend, p); });
}

}  // namespace moat
