// SPDX-License-Identifier: Apache-2.0
// Attention forward: O = softmax(Q·Kᵀ·scale + mask)·V with an online softmax
// (Milakov and Gimelshein 2018; Dao et al. 2022).
#pragma once

#include <algorithm>
#include <limits>
#include <stdexcept>

#include "backends/vocabulary/block.hpp"
#include "backends/vocabulary/target.hpp"
#include "problems/attention.hpp"

namespace moat {

// Maximum of an empty set of scores, and the score of a key that the mask hides.
inline constexpr float kNoKey = -std::numeric_limits<float>::infinity();

// The online softmax over `keys` keys of a tile of queries. Loads are those of block.attend,
// `zeros` makes the accumulator of the output, mask(s, step) hides scores, and finish(out, top,
// sum) has for each row Σ w·v with the weights w = exp2(args.scale_log2 · (score − top)), their sum
// and the largest score, kNoKey without a key. Running maximum and sum make the weights of earlier
// keys comparable with those of later ones.
template <class S, class T, class Query, class Key, class Value, class B, class Args, class LoadQ,
          class LoadK, class LoadV, class Zeros, class Mask, class Finish>
MOAT_FN void attend_online(B& block, const Args& args, int keys, LoadQ load_q, LoadK load_k,
                           LoadV load_v, Zeros zeros, Mask mask, Finish finish) {
  block.template attend<Query, Key, Value, S::m, S::n>(
      keys, load_q, load_k, load_v, [&](const auto& q, auto& stages) {
        auto out = zeros();
        auto top = block.template rows<S::m>(kNoKey);
        auto sum = block.template rows<S::m>(0.0f);
        auto rescale = block.template rows<S::m>(1.0f);
        stages.for_each(
            [&](auto& s, const auto& k) { block.mma(s, q, k); },
            [&](auto& s, int step) {
              mask(s, step);
              const auto before = top;
              top =
                  block.zip(before, block.row_max(s), [](auto a, auto b) { return B::max(a, b); });
              // A row without a key so far has no maximum; 0 keeps its weights at 0, not NaN.
              const auto shift = block.map(
                  top, [&](auto t) { return B::select(t > kNoKey, t * args.scale_log2, 0.0f); });
              block.map_rows(s, shift,
                             [&](auto x, auto t) { return B::exp2(x * args.scale_log2 - t); });
              rescale = block.zip(before, shift, [&](auto t, auto shifted) {
                return B::exp2(t * args.scale_log2 - shifted);
              });
              sum = block.zip(block.zip(sum, rescale, [](auto a, auto b) { return a * b; }),
                              block.row_sum(s), [](auto a, auto b) { return a + b; });
              return block.template as_operand<T>(s);
            },
            [&](const auto& weights, const auto& v) {
              block.map_rows(out, rescale, [](auto x, auto f) { return x * f; });
              block.mma(out, weights, v);
            });
        finish(out, top, sum);
      });
}

// One work item is a tile of query rows of one head against a range of keys. With several ranges
// (`splits` > 1) an item leaves a partial result, which AttentionCombine merges.
template <class T, int kHeadDim>
struct Attention {
  template <class S, class B>
  using Query = typename B::template Left<T, S::m, kHeadDim>;
  template <class S, class B>
  using Key = typename B::template Right<T, kHeadDim, S::n, Order::transposed>;
  template <class S, class B>
  using Value = typename B::template Right<T, S::n, kHeadDim, Order::row_major>;

  template <class S, class B>
  struct Args {
    typename Query<S, B>::Source q;
    typename Key<S, B>::Source k;
    typename Value<S, B>::Source v;
    Tensor<T> o;
    Tensor<float> partial;    // like o, for batch · splits; used when splits > 1
    Tensor<float> log2_sum;   // one value per row of `partial`
    int batch, heads, group;  // `group` query heads share a key head
    int rows, kv_len, splits, keys_per_split;
    // Row r sees the keys up to r · query_step + diagonal; without a mask that is every key.
    int query_step, diagonal;
    float scale_log2;  // scale · log2(e)
  };

  template <AttentionSchedule S, AttentionBlock<S, T, kHeadDim> B>
  static MOAT_FN void run(B& block, const Args<S, B>& args) {
    const int row_tiles = ceil_div(args.rows, S::m);
    const int groups = args.batch * args.splits * args.heads;
    block.longest_first(groups, row_tiles, [&](int group, int place) {
      // The last rows of a causal problem see the most keys.
      const int row = (row_tiles - 1 - place) * S::m;
      // Heads come before ranges: at a position of the sequence they are neighbours in memory.
      const int head = group % args.heads;
      const int split = group / args.heads % args.splits;
      const int batch = group / args.heads / args.splits;
      const int last_row = B::min(row + S::m, args.rows) - 1;
      const int visible = B::min(args.kv_len, last_row * args.query_step + args.diagonal + 1);
      const int first_key = split * args.keys_per_split;
      const int end_key = B::min(first_key + args.keys_per_split, visible);
      const int keys = end_key > first_key ? end_key - first_key : 0;
      const auto kv_at = [&](int step) {
        return Coord{first_key + step * S::n, 0, head / args.group, batch};
      };

      attend_online<S, T, Query<S, B>, Key<S, B>, Value<S, B>>(
          block, args, keys,
          [&](auto& q) {
            block.load(q, args.q, {row, 0, head, batch});
          },
          [&](auto& k, int step) {
            const Coord at = kv_at(step);
            block.load(k, args.k, {0, at.row, at.head, at.batch});
          },
          [&](auto& v, int step) { block.load(v, args.v, kv_at(step)); },
          [&] { return block.template zeros<S::m, kHeadDim>(); },
          [&](auto& s, int step) {
            const int key = first_key + step * S::n;
            const int first_end = row * args.query_step + args.diagonal + 1;
            if (key + S::n > B::min(first_end, end_key)) {
              block.map_indexed(s, [&](auto x, auto r, auto c) {
                const auto end = B::min(r * args.query_step + first_end, end_key);
                return B::select(c < end - key, x, kNoKey);
              });
            }
          },
          [&](auto& out, const auto& top, const auto& sum) {
            const auto inverse =
                block.map(sum, [](auto a) { return B::select(a > 0.0f, 1.0f / a, 0.0f); });
            block.map_rows(out, inverse, [](auto x, auto f) { return x * f; });
            if (args.splits == 1) {
              block.store(args.o, {row, 0, head, batch}, out);
            } else {
              const Coord at{row, 0, head, batch * args.splits + split};
              block.store(args.partial, at, out);
              block.store_rows(args.log2_sum, at, block.zip(top, sum, [&](auto t, auto a) {
                return B::select(a > 0.0f, t * args.scale_log2 + B::log2(a), kNoKey);
              }));
            }
          });
    });
  }
};

// The share of the keys beside a sink, a logit that weighs as a key without a value; log2_sum is
// log2 of the sum of the keys' exponentials.
template <class B, class X, class Y>
MOAT_FN auto share_beside(X sink, Y log2_sum) {
  return 1.0f / (1.0f + B::exp2(sink * 1.44269504f - log2_sum));
}

// Merges the partial results of `splits` key ranges, one row of O a work item.
template <class T>
struct AttentionCombine {
  template <class S, class B>
  struct Args {
    Tensor<T> o;
    Tensor<float> partial;
    Tensor<float> log2_sum;
    int batch, heads, splits;
    Tensor<const float> sinks{};  // one for each row, if there are any
    Tensor<float> lse{};          // likewise, written
  };

  template <class S, MergeBlock B>
  static MOAT_FN void run(B& block, const Args<S, B>& args) {
    block.items(args.batch * args.heads * args.o.rows, [&](int item) {
      const int row = item % args.o.rows;
      const int head = item / args.o.rows % args.heads;
      const int batch = item / args.o.rows / args.heads;
      const auto log2_sum = [&](int split) {
        return *address(args.log2_sum, {row, 0, head, batch * args.splits + split});
      };
      float top = log2_sum(0);
      for (int s = 1; s < args.splits; ++s) top = B::max(top, log2_sum(s));
      // No range held a visible key: every weight is 0.
      if (!(top > kNoKey)) top = 0.0f;
      float total = 0.0f;
      for (int s = 0; s < args.splits; ++s) total += B::exp2(log2_sum(s) - top);
      const float merged = total > 0.0f ? top + B::log2(total) : kNoKey;
      float inverse = total > 0.0f ? 1.0f / total : 0.0f;
      if (args.sinks.data != nullptr) {
        inverse = inverse * share_beside<B>(*address(args.sinks, {row, 0, head, batch}), merged);
      }
      if (args.lse.data != nullptr) {
        block.once([&] { *address(args.lse, {row, 0, head, batch}) = merged; });
      }
      block.each(args.o.cols, [&](auto at) {
        auto out = at.fill(0.0f);
        for (int s = 0; s < args.splits; ++s) {
          const float* part = address(args.partial, {row, 0, head, batch * args.splits + s});
          out = out + at.load(part) * (B::exp2(log2_sum(s) - top) * inverse);
        }
        at.store(address(args.o, {row, 0, head, batch}), out);
      });
    });
  }
};

template <class T, int kHeadDim, AttentionTarget<T, kHeadDim> Backend>
void launch_attention(Backend& backend, const AttentionProblem& p) {
  backend.schedules().template attention<T, kHeadDim>(p, [&]<AttentionSchedule S>(Type<S>) {
    using B = typename Backend::template Block<S>;
    using Kernel = Attention<T, kHeadDim>;
    // A single query: the heads that share a key head become the rows of one tile, or all heads.
    const bool packed = p.q_len == 1;
    const int group = p.q_heads / p.kv_heads;
    const int heads = !packed ? p.q_heads : S::all_heads ? 1 : p.kv_heads;
    const std::int64_t q_row = std::int64_t{p.q_heads} * kHeadDim;
    const std::int64_t kv_row = std::int64_t{p.kv_heads} * kHeadDim;
    const auto query_like = [&]<class U>(U* data) {
      const int rows = packed ? p.q_heads / heads : p.q_len;
      return Tensor<U>{data,
                       rows,
                       kHeadDim,
                       packed ? kHeadDim : q_row,
                       packed ? std::int64_t{rows} * kHeadDim : kHeadDim,
                       p.q_len * q_row,
                       heads,
                       p.batch};
    };
    const auto q = query_like(static_cast<const T*>(p.q));
    const auto o = query_like(static_cast<T*>(p.o));
    const auto bind = [&]<class Panel>(Type<Panel>, const void* data) {
      const Tensor<const T> keys{
          static_cast<const T*>(data), p.kv_len,   kHeadDim, kv_row, kHeadDim,
          p.kv_len * kv_row,           p.kv_heads, p.batch};
      return Panel::bind(keys, packed ? group : o.rows);
    };
    const int row_tiles = ceil_div(o.rows, S::m);
    const int key_steps = ceil_div(p.kv_len, S::n);
    const std::int64_t tiles = std::int64_t{p.batch} * heads * row_tiles;
    const int splits = backend.template splits<S>(tiles, key_steps);
    Tensor<float> partial{nullptr,
                          o.rows,
                          kHeadDim,
                          kHeadDim,
                          std::int64_t{o.rows} * kHeadDim,
                          std::int64_t{heads} * o.rows * kHeadDim};
    Tensor<float> log2_sum{nullptr, o.rows, 1, 1, o.rows, std::int64_t{heads} * o.rows};
    if (splits > 1) {
      const std::int64_t rows = std::int64_t{p.batch} * splits * heads * o.rows;
      partial.data = static_cast<float*>(backend.workspace(rows * (kHeadDim + 1) * sizeof(float)));
      log2_sum.data = partial.data + rows * kHeadDim;
    }
    const typename Kernel::template Args<S, B> args{
        .q = Kernel::template Query<S, B>::bind(q),
        .k = bind(Type<typename Kernel::template Key<S, B>>{}, p.k),
        .v = bind(Type<typename Kernel::template Value<S, B>>{}, p.v),
        .o = o,
        .partial = partial,
        .log2_sum = log2_sum,
        .batch = p.batch,
        .heads = heads,
        .group = packed ? 1 : group,
        .rows = o.rows,
        .kv_len = p.kv_len,
        .splits = splits,
        .keys_per_split = ceil_div(key_steps, splits) * S::n,
        .query_step = packed || !p.causal ? 0 : 1,
        .diagonal = p.kv_len - (p.causal ? p.q_len : 1),
        .scale_log2 = p.scale * 1.44269504f};
    backend.template launch<Kernel, S>(countable(tiles * splits), args);
    if (splits == 1) return;
    backend.schedules().template rows<T>(kHeadDim, [&]<class R>(Type<R>) {
      using C = typename Backend::template Block<R>;
      backend.template launch<AttentionCombine<T>, R>(
          countable(std::int64_t{p.batch} * heads * o.rows),
          typename AttentionCombine<T>::template Args<R, C>{o, partial, log2_sum, p.batch, heads,
                                                            splits});
    });
  });
}

template <class Backend>
void launch(Backend& backend, const AttentionProblem& p) {
  with_dtype(p.dtype, [&]<class T>(Type<T>) {
    switch (p.head_dim) {
      case 64:
        return launch_attention<T, 64>(backend, p);
      case 128:
        return launch_attention<T, 128>(backend, p);
    }
    static_assert(is_head_dim(64) && is_head_dim(128));
    throw std::invalid_argument("attention: head_dim is neither 64 nor 128");
  });
}

}  // namespace moat
