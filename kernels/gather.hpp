// SPDX-License-Identifier: Apache-2.0
// Gather of embeddings: rows of a table, as tokens name them.
#pragma once

#include "backends/vocabulary/block.hpp"
#include "backends/vocabulary/target.hpp"
#include "problems/gather.hpp"

namespace moat {

// Rows fall apart into parts of so many columns, so that a few tokens keep all blocks busy: one
// round of 256 lanes with 8 elements each.
inline constexpr int kGatheredColumns = 2048;

// Rows that are copied side by side where there are enough of them: reads of several streams, each
// of which ends with its row, are in flight together.
inline constexpr int kTokensAtOnce = 4;

template <class T>
struct Gather {
  template <class S, class B>
  struct Args {
    const T* table;
    const std::int64_t* ids;
    T* y;
    int tokens, dim, parts;
    bool at_once;  // whether that many rows are copied side by side

    MOAT_FN const T* row(int token) const { return table + ids[token] * dim; }
    MOAT_FN T* result(int token) const { return y + std::int64_t{token} * dim; }
  };

  template <class S, StreamBlock B>
  static MOAT_FN void run(B& block, const Args<S, B>& args) {
    const int fours = args.at_once ? args.tokens / kTokensAtOnce : 0;
    block.items(fours * args.parts, [&](int item) {
      const int token = item / args.parts * kTokensAtOnce;
      const int begin = item % args.parts * kGatheredColumns;
      const T* a = args.row(token) + begin;
      const T* b = args.row(token + 1) + begin;
      const T* c = args.row(token + 2) + begin;
      const T* d = args.row(token + 3) + begin;
      T* y = args.result(token) + begin;
      block.each(B::min(args.dim - begin, kGatheredColumns), [&](auto at) {
        const auto from_a = at.load(a);
        const auto from_b = at.load(b);
        const auto from_c = at.load(c);
        const auto from_d = at.load(d);
        at.store(y, from_a);
        at.store(y + args.dim, from_b);
        at.store(y + 2 * std::int64_t{args.dim}, from_c);
        at.store(y + 3 * std::int64_t{args.dim}, from_d);
      });
    });
    const int done = fours * kTokensAtOnce;
    block.items((args.tokens - done) * args.parts, [&](int item) {
      const int token = done + item / args.parts;
      const int begin = item % args.parts * kGatheredColumns;
      const T* row = args.row(token) + begin;
      T* y = args.result(token) + begin;
      block.each(B::min(args.dim - begin, kGatheredColumns),
                 [&](auto at) { at.store(y, at.load(row)); });
    });
  }
};

// With rows of `dim` elements T, which may be several of the problem's.
template <class T, RowsTarget<T> Backend>
void launch_gather(Backend& backend, const GatherProblem& p, int dim) {
  backend.schedules().template rows<T>(dim, [&]<class S>(Type<S>) {
    using B = typename Backend::template Block<S>;
    using Kernel = Gather<T>;
    const int parts = ceil_div(dim, kGatheredColumns);
    const bool at_once = p.tokens / kTokensAtOnce >= backend.template concurrent_blocks<S>();
    backend.template launch<Kernel, S>(
        countable(std::int64_t{p.tokens} * parts),
        typename Kernel::template Args<S, B>{static_cast<const T*>(p.table),
                                             static_cast<const std::int64_t*>(p.ids),
                                             static_cast<T*>(p.y), p.tokens, dim, parts, at_once});
  });
}

template <class Backend>
void launch(Backend& backend, const GatherProblem& p) {
  with_dtype(p.dtype, [&]<class T>(Type<T>) {
    // Nothing is computed: 16-bit elements are moved in pairs, without conversion.
    const std::int64_t bytes = std::int64_t{p.dim} * sizeof(T);
    if (bytes % sizeof(float) == 0) {
      launch_gather<float>(backend, p, static_cast<int>(bytes / sizeof(float)));
    } else {
      launch_gather<T>(backend, p, p.dim);
    }
  });
}

}  // namespace moat
