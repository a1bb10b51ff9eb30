// The steps of a pipeline. A thread plays both roles in turn: what it has just packed is in cache
// when it is multiplied.
#pragma once

#include <utility>

#include "backends/cpu/accumulator.hpp"

namespace moat::cpu {

// What the consumer of Worker::pipeline visits.
template <class Stage, class Produce>
struct Stages {
  Stage& stage;
  int steps;
  Produce& produce;

  template <class F>
  void for_each(F f) {
    for (int step = 0; step < steps; ++step) {
      produce(stage, step);
      f(std::as_const(stage));
    }
  }
};

// What the consumer of Worker::attend visits: scores of a tile of queries and keys a step.
template <class Sums, class Key, class Value, class LoadKey, class LoadValue>
struct AttentionStages {
  Scratch& scratch;
  Key& key;
  Value& value;
  int steps;
  LoadKey& load_key;
  LoadValue& load_value;

  template <class Scores, class Weights, class Values>
  void for_each(Scores scores, Weights weights, Values values) {
    Sums s(scratch);
    for (int step = 0; step < steps; ++step) {
      if (step > 0) s.clear();
      load_key(key, step);
      scores(s, std::as_const(key));
      const auto p = weights(s, step);
      load_value(value, step);
      values(p, std::as_const(value));
    }
  }
};

}  // namespace moat::cpu
