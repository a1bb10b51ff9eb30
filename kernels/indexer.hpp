// SPDX-License-Identifier: Apache-2.0
// Scores of the lightning indexer: products of a tile of keys with the queries of all heads, which
// are rectified, weighted and added up where they are.
#pragma once

#include "backends/vocabulary/block.hpp"
#include "backends/vocabulary/target.hpp"
#include "kernels/attention.hpp"
#include "problems/indexer.hpp"

namespace moat {

// One work item is a tile of keys for one query. Queries come first, so that a tile of keys is read
// for all of them in turn.
template <class T>
struct Indexer {
  template <class S, class B>
  using Key = typename B::template Left<T, S::m, kIndexDim>;
  template <class S, class B>
  using Query = typename B::template Right<T, kIndexDim, S::n, Order::transposed>;

  template <class S, class B>
  struct Stage {
    Key<S, B> keys;
    Query<S, B> queries;
  };

  template <class S, class B>
  struct Args {
    typename Key<S, B>::Source keys;
    typename Query<S, B>::Source queries;
    Tensor<const float> weights;  // a row for each query
    Tensor<float> scores;         // a column of keys for each query
    int batch, q_len, kv_len, heads;
  };

  template <IndexerSchedule S, IndexerBlock<S, T, kIndexDim> B>
  static MOAT_FN void run(B& block, const Args<S, B>& args) {
    const int tiles = ceil_div(args.kv_len, S::m);
    const int steps = ceil_div(args.heads, S::n);
    block.items(args.batch * tiles * args.q_len, [&](int item) {
      const int query = item % args.q_len;
      const int key = item / args.q_len % tiles * S::m;
      const int batch = item / args.q_len / tiles;
      const int visible = args.kv_len - args.q_len + query + 1 - key;
      const Coord at{key, 0, query, batch};
      if (visible <= 0) {
        block.store_rows(args.scores, at, block.template rows<S::m>(kNoKey));
        return;
      }
      block.template pipeline<Stage<S, B>>(
          steps,
          [&](auto& stage, int step) {
            // What a pipeline loads behind its last step lies behind the last key.
            const int row = step < steps ? key : args.kv_len;
            block.load(stage.keys, args.keys, {row, 0, 0, batch});
            block.load(stage.queries, args.queries, {0, step * S::n, query, batch});
          },
          [&](auto& stages) {
            auto scores = block.template rows<S::m>(0.0f);
            int done = 0;
            stages.for_each([&](const auto& stage) {
              auto products = block.template zeros<S::m, S::n>();
              block.mma(products, stage.keys, stage.queries);
              block.map_columns(products, args.weights, {query, done * S::n, 0, batch},
                                [](auto x, auto weight) { return B::max(x, 0.0f) * weight; });
              if (visible < S::m) {
                block.map_indexed(products, [&](auto x, auto r, auto) {
                  return B::select(r < visible, x, kNoKey);
                });
              }
              scores =
                  block.zip(scores, block.row_sum(products), [](auto a, auto b) { return a + b; });
              ++done;
            });
            block.store_rows(args.scores, at, scores);
          });
    });
  }
};

template <class T, IndexerTarget<T> Backend>
void launch_indexer(Backend& backend, const IndexerProblem& p) {
  const std::int64_t query = std::int64_t{p.heads} * kIndexDim;
  const Tensor<const T> keys{.data = static_cast<const T*>(p.k),
                             .rows = p.kv_len,
                             .cols = kIndexDim,
                             .row_stride = kIndexDim,
                             .batch_stride = std::int64_t{p.kv_len} * kIndexDim,
                             .batches = p.batch};
  const Tensor<const T> queries{.data = static_cast<const T*>(p.q),
                                .rows = p.heads,
                                .cols = kIndexDim,
                                .row_stride = kIndexDim,
                                .head_stride = query,
                                .batch_stride = p.q_len * query,
                                .heads = p.q_len,
                                .batches = p.batch};
  const Tensor<const float> weights{.data = static_cast<const float*>(p.weights),
                                    .rows = p.q_len,
                                    .cols = p.heads,
                                    .row_stride = p.heads,
                                    .batch_stride = std::int64_t{p.q_len} * p.heads,
                                    .batches = p.batch};
  const Tensor<float> scores{.data = static_cast<float*>(p.scores),
                             .rows = p.kv_len,
                             .cols = 1,
                             .row_stride = 1,
                             .head_stride = p.kv_len,
                             .batch_stride = std::int64_t{p.q_len} * p.kv_len,
                             .heads = p.q_len,
                             .batches = p.batch};
  backend.schedules().template indexer<T>(p, [&]<IndexerSchedule S>(Type<S>) {
    using B = typename Backend::template Block<S>;
    using Kernel = Indexer<T>;
    const typename Kernel::template Args<S, B> args{Kernel::template Key<S, B>::bind(keys),
                                                    Kernel::template Query<S, B>::bind(queries),
                                                    weights,
                                                    scores,
                                                    p.batch,
                                                    p.q_len,
                                                    p.kv_len,
                                                    p.heads};
    backend.template launch<Kernel, S>(
        countable(std::int64_t{p.batch} * p.q_len * ceil_div(p.kv_len, S::m)), args);
  });
}

template <class Backend>
void launch(Backend& backend, const IndexerProblem& p) {
  with_half(p.dtype, [&]<class T>(Type<T>) { launch_indexer<T>(backend, p); });
}

}  // namespace moat
