// SPDX-License-Identifier: Apache-2.0
// Drivers of pipelines: they move panels into shared memory while the waves multiply, and hold all
// the waiting.
#pragma once

#include <cstddef>
#include <cstdint>

#include "backends/simt/accumulator.hpp"

namespace moat::simt {

// Where no asynchronous copies exist, a load is made of two: `fetch` starts reads from global
// memory into registers, `commit` writes them to shared memory. A driver runs a producer once for
// each, so that the reads are under way while the block multiplies.
enum class Phase : std::uint8_t { fetch, commit };

// What the loads of one producer have read, in the order of its loads.
template <int kChunks>
struct Staging {
  Chunk chunks[kChunks];
};

// Chunks that a lane reads for everything of P, one or several panels: each may need one more than
// its share.
template <class P, int kThreads>
inline constexpr int kStagedChunks = static_cast<int>(sizeof(P)) / (kChunkBytes * kThreads) + 4;

// Steps that are in shared memory at once.
template <class Atoms, class S>
inline constexpr int kStages = 2;
template <CopiesAsynchronously Atoms, class S>
inline constexpr int kStages<Atoms, S> = S::kStages;

template <class Stage, class Atoms, class S>
inline constexpr std::size_t kPipelineBytes = kStages<Atoms, S> * sizeof(Stage);

// The stage after i in a ring of kCount, which need not be a power of two.
template <int kCount>
MOAT_FN int next_stage(int i) {
  return i + 1 == kCount ? 0 : i + 1;
}

// A ring of kCount stages that asynchronous copies fill; one barrier a step. The barrier says that
// a step's copies have landed, of all lanes, and that the step before it has been read, whose stage
// is filled next. load(stage, step), use(stage, step).
template <class Atoms, int kCount, class Stage, class Load, class Use>
MOAT_FN void run_ring(Stage* ring, int steps, Load load, Use use) {
  int fill = 0;
  int read = 0;
  MOAT_UNROLL_BY(1)
  for (int step = 1 - kCount; step < steps; ++step) {
    if (step >= 0) {
      Atoms::template cp_async_wait<kCount - 2>();
      Atoms::barrier();
    }
    // A group for each step, empty or not, so that their number tells which one has landed.
    if (step + kCount - 1 < steps) load(ring[fill], step + kCount - 1);
    Atoms::cp_async_commit();
    fill = next_stage<kCount>(fill);
    if (step < 0) continue;
    use(ring[read], step);
    read = next_stage<kCount>(read);
  }
  // What comes next writes to the stages.
  Atoms::barrier();
}

template <class Stage, class B, class Produce>
class Pipeline {
  using Atoms = typename B::Atoms;

 public:
  MOAT_FN Pipeline(B& block, unsigned char* memory, int steps, const Produce& produce)
      : block_(block),
        stages_(reinterpret_cast<Stage*>(memory)),
        steps_(steps),
        produce_(produce) {}

  template <class F>
  MOAT_FN void for_each(F f) {
    if constexpr (CopiesAsynchronously<Atoms>) {
      run_ring<Atoms, B::kStages>(stages_, steps_, produce_, [&](auto& stage, int) { f(stage); });
    } else {
      through_registers(f);
    }
  }

 private:
  // Two stages and one barrier a step: a stage is written while the other is read. Behind the last
  // step it is fetched once more, from a cache, and not what may be another block's part: where a
  // branch around a fetch ended, the compiler would wait for the loads.
  template <class F>
  MOAT_FN void through_registers(F f) {
    Staging<kStagedChunks<Stage, B::kThreads>> staging;
    const auto load = [&](Phase phase, int step) {
      block_.stage(phase, staging.chunks);
      MOAT_INLINED produce_(stages_[step % 2], step);
    };
    MOAT_UNROLL_BY(1)
    for (int step = -1; step < steps_; ++step) {
      MOAT_INLINED load(Phase::fetch, step + 1 < steps_ || step < 0 ? step + 1 : step);
      if (step >= 0) f(stages_[step % 2]);
      if (step + 1 < steps_) MOAT_INLINED load(Phase::commit, step + 1);
      Atoms::barrier();
    }
  }

  B& block_;
  Stage* stages_;
  int steps_;
  const Produce& produce_;
};

// Queries stay in shared memory; keys and values have a ring of stages, or one where loads pass
// through registers.
template <class Q, class K, class V, int kCount>
struct AttendMemory {
  struct Stage {
    K k;
    V v;
  };
  Q q;
  Stage stages[kCount];
};
template <class Q, class K, class V, class Atoms, class S>
using AttendMemoryOf = AttendMemory<Q, K, V, CopiesAsynchronously<Atoms> ? kStages<Atoms, S> : 1>;

template <class Memory, int kM, int kN, class B, class LoadK, class LoadV>
class AttendStages {
  using Atoms = typename B::Atoms;

 public:
  MOAT_FN AttendStages(B& block, Memory& memory, int steps, const LoadK& load_k,
                       const LoadV& load_v)
      : block_(block), memory_(memory), steps_(steps), load_k_(load_k), load_v_(load_v) {}

  template <class Scores, class Weights, class Values>
  MOAT_FN void for_each(Scores scores, Weights weights, Values values) {
    if constexpr (CopiesAsynchronously<Atoms>) {
      run_ring<Atoms, B::kStages>(
          memory_.stages, steps_,
          [&](auto& stage, int step) {
            load_k_(stage.k, step);
            load_v_(stage.v, step);
          },
          [&](const auto& stage, int step) {
            auto s = block_.template zeros<kM, kN>();
            scores(s, stage.k);
            values(weights(s, step), stage.v);
          });
    } else {
      through_registers(scores, weights, values);
    }
  }

 private:
  // Values are read under the scores and the softmax, the next keys under the product with the
  // values.
  template <class Scores, class Weights, class Values>
  MOAT_FN void through_registers(Scores scores, Weights weights, Values values) {
    auto& k = memory_.stages[0].k;
    auto& v = memory_.stages[0].v;
    Staging<kStagedChunks<decltype(k), B::kThreads>> keys;
    const auto load_k = [&](Phase phase, int step) {
      block_.stage(phase, keys.chunks);
      MOAT_INLINED load_k_(k, step);
    };
    if (steps_ == 0) return;
    MOAT_INLINED load_k(Phase::fetch, 0);
    MOAT_UNROLL_BY(1)
    for (int step = 0; step < steps_; ++step) {
      MOAT_INLINED load_k(Phase::commit, step);
      Atoms::barrier();
      Staging<kStagedChunks<decltype(v), B::kThreads>> staged_values;
      const auto load_v = [&](Phase phase) {
        block_.stage(phase, staged_values.chunks);
        MOAT_INLINED load_v_(v, step);
      };
      load_v(Phase::fetch);
      auto s = block_.template zeros<kM, kN>();
      scores(s, k);
      const auto p = weights(s, step);
      load_v(Phase::commit);
      Atoms::barrier();
      if (step + 1 < steps_) MOAT_INLINED load_k(Phase::fetch, step + 1);
      values(p, v);
    }
  }

  B& block_;
  Memory& memory_;
  int steps_;
  const LoadK& load_k_;
  const LoadV& load_v_;
};

}  // namespace moat::simt
