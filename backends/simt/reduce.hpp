// SPDX-License-Identifier: Apache-2.0
// Reduction of memory to one state per block.
#pragma once

#include <cstdint>

#include "backends/simt/panel.hpp"
#include "backends/vocabulary/block.hpp"

namespace moat::simt {

// Additions of a lane between two folds; as many elements are in flight.
inline constexpr int kBatch = 32;
static_assert(2 * kBatch <= kFoldInterval);

// An element as it is.
struct Itself {
  MOAT_FN float operator()(float x) const { return x; }
};

// State of f(x) for the elements that fall to `thread` of kThreads. A lane visits them in rising
// order.
template <class B, class Atoms, int kThreads, class Monoid, class T, class F = Itself>
MOAT_FN auto reduce_lane(const Monoid& monoid, const T* x, int count, int thread, F f = {}) {
  constexpr int kPerChunk = kChunkBytes / sizeof(T);
  constexpr int kChunksPerBatch = kBatch / kPerChunk;
  using Elements = Vec<T, kPerChunk>;
  auto state = Monoid::template identity<float, int>();
  const auto add = [&](T value, int at) {
    monoid.template add<B>(state, f(Atoms::widen(value)), at);
  };
  const auto add_one = [&](int at) { add(Atoms::template load_global<T>(x + at), at); };
  const auto add_chunk = [&](const Chunk& chunk, int at) {
    const auto elements = __builtin_bit_cast(Elements, chunk);
    MOAT_UNROLL
    for (int e = 0; e < kPerChunk; ++e) add(elements.values[e], at + e);
  };

  const auto past = static_cast<int>(reinterpret_cast<std::uintptr_t>(x) % kChunkBytes / sizeof(T));
  const int head = B::min(past > 0 ? kPerChunk - past : 0, count);
  const int chunks = (count - head) / kPerChunk;
  if (thread < head) add_one(thread);
  const T* const body = x + head;
  int c = thread;
  for (; c + (kChunksPerBatch - 1) * kThreads < chunks; c += kChunksPerBatch * kThreads) {
    Chunk batch[kChunksPerBatch];
    MOAT_UNROLL
    for (int i = 0; i < kChunksPerBatch; ++i) {
      batch[i] = Atoms::template load_global<Chunk>(body + (c + i * kThreads) * kPerChunk);
    }
    MOAT_UNROLL
    for (int i = 0; i < kChunksPerBatch; ++i) {
      add_chunk(batch[i], head + (c + i * kThreads) * kPerChunk);
    }
    Monoid::fold(state);
  }
  for (; c < chunks; c += kThreads) {
    add_chunk(Atoms::template load_global<Chunk>(body + c * kPerChunk), head + c * kPerChunk);
  }
  const int tail = head + chunks * kPerChunk + thread;
  if (tail < count) add_one(tail);
  return state;
}

// Terms of a sum: a GPU computes them anew faster than it could keep them.
template <class T, class State, class F>
struct Terms {
  const T* x;
  State state;
  F f;

  template <class At>
  MOAT_FN auto at(const At& at) const {
    return f(at.load(x));
  }
};

// Merges the states of all lanes; the result is the same in all of them. `slots` is shared memory
// for one state per wave that no lane reads any more.
template <class B, class Atoms, int kWaves, class Monoid, class State>
MOAT_FN State merge_lanes(State state, State* slots) {
  MOAT_UNROLL
  for (int mask = 1; mask < Atoms::kWaveWidth; mask *= 2) {
    const State other =
        state.transform([&](auto member) { return Atoms::shuffle_xor(member, mask); });
    Monoid::template merge<B>(state, other);
  }
  if (Atoms::lane() == 0) Atoms::template store_shared<State>(slots + Atoms::wave(), state);
  Atoms::barrier();
  State all = Atoms::template load_shared<State>(slots);
  MOAT_UNROLL_BY(1)
  for (int wave = 1; wave < kWaves; ++wave) {
    Monoid::template merge<B>(all, Atoms::template load_shared<State>(slots + wave));
  }
  return all;
}

}  // namespace moat::simt
