// SPDX-License-Identifier: Apache-2.0
#include "bench/run/spot_checks.hpp"

#include <algorithm>
#include <functional>
#include <ranges>
#include <stdexcept>
#include <utility>

#include "bench/verify/random.hpp"

namespace moat {
namespace {

constexpr int kSurelyChecked = 4;   // samples at the beginning of each series
constexpr double kShare = 0.1;      // of the time, for the checks after those
constexpr int kCallsOfASample = 8;  // that are checked at most
constexpr std::size_t kSpoiledElements = 16;

bool poisoned(std::span<const std::byte> bytes) {
  return std::ranges::all_of(bytes, [](std::byte b) { return b == std::byte{kPoison}; });
}

}  // namespace

SpotChecks::SpotChecks(Device& device, std::span<Operands> sets, std::vector<std::size_t> values,
                       std::vector<Subject> subjects, Clock& clock, std::uint64_t seed)
    : device_(device),
      sets_(sets),
      values_(std::move(values)),
      clock_(clock),
      seed_(stream_seed(seed, 40)) {
  for (Subject& subject : subjects) states_.emplace_back().subject = std::move(subject);
}

void SpotChecks::before(std::size_t implementation, std::size_t first, int calls) {
  State& state = states_.at(implementation);
  state.spoiled.clear();
  const double start = clock_.now();
  if (state.samples == 0) state.first = start;
  if (!chosen(state)) return begin(state, calls);
  const auto count = static_cast<std::size_t>(calls);
  if (sets_.size() == 1 || count > sets_.size()) {
    run_interrupted(state, first, calls);
  } else {
    for (int i = 0; i < kCallsOfASample; ++i) {
      const std::size_t set = (first + random(count)) % sets_.size();
      if (std::ranges::find(state.spoiled, set) != state.spoiled.end()) continue;
      spoil(state, set);
      state.spoiled.push_back(set);
    }
  }
  state.spent += clock_.now() - start;
  begin(state, calls);
}

void SpotChecks::begin(const State& state, int calls) {
  if (state.subject.begin) state.subject.begin(calls);
}

void SpotChecks::after(std::size_t implementation) {
  State& state = states_.at(implementation);
  if (state.spoiled.empty()) return;
  const double start = clock_.now();
  for (const std::size_t set : state.spoiled) {
    if (state.subject.changed_input) {
      const std::string name = state.subject.changed_input(set);
      state.changed_input = state.changed_input || !name.empty();
      if (!name.empty()) throw std::runtime_error("a timed call wrote the input " + name);
    }
    check(state, set);
  }
  state.spent += clock_.now() - start;
}

const Check* SpotChecks::failure(std::size_t implementation) const {
  const Check& failure = states_.at(implementation).failure;
  return failure.passed ? nullptr : &failure;
}

bool SpotChecks::chosen(State& state) {
  if (state.samples++ < kSurelyChecked) return true;
  return state.spent <= kShare * (clock_.now() - state.first) && random(2) == 0;
}

std::uint64_t SpotChecks::random(std::uint64_t below) {
  return random_bits(seed_, drawn_++) % below;
}

// Some become poison and some the inverse of what they must be, at random, so that a kernel which
// looks for either does not know the calls that are checked.
void SpotChecks::spoil(const State& state, std::size_t set) {
  const int output = state.subject.output;
  const std::span<const std::byte> right = state.subject.right.at(values_.at(set));
  // Of an implementation that writes less, what it writes: the rest stays poison.
  const auto last = std::ranges::find_if(right.rbegin(), right.rend(),
                                         [](std::byte b) { return b != std::byte{kPoison}; });
  const auto end = static_cast<std::size_t>(right.rend() - last);
  std::vector<OutputPlace> places = output_places(sets_[set].problem(output));
  std::size_t elements = 0;
  for (OutputPlace& place : places) {
    place.bytes = std::min(place.bytes, end - std::min(end, place.offset));
    elements += place.bytes / element_bytes(place.operand);
  }
  for (std::size_t i = 0; i < std::min(kSpoiledElements, elements); ++i) {
    std::size_t index = elements <= kSpoiledElements ? i : random(elements);
    auto place = places.begin();
    for (; index >= place->bytes / element_bytes(place->operand); ++place) {
      index -= place->bytes / element_bytes(place->operand);
    }
    const std::size_t size = element_bytes(place->operand);
    const std::size_t at = place->offset + size * index;
    const auto want = right.subspan(at, size);
    if (poisoned(want)) continue;  // between rows, where a call leaves nothing
    std::vector<std::byte> wrong(size, std::byte{kPoison});
    if (random(2) == 0) std::ranges::transform(want, wrong.begin(), std::bit_not<>());
    sets_[set].overwrite(output, at, wrong);
  }
}

void SpotChecks::check(State& state, std::size_t set) {
  sets_[set].download(state.subject.output, state.output);
  std::vector<std::byte>& right = state.subject.right.at(values_.at(set));
  if (state.output == right) return;
  Check check = state.subject.check(set, state.output);
  if (check.passed) {
    std::swap(state.output, right);
    return;
  }
  state.failure = std::move(check);
  throw std::runtime_error("a timed call: " + state.failure.message);
}

void SpotChecks::run_interrupted(State& state, std::size_t first, int calls) {
  std::vector<char> checked(static_cast<std::size_t>(calls));
  for (int i = 0; i < kCallsOfASample; ++i) checked[random(checked.size())] = 1;
  for (std::size_t i = 0; i < checked.size(); ++i) {
    const std::size_t set = (first + i) % sets_.size();
    if (checked[i] != 0) spoil(state, set);
    state.subject.solve(sets_[set].problem(state.subject.output));
    if (checked[i] == 0) continue;
    device_.synchronize();
    check(state, set);
  }
  // What the check left in the caches makes way for the operands again.
  state.subject.solve(sets_[first % sets_.size()].problem(state.subject.output));
  device_.synchronize();
}

}  // namespace moat
