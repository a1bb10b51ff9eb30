// SPDX-License-Identifier: Apache-2.0
// Checks of single calls of the timed series, chosen at random.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "bench/measure/clock.hpp"
#include "bench/measure/measure.hpp"
#include "bench/verify/operands.hpp"
#include "bench/verify/verify.hpp"

namespace moat {

// Checks an output of the numbered set of operands.
using CheckOutput = std::function<Check(std::size_t set, std::span<const std::byte>)>;

// What is left at the end of a series tells nothing of calls whose outputs others wrote again.
// Before some samples, elements of outputs that its calls are to write are spoiled, and after the
// sample these outputs are checked as a whole. The elements are few and at random places: that
// leaves the caches as cold as they were, and a kernel cannot see in advance which call is checked.
// Where a sample has more calls than there are sets, or there is one set only (hot), the same
// number of calls is run once more, untimed, and interrupted behind some of them to be checked.
//
// The first samples are checked, and of the later ones every second at random, as long as that
// takes no more than a tenth of the time.
class SpotChecks final : public CallObserver {
 public:
  // An implementation that is timed, in their order.
  struct Subject {
    int output = 0;  // of every set
    std::function<void(const Problem&)> solve;
    CheckOutput check;
    // For each of the values that sets hold, an output with the guard that was found right.
    std::vector<std::vector<std::byte>> right;
    // Of those that nobody answers for, or null: is told of each sample right before it, and tells
    // the name of an input of a set that was changed.
    std::function<void(int calls)> begin = nullptr;
    std::function<std::string(std::size_t set)> changed_input = nullptr;
  };

  // The sets and the clock outlive it. `values`: which values each set holds. `seed` chooses calls
  // and elements.
  SpotChecks(Device& device, std::span<Operands> sets, std::vector<std::size_t> values,
             std::vector<Subject> subjects, Clock& clock, std::uint64_t seed);

  void before(std::size_t implementation, std::size_t first, int calls) override;
  // Throws std::runtime_error if a call was wrong.
  void after(std::size_t implementation) override;

  // The check that failed, if any did.
  const Check* failure(std::size_t implementation) const;

  // Whether a sample left an input changed.
  bool changed_input(std::size_t implementation) const {
    return states_.at(implementation).changed_input;
  }

 private:
  struct State {
    Subject subject;
    int samples = 0;
    double first = 0;                  // when the first sample was about to begin
    double spent = 0;                  // seconds for checks
    std::vector<std::size_t> spoiled;  // sets that the sample writes
    std::vector<std::byte> output;
    bool changed_input = false;
    Check failure{.passed = true};
  };

  bool chosen(State& state);
  static void begin(const State& state, int calls);
  std::uint64_t random(std::uint64_t below);
  void spoil(const State& state, std::size_t set);
  void check(State& state, std::size_t set);
  void run_interrupted(State& state, std::size_t first, int calls);

  Device& device_;
  std::span<Operands> sets_;
  std::vector<std::size_t> values_;
  std::vector<State> states_;
  Clock& clock_;
  std::uint64_t seed_;
  std::uint64_t drawn_ = 0;
};

}  // namespace moat
