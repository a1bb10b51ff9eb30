// SPDX-License-Identifier: Apache-2.0
// Our kernel, its baselines and yardsticks on one problem: verified, timed together, verified
// again.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "backends/device.hpp"
#include "bench/baselines/baselines.hpp"
#include "bench/measure/measure.hpp"
#include "bench/record/record.hpp"

namespace moat {

// One that is to solve the problem, or a yardstick beside it. `prepare` sets up for its shape and
// returns what solves it once per call; it throws if it cannot.
struct Contender {
  std::string name;
  std::function<std::function<void(const Problem&)>()> prepare;
  // One that solves nothing is verified by what it must leave in the output; it outlives the group.
  const Yardstick* yardstick = nullptr;
  // Of code that nobody here answers for: more is asked of it (untrusted.hpp). Called if it changed
  // inputs that the others have, too, while all were timed: what they gave says nothing then.
  std::function<void()> spoiled = nullptr;

  bool untrusted() const { return spoiled != nullptr; }
};

class Turns;

struct GroupOptions {
  MeasureOptions measure;
  Turns* turns = nullptr;  // with whom the rounds are shared
  std::uint64_t seed = 1;
  std::size_t memory_limit = 0;  // bytes for all sets of operands
};

// What became of one contender.
struct ContenderResult {
  Status status = Status::error;
  std::string message;                      // why it is not ok
  std::optional<CheckRecord> check;         // the worse of the checks before and after the timing
  std::optional<double> quantisation_loss;  // of codes, from the first check
  std::optional<Measurement> measurement;   // only if status is ok or disturbed
};

struct GroupOutcome {
  std::vector<ContenderResult> results;  // one per contender
  int rotation_sets = 0;
  bool cold = false;         // every call found its operands out of the cache
  bool interrupted = false;  // a contender that was not ready then has no measurement
};

// Bytes that the originals and results of a group take on the host, at most: beside the operands on
// a device, or in the same memory.
double host_bytes(const Problem& problem, std::size_t contenders);

// Runs one repetition. A contender is timed only if its result on fresh random inputs, in an
// output that was poisoned before, is right; it is ok only if the outputs of the timed calls are
// right too. Whatever fails ends that contender alone; DeviceError of the operands' memory or of
// the device ends all.
GroupOutcome run_group(Device& device, const Problem& problem,
                       const std::vector<Contender>& contenders, const GroupOptions& options,
                       Clock& clock);

// A problem of several that are solved in the same rounds.
struct GroupPart {
  Problem problem;
  std::vector<Contender> contenders;
  // It stands beside the others: of the memory it has what they leave, and what keeps it from
  // running is an error of its own.
  bool beside = false;
};

// Bytes that all sets of operands of a group take.
std::size_t bytes_of_sets(const Device& device, const Problem& problem, std::size_t contenders,
                          const GroupOptions& options);

// The same of several problems, each with operands of its own: their contenders take turns in one
// series of rounds. Those that stand beside no other share the memory alike. One outcome per part.
std::vector<GroupOutcome> run_groups(Device& device, const std::vector<GroupPart>& parts,
                                     const GroupOptions& options, Clock& clock);

}  // namespace moat
