// SPDX-License-Identifier: Apache-2.0
// Times implementations of one problem against each other on one device.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "backends/device.hpp"
#include "bench/measure/clock.hpp"
#include "bench/measure/sampler.hpp"
#include "bench/measure/scheduling.hpp"
#include "bench/measure/statistics.hpp"

namespace moat {

// One way to solve a problem. `run` enqueues one call on the device's queue (on a CPU it may
// compute at once); it throws on failure.
struct Implementation {
  std::string name;
  std::function<void(const Problem&)> run;
};

// Is told of each sample of a series before and after it, outside of what is timed.
class CallObserver {
 public:
  virtual ~CallObserver() = default;
  // The sample's calls solve problems `first`, `first` + 1, … of the implementation, modulo their
  // number. An exception, here or after it, ends the implementation.
  virtual void before(std::size_t implementation, std::size_t first, int calls) = 0;
  virtual void after(std::size_t implementation) = 0;
};

struct MeasureOptions {
  SamplerOptions sampler;            // per implementation; budget_seconds includes the warm-up
  double warmup_seconds = 0.1;       // per implementation, at least one call
  double min_sample_seconds = 1e-3;  // shorter calls are timed in batches
  int max_batch = 10000;
  bool hot = false;  // only the first rotation set
  // Samples at a clock under this fraction of the highest that an implementation's had are
  // discarded; 0: none are.
  double throttle_fraction = 0.75;
  // Tells which samples to set aside: those whose threads waited for a processor for more than
  // kDisturbedShare of the sample. Of a GPU the time until the last call is enqueued counts,
  // because its queue runs dry then; who waits for its events later disturbs nothing. Null: none
  // are.
  Scheduling* scheduling = nullptr;
  const std::atomic<bool>* stop = nullptr;  // checked between samples
  CallObserver* observer = nullptr;
  // For builds that are sampled in turns: asked before each round whether to take it, and told
  // whether this build wants it, and how many calls a sample of each implementation has, which may
  // be raised. While it waits for the answer another build may run. Rounds are then whole,
  // whatever the budget, so that those of both builds can be paired.
  std::function<bool(bool wanted, std::vector<int>& calls)> next_round;
};

// What suits the device: on a CPU a call of 100 µs is a sample by itself and clocks are not judged
// (its maximum holds for one core); a GPU needs 0.4 s to raise its clocks.
MeasureOptions default_options(const DeviceInfo& device);

enum class DiscardReason : std::uint8_t {
  throttled,     // taken while the device's clock was low
  disturbed,     // taken while a thread waited for a processor
  invalid_time,  // the device's time is negative, not finite, 0 for long work, or longer than the
                 // host's time around it
};

std::string_view name_of(DiscardReason reason);

struct Discarded {
  double seconds = 0;  // per call, as the device told; may be negative or NaN if invalid
  DiscardReason reason = DiscardReason::invalid_time;
  double waited_seconds = 0;  // of all threads during the whole sample
};

struct Measurement {
  std::string name;
  std::vector<double> samples;  // seconds per call, in the order taken
  // Of builds that are sampled in turns, unless none was discarded: the round of each sample.
  std::vector<int> rounds;
  Summary summary;  // of samples; zeros if there are none
  int batch = 1;    // calls per sample
  StopReason stop_reason = StopReason::failed;
  std::vector<Discarded> discarded;
  bool throttled = false;  // samples under that fraction of the device's maximum were kept
  int set_aside = 0;       // samples that were disturbed
  // Fewer than min_samples others are left. Of builds that are sampled in turns the disturbed ones
  // are among the samples then: what disturbed a round disturbed both builds alike.
  bool disturbed = false;
  std::optional<int> min_clock_mhz;
  std::optional<int> max_clock_mhz;
  std::string error;  // empty unless stop_reason is failed
};

struct GroupResult {
  std::vector<Measurement> measurements;  // one per implementation, in their order
  int rotation_sets = 1;                  // sets that the calls went round
  bool hot = false;
  bool interrupted = false;
  double wall_seconds = 0;
};

// Samples the implementations round by round, forwards and backwards in turn (ABBA), until every
// one may stop. problems[i] are the rotation sets of implementation i: the same problem at other
// addresses, at least one. Each call of the group takes the next set, so that sets which share
// inputs between implementations are cold for all of them. An exception ends its implementation
// with stop_reason failed and leaves the others running. Throws std::invalid_argument if `problems`
// has another size than `implementations` or lacks a set.
GroupResult measure(Device& device, const std::vector<Implementation>& implementations,
                    const std::vector<std::vector<Problem>>& problems,
                    const MeasureOptions& options, Clock& clock);

// How many sets of operands to go round so that every call finds its own out of the cache: what
// calls touch of them is together at least twice the last-level cache, as far as memory_limit, for
// what they hold, and a limit of 1024 sets allow, and there is at least one. `cold` says whether
// that was reached; where it cannot be, nothing is gained from sets beyond twice the cache in what
// they hold.
struct Rotation {
  int sets = 1;
  bool cold = false;
};
Rotation rotation_sets(std::size_t touched_per_set, std::size_t held_per_set,
                       std::size_t cache_bytes, std::size_t memory_limit);

}  // namespace moat
