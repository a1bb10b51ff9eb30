// Drivers of pipelines: they move panels through registers into shared memory while the waves
// multiply, and hold all the waiting.
#pragma once

#include <cstddef>
#include <cstdint>

#include "backends/simt/accumulator.hpp"

namespace moat::simt {

// A load is made of two: `fetch` starts reads from global memory into registers, `commit` writes
// them to shared memory. A driver runs a producer once for each, so that the reads are under way
// while the block multiplies.
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

// Two stages in shared memory, one barrier a step: a stage is written while the other is read.
template <class Stage>
inline constexpr std::size_t kPipelineBytes = 2 * sizeof(Stage);

template <class Stage, class B, class Produce>
class Pipeline {
 public:
  MOAT_FN Pipeline(B& block, unsigned char* memory, int steps, const Produce& produce)
      : block_(block),
        stages_(reinterpret_cast<Stage*>(memory)),
        steps_(steps),
        produce_(produce) {}

  template <class F>
  MOAT_FN void for_each(F f) {
    Staging<kStagedChunks<Stage, B::kThreads>> staging;
    const auto load = [&](Phase phase, int step) {
      block_.stage(phase, staging.chunks);
      produce_(stages_[step % 2], step);
    };
    MOAT_UNROLL_BY(1)
    for (int step = -1; step < steps_; ++step) {
      const bool more = step + 1 < steps_;
      if (more) load(Phase::fetch, step + 1);
      if (step >= 0) f(stages_[step % 2]);
      if (more) load(Phase::commit, step + 1);
      B::Atoms::barrier();
    }
  }

 private:
  B& block_;
  Stage* stages_;
  int steps_;
  const Produce& produce_;
};

// Queries stay in shared memory; keys and values have one buffer each. Values are read under the
// scores and the softmax, the next keys under the product with the values.
template <class Q, class K, class V>
struct AttendMemory {
  Q q;
  K k;
  V v;
};

template <class Q, class K, class V, int kM, int kN, class B, class LoadK, class LoadV>
class AttendStages {
 public:
  MOAT_FN AttendStages(B& block, AttendMemory<Q, K, V>& memory, int steps, const LoadK& load_k,
                       const LoadV& load_v)
      : block_(block), memory_(memory), steps_(steps), load_k_(load_k), load_v_(load_v) {}

  template <class Scores, class Weights, class Values>
  MOAT_FN void for_each(Scores scores, Weights weights, Values values) {
    Staging<kStagedChunks<K, B::kThreads>> keys;
    const auto load_k = [&](Phase phase, int step) {
      block_.stage(phase, keys.chunks);
      load_k_(memory_.k, step);
    };
    if (steps_ == 0) return;
    load_k(Phase::fetch, 0);
    MOAT_UNROLL_BY(1)
    for (int step = 0; step < steps_; ++step) {
      load_k(Phase::commit, step);
      B::Atoms::barrier();
      Staging<kStagedChunks<V, B::kThreads>> staged_values;
      const auto load_v = [&](Phase phase) {
        block_.stage(phase, staged_values.chunks);
        load_v_(memory_.v, step);
      };
      load_v(Phase::fetch);
      auto s = block_.template zeros<kM, kN>();
      scores(s, memory_.k);
      const auto p = weights(s, step);
      load_v(Phase::commit);
      B::Atoms::barrier();
      if (step + 1 < steps_) load_k(Phase::fetch, step + 1);
      values(p, memory_.v);
    }
  }

 private:
  B& block_;
  AttendMemory<Q, K, V>& memory_;
  int steps_;
  const LoadK& load_k_;
  const LoadV& load_v_;
};

}  // namespace moat::simt
