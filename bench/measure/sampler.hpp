// SPDX-License-Identifier: Apache-2.0
// When to stop taking samples, and why.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "bench/measure/clock.hpp"

namespace moat {

enum class StopReason : std::uint8_t {
  noise_met,     // the relative standard error of the median is under the target
  noise_stable,  // median and spread no longer change, and the target lies beyond the budget
  budget,        // the wall time is spent
  count,         // as many samples as allowed
  interrupted,   // the user asked to stop
  failed,        // the implementation raised an error
};

std::string_view name_of(StopReason reason);

// Fewer samples than this say nothing: neither their noise is believed while they are taken, nor a
// ratio of them when results are compared.
inline constexpr int kFewestSamples = 10;

struct SamplerOptions {
  double target_noise = 0.005;  // relative standard error of the median
  int min_samples = kFewestSamples;
  int max_samples = 2000;
  int least_samples = 0;        // taken whatever the budget
  int stable_samples = 50;      // at least 4; before the noise can be called stable
  double budget_seconds = 2.0;  // wall time from construction
};

// A series of samples. The clock outlives the sampler.
class Sampler {
 public:
  Sampler(const SamplerOptions& options, Clock& clock);

  // Adds a duration in seconds, finite and ≥ 0.
  void add(double seconds);

  // Why the series may end now; empty while another sample is wanted. The answer follows the
  // samples: noise that was met may be exceeded again after more of them.
  std::optional<StopReason> stop() const;

  // Whether the wall time is spent.
  bool overdue() const;

  // In the order they were added.
  const std::vector<double>& samples() const { return samples_; }

 private:
  bool target_out_of_reach() const;
  bool settled() const;

  SamplerOptions options_;
  Clock& clock_;
  double start_;
  std::vector<double> samples_;
  std::vector<double> ascending_;
  double noise_ = 0;  // relative standard error of the median
  int held_ = 0;      // samples since it was last over the target
};

}  // namespace moat
