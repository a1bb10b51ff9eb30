// SPDX-License-Identifier: Apache-2.0
#include "bench/measure/sampler.hpp"

#include <algorithm>
#include <cmath>
#include <span>

#include "bench/measure/statistics.hpp"

namespace moat {
namespace {

// A tight run of samples is often chance: the noise must stay under its target this long.
constexpr int kHold = 5;

// The halves of a stationary series differ in their medians by 2 standard errors of the whole
// median (one standard deviation); 4 of them leave one such series in 20 for drifting. Their
// quartile ranges, of 25 samples or more, are rarely a factor of 2 apart.
constexpr double kShift = 4;
constexpr double kSpread = 2;

}  // namespace

std::string_view name_of(StopReason reason) {
  switch (reason) {
    case StopReason::noise_met:
      return "noise_met";
    case StopReason::noise_stable:
      return "noise_stable";
    case StopReason::budget:
      return "budget";
    case StopReason::count:
      return "count";
    case StopReason::interrupted:
      return "interrupted";
    case StopReason::failed:
      break;
  }
  return "failed";
}

Sampler::Sampler(const SamplerOptions& options, Clock& clock)
    : options_(options), clock_(clock), start_(clock.now()) {}

void Sampler::add(double seconds) {
  samples_.push_back(seconds);
  ascending_.insert(std::ranges::upper_bound(ascending_, seconds), seconds);
  noise_ = summarize_ascending(ascending_).relative_error;
  held_ = noise_ <= options_.target_noise ? held_ + 1 : 0;
}

std::optional<StopReason> Sampler::stop() const {
  const auto count = static_cast<int>(samples_.size());
  // Too few to tell the noise: it was the count.
  if (count >= options_.max_samples && count < kFewestSamples) return StopReason::count;
  if (count < std::min(options_.least_samples, options_.max_samples)) return std::nullopt;
  if (count >= options_.min_samples && held_ >= std::min(kHold, count) && held_ > 0) {
    return StopReason::noise_met;
  }
  if (count >= options_.max_samples) return StopReason::count;
  if (overdue()) return StopReason::budget;
  if (count >= options_.stable_samples && target_out_of_reach() && settled()) {
    return StopReason::noise_stable;
  }
  return std::nullopt;
}

bool Sampler::overdue() const { return clock_.now() - start_ >= options_.budget_seconds; }

bool Sampler::target_out_of_reach() const {
  const auto count = static_cast<double>(samples_.size());
  const double ratio = noise_ / options_.target_noise;
  const double needed = count * ratio * ratio;  // the noise falls as 1/√n
  const double seconds_per_sample = (clock_.now() - start_) / count;
  return needed > options_.max_samples || needed * seconds_per_sample > options_.budget_seconds;
}

bool Sampler::settled() const {
  const std::span<const double> all(samples_);
  const Summary first = summarize(all.first(all.size() / 2));
  const Summary second = summarize(all.subspan(all.size() / 2));
  const double shift = std::abs(second.median - first.median);
  const double error = noise_ * quantile(ascending_, 0.5);
  const double spread = first.upper_quartile - first.lower_quartile;
  const double later_spread = second.upper_quartile - second.lower_quartile;
  return shift <= kShift * error && later_spread <= kSpread * spread &&
         spread <= kSpread * later_spread;
}

}  // namespace moat
