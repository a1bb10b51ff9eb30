// SPDX-License-Identifier: Apache-2.0
// Attention over a paged cache of keys and values (W. Kwon et al. 2023), and of latent vectors
// (DeepSeek-V2 2024), all or those in lists (DeepSeek-V3.2 2025): causal, with sliding windows and
// sinks, and with the log-sum-exp.
#pragma once

#include <algorithm>
#include <cstdint>
#include <stdexcept>

#include "backends/vocabulary/block.hpp"
#include "backends/vocabulary/target.hpp"
#include "kernels/attention.hpp"
#include "problems/paged_attention.hpp"

namespace moat {

// One work item is a tile of query rows of one head against a range of the keys that they see, and
// against some columns of the values. With several ranges (`splits` > 1) an item leaves a partial
// result, which AttentionCombine merges. Pages hold E.
template <class T, int kKeyDim, int kValueDim, class E>
struct PagedAttention {
  template <class S, class B>
  using Query = typename B::template Left<T, S::m, kKeyDim>;
  template <class S, class B>
  using Key = typename B::template Right<T, kKeyDim, S::n, Order::transposed, Paged<E>>;
  template <class S, class B>
  using Value = typename B::template Right<T, S::n, S::k, Order::row_major, Paged<E>>;

  template <class S, class B>
  struct Args {
    typename Query<S, B>::Source q;
    typename Key<S, B>::Source k;
    typename Value<S, B>::Source v;
    const int* lengths;
    Tensor<T> o;
    Tensor<float> lse;          // one value per row of o
    Tensor<const float> sinks;  // likewise, if there are any
    Tensor<float> partial;      // like o, for batch · splits; used when splits > 1
    Tensor<float> log2_sum;     // one value per row of `partial`
    int batch, heads, group;    // `group` query heads share a key head
    int rows, splits;
    int queries;  // of a sequence that are batches of their own
    // Row r of a batch stands `behind` keys before the end of its sequence, but for the queries in
    // front of it: those of its sequence and r · query_step.
    int query_step, behind;
    int window;
    float scale_log2;  // scale · log2(e)
  };

  template <PagedAttentionSchedule S, PagedAttentionBlock<S, T, kKeyDim, E> B>
  static MOAT_FN void run(B& block, const Args<S, B>& args) {
    const int row_tiles = ceil_div(args.rows, S::m);
    const int parts = ceil_div(kValueDim, S::k);
    const int groups = args.batch * args.splits * args.heads * parts;
    block.longest_first(groups, row_tiles, [&](int group, int place) {
      // The last rows of a causal problem see the most keys.
      const int row = (row_tiles - 1 - place) * S::m;
      // Heads come before ranges: at a position of the sequence they are neighbours in memory.
      const int head_and_part = group % (args.heads * parts);
      const int head = head_and_part / parts;
      const int part = head_and_part % parts;
      const int range = group / (args.heads * parts);
      const int split = range % args.splits;
      const int batch = range / args.splits;
      const int sequence = batch / args.queries;
      const int length = args.lengths[sequence];
      // Row r of the tile sees the keys in front of r · query_step + first_end, a window of them.
      const int first_end = length - args.behind + batch % args.queries + row * args.query_step;
      const int last_row = B::min(row + S::m, args.rows) - 1;
      const int visible = B::min(length, first_end + (last_row - row) * args.query_step);
      const int first_seen = first_end > args.window ? first_end - args.window : 0;
      const int seen = visible > first_seen ? visible - first_seen : 0;
      const int keys_per_split = ceil_div(ceil_div(seen, S::n), args.splits) * S::n;
      const int first_key = first_seen + split * keys_per_split;
      const int end_key = B::min(first_key + keys_per_split, visible);
      const int keys = end_key > first_key ? end_key - first_key : 0;
      const auto kv_at = [&](int step, int col) {
        return Coord{first_key + step * S::n, col, head / args.group, sequence};
      };

      attend_online<S, T, Query<S, B>, Key<S, B>, Value<S, B>>(
          block, args, keys,
          [&](auto& q) {
            block.load(q, args.q, {row, 0, head, batch});
          },
          [&](auto& k, int step) {
            const Coord at = kv_at(step, 0);
            block.load(k, args.k, {0, at.row, at.head, at.batch});
          },
          [&](auto& v, int step) { block.load(v, args.v, kv_at(step, part * S::k)); },
          [&] { return block.template zeros<S::m, S::k>(); },
          [&](auto& s, int step) {
            const int key = first_key + step * S::n;
            const int last_begin = first_end + (last_row - row) * args.query_step - args.window;
            if (key + S::n > B::min(first_end, end_key) || key < last_begin) {
              block.map_indexed(s, [&](auto x, auto r, auto c) {
                const auto seen_by_row = r * args.query_step + first_end;
                const auto end = B::min(seen_by_row, end_key);
                return B::select((c < end - key) & (c > seen_by_row - args.window - 1 - key), x,
                                 kNoKey);
              });
            }
          },
          [&](auto& out, const auto& top, const auto& sum) {
            const auto log2_sum = block.zip(top, sum, [&](auto t, auto a) {
              return B::select(a > 0.0f, t * args.scale_log2 + B::log2(a), kNoKey);
            });
            auto factor =
                block.map(sum, [](auto a) { return B::select(a > 0.0f, 1.0f / a, 0.0f); });
            if (args.splits > 1) {
              block.map_rows(out, factor, [](auto x, auto f) { return x * f; });
              const Coord at{row, part * S::k, head, batch * args.splits + split};
              block.store(args.partial, at, out);
              if (part == 0) block.store_rows(args.log2_sum, at, log2_sum);
              return;
            }
            if (args.sinks.data != nullptr) {
              const auto sinks = block.template load_rows<S::m>(args.sinks, {row, 0, head, batch});
              const auto share =
                  block.zip(sinks, log2_sum, [](auto x, auto l) { return share_beside<B>(x, l); });
              factor = block.zip(factor, share, [](auto a, auto b) { return a * b; });
            }
            block.map_rows(out, factor, [](auto x, auto f) { return x * f; });
            block.store(args.o, {row, part * S::k, head, batch}, out);
            if (part == 0) block.store_rows(args.lse, {row, 0, head, batch}, log2_sum);
          });
    });
  }
};

template <class T, int kKeyDim, int kValueDim, class E,
          PagedAttentionTarget<T, kKeyDim, kValueDim> Backend>
void launch_paged(Backend& backend, const PagedAttentionProblem& p) {
  const auto solve = [&]<PagedAttentionSchedule S>(Type<S>) {
    using B = typename Backend::template Block<S>;
    using Kernel = PagedAttention<T, kKeyDim, kValueDim, E>;
    // A single query, or latent keys, which all heads share: the heads that share a key head become
    // the rows of one tile, or all heads. Further queries are batches of their own then.
    const bool packed = p.q_len == 1 || p.latent;
    const int group = p.q_heads / p.kv_heads;
    const int heads = !packed ? p.q_heads : S::all_heads ? 1 : p.kv_heads;
    const int rows = packed ? p.q_heads / heads : p.q_len;
    const int queries = packed ? p.q_len : 1;
    const int batch = static_cast<int>(countable(std::int64_t{p.batch} * queries));
    // Rows of `width` numbers for each query and head.
    const auto query_like = [&]<class U>(U* data, int width) {
      const std::int64_t query = std::int64_t{p.q_heads} * width;
      return Tensor<U>{data,
                       rows,
                       width,
                       packed ? width : query,
                       packed ? std::int64_t{rows} * width : width,
                       packed ? query : p.q_len * query,
                       heads,
                       batch};
    };
    const auto o = query_like(static_cast<T*>(p.o), kValueDim);
    const auto lse = query_like(static_cast<float*>(p.lse), 1);
    // A logit for each head.
    const Tensor<const float> sinks{static_cast<const float*>(p.sink_logits), rows, 1,
                                    packed ? 1 : 0, packed ? std::int64_t{rows} : 1};
    const auto* lengths = static_cast<const int*>(p.lengths);
    const auto bind = [&]<class Panel>(Type<Panel>, const void* data, int width, int stride) {
      const std::int64_t row = std::int64_t{p.kv_heads} * stride;
      const Paged<E> pages{.pages = {static_cast<const E*>(data), p.page, width, row, stride,
                                     p.page * row, p.kv_heads},
                           .table = static_cast<const int*>(p.table),
                           .lengths = lengths,
                           .table_stride = table_width(p)};
      return Panel::bind(pages, packed ? group : rows);
    };
    const int row_tiles = ceil_div(rows, S::m);
    const std::int64_t window = p.window == 0 ? kMaxDimension : p.window;
    const auto most_seen = static_cast<int>(std::min<std::int64_t>(p.kv_len, window + S::m));
    const int key_steps = ceil_div(most_seen, S::n);
    const std::int64_t tiles = std::int64_t{batch} * heads * row_tiles * ceil_div(kValueDim, S::k);
    const int splits = backend.template splits<S>(tiles, key_steps);
    Tensor<float> partial{nullptr,
                          rows,
                          kValueDim,
                          kValueDim,
                          std::int64_t{rows} * kValueDim,
                          std::int64_t{heads} * rows * kValueDim};
    Tensor<float> log2_sum{nullptr, rows, 1, 1, rows, std::int64_t{heads} * rows};
    if (splits > 1) {
      const std::int64_t all = std::int64_t{batch} * splits * heads * rows;
      partial.data = static_cast<float*>(backend.workspace(all * (kValueDim + 1) * sizeof(float)));
      log2_sum.data = partial.data + all * kValueDim;
    }
    const typename Kernel::template Args<S, B> args{
        .q = Kernel::template Query<S, B>::bind(query_like(static_cast<const T*>(p.q), kKeyDim)),
        .k = bind(Type<typename Kernel::template Key<S, B>>{}, p.k, kKeyDim, key_stride(p)),
        .v =
            p.latent
                ? bind(Type<typename Kernel::template Value<S, B>>{}, p.k, kValueDim, key_stride(p))
                : bind(Type<typename Kernel::template Value<S, B>>{}, p.v, kValueDim, kValueDim),
        .lengths = lengths,
        .o = o,
        .lse = lse,
        .sinks = p.sinks ? sinks : Tensor<const float>{},
        .partial = partial,
        .log2_sum = log2_sum,
        .batch = batch,
        .heads = heads,
        .group = packed ? 1 : group,
        .rows = rows,
        .splits = splits,
        .queries = queries,
        .query_step = packed || !p.causal ? 0 : 1,
        .behind = p.causal ? p.q_len - 1 : 0,
        .window = static_cast<int>(window),
        .scale_log2 = p.scale * 1.44269504f};
    backend.template launch<Kernel, S>(countable(tiles * splits), args);
    if (splits == 1) return;
    backend.schedules().template rows<T>(kValueDim, [&]<class R>(Type<R>) {
      using C = typename Backend::template Block<R>;
      backend.template launch<AttentionCombine<T>, R>(
          countable(std::int64_t{batch} * heads * rows),
          typename AttentionCombine<T>::template Args<R, C>{o, partial, log2_sum, batch, heads,
                                                            splits, args.sinks, lse});
    });
  };
  backend.schedules().template paged_attention<T, kKeyDim, kValueDim>(p, solve);
}

template <class T, class Backend>
void launch_heads(Backend& backend, const PagedAttentionProblem& p) {
  switch (p.head_dim) {
    case 64:
      return launch_paged<T, 64, 64, T>(backend, p);
    case 128:
      return launch_paged<T, 128, 128, T>(backend, p);
    case 192:
      return launch_paged<T, 192, 128, T>(backend, p);
    case 256:
      return launch_paged<T, 256, 256, T>(backend, p);
  }
  throw std::invalid_argument("paged attention: no kernel for this head_dim");
}

template <class Backend>
void launch(Backend& backend, const PagedAttentionProblem& p) {
  if (p.code) return launch_paged<bf16, kLatentDim, kLatentValues, CodedKey>(backend, p);
  if (p.latent) {
    return with_half(p.dtype, [&]<class T>(Type<T>) {
      launch_paged<T, kLatentDim, kLatentValues, T>(backend, p.top == 0 ? p : query_by_query(p));
    });
  }
  with_half(p.dtype, [&]<class T>(Type<T>) { launch_heads<T>(backend, p); });
}

}  // namespace moat
