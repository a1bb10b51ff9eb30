// SPDX-License-Identifier: Apache-2.0
// The steps of a pipeline. A thread plays both roles in turn: what it has just packed is in cache
// when it is multiplied.
#pragma once

#include <algorithm>
#include <utility>

#include "backends/cpu/accumulator.hpp"

namespace moat::cpu {

// Stages that outlive the work item: the panels of its first steps stay for the items that follow,
// which often need the same; all further steps share the last stage.
template <class Stage>
class KeptStages {
 public:
  KeptStages(Scratch& scratch, std::size_t bytes)
      : count_(std::clamp<int>(static_cast<int>(bytes / sizeof(Stage)), 1, kMost)),
        stages_(scratch, static_cast<std::size_t>(count_)) {}

  Stage& of(int step) const { return stages_[std::min(step, count_ - 1)]; }

 private:
  // Twice the steps of kKeptKeys, and more panels of A than kMostKept (runtime.cpp) holds.
  static constexpr int kMost = 128;
  int count_;
  Scratched<Stage> stages_;
};

// What the consumer of Worker::pipeline visits.
template <class Stage, class Produce>
struct Stages {
  const KeptStages<Stage>& kept;
  int steps;
  Produce& produce;

  template <class F>
  void for_each(F f) {
    for (int step = 0; step < steps; ++step) {
      Stage& stage = kept.of(step);
      produce(stage, step);
      f(std::as_const(stage));
    }
  }
};

// What the consumer of Worker::attend visits: scores of a tile of queries and keys a step.
template <class Sums, class Key, class Value, class LoadKey, class LoadValue>
struct AttentionStages {
  Scratch& scratch;
  int keys;
  LoadKey& load_key;
  LoadValue& load_value;
  KeptStages<Key> kept_keys;
  KeptStages<Value> kept_values;

  // Panels of up to `kept_bytes` are kept.
  AttentionStages(Scratch& s, std::size_t kept_bytes, int key_count, LoadKey& k, LoadValue& v)
      : scratch(s),
        keys(key_count),
        load_key(k),
        load_value(v),
        kept_keys(s, kept_bytes / 2),
        kept_values(s, kept_bytes / 2) {}

  template <class Scores, class Weights, class Values>
  void for_each(Scores scores, Weights weights, Values values) {
    Sums s(scratch);
    for (int step = 0; step * Sums::kCols < keys; ++step) {
      if (step > 0) s.clear();
      s.use(keys - step * Sums::kCols);
      Key& key = kept_keys.of(step);
      load_key(key, step);
      scores(s, std::as_const(key));
      const auto p = weights(s, step);
      Value& value = kept_values.of(step);
      load_value(value, step);
      values(p, std::as_const(value));
    }
  }
};

}  // namespace moat::cpu
