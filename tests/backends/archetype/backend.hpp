// SPDX-License-Identifier: Apache-2.0
// What the launchers of kernels/ ask of a backend, and schedules with tiles that divide nothing.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "backends/vocabulary/target.hpp"
#include "problems/problem.hpp"
#include "tests/backends/archetype/block.hpp"

namespace moat {
namespace archetype {

struct Product {
  static constexpr int m = 7;
  static constexpr int n = 5;
  static constexpr int k = 3;
};

struct ScaledProduct {
  static constexpr int m = 7;
  static constexpr int n = 4;
  static constexpr int k = 8;
};

template <bool kAllHeads>
struct Attend {
  static constexpr int m = 3;
  static constexpr int n = 11;
  static constexpr bool all_heads = kAllHeads;
};

template <bool kAllHeads, int kColumns>
struct AttendPaged : Attend<kAllHeads> {
  static constexpr int k = kColumns;
};

struct Stream {
  static constexpr int chains = 6;
};

struct Schedules {
  template <class T, class F>
  static void gemm(const GemmProblem&, F f) {
    f(Type<Product>{});
  }
  template <class T, class F>
  static void weight_gemm(const WeightGemmProblem&, F f) {
    f(Type<Product>{});
  }
  template <class T, class C, class F>
  static void scaled_gemm(const ScaledGemmProblem&, F f) {
    f(Type<ScaledProduct>{});
  }
  // Groups of few rows in a launch of their own.
  template <class T, class F>
  static void grouped_gemm(const GroupedGemmProblem&, F f) {
    f(Type<Product>{}, RowRange{.least = 1, .most = 4});
    f(Type<Product>{}, RowRange{.least = 5});
  }
  // Sequences of an odd length have the rows of all heads in one tile.
  template <class T, int kHeadDim, class F>
  static void attention(const AttentionProblem& p, F f) {
    if (p.kv_len % 2 == 1) {
      f(Type<Attend<true>>{});
    } else {
      f(Type<Attend<false>>{});
    }
  }
  // Unequal widths have their values in several tiles.
  template <class T, int kHeadDim, int kValues, class F>
  static void paged_attention(const PagedAttentionProblem& p, F f) {
    if (p.kv_len % 2 == 1) {
      f(Type<AttendPaged<true, kValues>>{});
    } else {
      f(Type<AttendPaged<false, kHeadDim == kValues ? kValues : kValues / 4>>{});
    }
  }
  template <class T, class F>
  static void indexer(const IndexerProblem&, F f) {
    f(Type<Attend<false>>{});
  }
  template <class T, class F>
  static void reduction(const ReductionProblem&, F f) {
    f(Type<Stream>{});
  }
  template <class T, class F>
  static void rows(std::int64_t, F f) {
    f(Type<Stream>{});
  }
};

class Backend {
 public:
  using Schedules = archetype::Schedules;
  template <class S>
  using Block = archetype::Block<S>;

  Schedules schedules() const { return {}; }

  template <class Kernel, class S, class Args>
  void launch(std::int64_t, const Args& args) {
    for (int i = 0; i < concurrent_blocks<S>(); ++i) {
      Block<S> block(i, concurrent_blocks<S>());
      Kernel::template run<S>(block, args);
    }
  }

  void* workspace(std::size_t bytes) {
    workspace_.resize(bytes / sizeof(std::max_align_t) + 1);
    return workspace_.data();
  }
  unsigned* arrivals() { return &arrivals_; }
  template <class S>
  int concurrent_blocks() const {
    return 3;
  }

  template <class S, class T>
  SplitK<T> split_k(const Tensor<T>& c, int steps, int grain = 1) {
    return {c, steps, 2 * grain};
  }

  template <class S>
  int splits(std::int64_t items, int key_steps) const {
    return items < concurrent_blocks<S>() ? ceil_div(key_steps, 2) : 1;
  }

 private:
  std::vector<std::max_align_t> workspace_;
  unsigned arrivals_ = 0;
};

}  // namespace archetype

using ThisBackend = archetype::Backend;
static_assert(Target<ThisBackend>);

}  // namespace moat
