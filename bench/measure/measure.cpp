// SPDX-License-Identifier: Apache-2.0
#include "bench/measure/measure.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <exception>
#include <ranges>
#include <stdexcept>
#include <utility>

namespace moat {
namespace {

// What a device's time may exceed the host's by: the two clocks' rates and the events' resolution.
constexpr double kRateTolerance = 1.01;
constexpr double kResolution = 1e-5;
// A device that tells 0 for work that took the host this long did not time it.
constexpr double kLongWork = 1e-4;

struct BatchTime {
  double seconds = 0;  // by the device, for the whole batch
  double wall = 0;
  double waited = 0;  // by threads for a processor
  std::optional<int> clock_mhz;

  bool disturbed() const { return waited > kDisturbedShare * seconds; }

  // 0 is what a clock tells of work that is too short for it: more calls are wanted.
  bool plausible() const {
    return std::isfinite(seconds) && seconds >= 0 &&
           seconds <= wall * kRateTolerance + kResolution && !(seconds == 0 && wall > kLongWork);
  }
  bool valid() const { return plausible() && seconds > 0; }
};

// An implementation while it is measured.
class Member {
 public:
  Member(Device& device, std::size_t index, const Implementation& implementation,
         const std::vector<Problem>& problems, const MeasureOptions& options,
         const SamplerOptions& sampler, Clock& clock, std::size_t& calls)
      : device_(device),
        index_(index),
        implementation_(implementation),
        problems_(problems),
        options_(options),
        clock_(clock),
        calls_(calls),
        sampler_(sampler, clock) {
    result_.name = implementation.name;
  }

  bool failed() const { return !result_.error.empty(); }
  bool sampled() const { return attempts_ > 0; }
  bool wants_more() const { return !failed() && !(sampled() && reason()); }
  // Whether it may go on beyond the budget.
  bool lacks_samples() const {
    return static_cast<int>(sampler_.samples().size()) < options_.sampler.least_samples &&
           !reason();
  }

  // Runs until the clocks are up and the batch is long enough to be timed.
  void warm_up(double seconds) {
    guarded([&] {
      const double start = clock_.now();
      bool long_enough = false;
      for (int i = 0; i < options_.sampler.max_samples; ++i) {
        const double elapsed = clock_.now() - start;
        const bool spent = elapsed >= options_.sampler.budget_seconds / 2;
        if (i > 0 && (stop_requested() || spent || (long_enough && elapsed >= seconds))) return;
        const BatchTime time = run_batch();
        if (!time.plausible()) continue;
        // It took at least this long by itself, however its threads' waits overlapped.
        const double own = time.disturbed() ? time.seconds - time.waited : time.seconds;
        long_enough = own >= options_.min_sample_seconds || result_.batch >= options_.max_batch;
        if (!long_enough && !time.disturbed()) grow_batch(time.seconds);
      }
    });
  }

  int batch() const { return result_.batch; }
  // Before the first sample: those of a series have the same number of calls.
  void set_batch(int calls) {
    if (!sampled()) result_.batch = std::max(calls, result_.batch);
  }

  // After another build ran: its threads and cache lines make way for ours.
  void resume() {
    if (!failed()) guarded([&] { run_batch(); });
  }

  void sample(int round) {
    guarded([&] {
      ++attempts_;
      if (options_.observer) options_.observer->before(index_, calls_, result_.batch);
      const BatchTime time = run_batch();
      if (options_.observer) options_.observer->after(index_);
      const double seconds = time.seconds / result_.batch;
      if (!time.valid()) {
        result_.discarded.push_back({seconds, DiscardReason::invalid_time});
        return;
      }
      if (time.disturbed()) {
        ++result_.set_aside;
        taken_.push_back({.seconds = seconds, .waited = time.waited, .round = round});
        return;
      }
      if (time.clock_mhz) {
        const int mhz = *time.clock_mhz;
        result_.min_clock_mhz = std::min(result_.min_clock_mhz.value_or(mhz), mhz);
        result_.max_clock_mhz = std::max(result_.max_clock_mhz.value_or(mhz), mhz);
      }
      const Taken taken{.seconds = seconds, .clock_mhz = time.clock_mhz, .round = round};
      taken_.push_back(taken);
      if (!slow(taken)) sampler_.add(seconds);
    });
  }

  Measurement finish() {
    const auto fast =
        std::ranges::count_if(taken_, [&](const Taken& t) { return t.waited == 0 && !slow(t); });
    const bool keep_all = fast < min_samples();
    const auto calm = std::ranges::count(taken_, 0.0, &Taken::waited);
    result_.disturbed = result_.set_aside > 0 && calm < (stop_requested() ? 1 : min_samples());
    const bool keep_disturbed = result_.disturbed && options_.next_round;
    for (const Taken& t : taken_) {
      if (t.waited > 0 && !keep_disturbed) {
        result_.discarded.push_back({t.seconds, DiscardReason::disturbed, t.waited});
      } else if (slow(t) && !keep_all) {
        result_.discarded.push_back({t.seconds, DiscardReason::throttled});
      } else {
        result_.throttled |= slow(t) || below_full(t);
        result_.samples.push_back(t.seconds);
        result_.rounds.push_back(t.round);
      }
    }
    if (!options_.next_round || result_.discarded.empty()) result_.rounds.clear();
    if (!result_.samples.empty()) result_.summary = summarize(result_.samples);
    if (!failed()) {
      result_.stop_reason = reason().value_or(StopReason::interrupted);
      if (result_.samples.empty() && sampled() && !result_.disturbed) {
        result_.error = fmt::format("none of {} samples has a valid time; the last was {} s a call",
                                    attempts_, result_.discarded.back().seconds);
      }
    }
    if (failed()) result_.stop_reason = StopReason::failed;
    return std::move(result_);
  }

  bool stop_requested() const {
    return options_.stop != nullptr && options_.stop->load(std::memory_order_relaxed);
  }

 private:
  template <class F>
  void guarded(F&& f) {
    try {
      f();
    } catch (const std::exception& e) {
      result_.error = *e.what() ? e.what() : "unknown error";
      drain();
    }
  }

  // Work of a failed implementation must not be timed as part of the next one.
  void drain() noexcept {
    try {
      device_.synchronize();
    } catch (const std::exception& e) {
      result_.error += fmt::format("; then, waiting for the device: {}", e.what());
    }
  }

  BatchTime run_batch() {
    BatchTime time;
    const double before = clock_.now();
    const Wait wait(options_.scheduling);
    device_.start_timer();
    for (int i = 0; i < result_.batch; ++i) {
      implementation_.run(problems_[options_.hot ? 0 : calls_ % problems_.size()]);
      ++calls_;
    }
    device_.stop_timer();
    time.waited = wait.seconds();
    // Asked while the batch runs: an idle device lowers its clock.
    time.clock_mhz = device_.clock_mhz();
    time.seconds = device_.elapsed();
    time.wall = clock_.now() - before;
    return time;
  }

  void grow_batch(double seconds) {
    const double wanted =
        seconds > 0 ? 1.1 * result_.batch * options_.min_sample_seconds / seconds : INFINITY;
    const double limit = std::min(result_.batch * 10.0, static_cast<double>(options_.max_batch));
    const double least = result_.batch + 1.0;
    result_.batch = static_cast<int>(std::min(std::max(std::ceil(wanted), least), limit));
  }

  std::optional<StopReason> reason() const {
    if (const auto stop = sampler_.stop()) return stop;
    // Discarded samples count, so that a device without valid times ends too. Those that were
    // disturbed are taken again, as long as the budget lasts.
    if (attempts_ - result_.set_aside >= options_.sampler.max_samples) return StopReason::count;
    // A machine that is busy for good does not keep the run waiting for ever.
    constexpr int kMostAttempts = 4;
    if (sampler_.overdue() && attempts_ >= kMostAttempts * options_.sampler.least_samples) {
      return StopReason::budget;
    }
    return std::nullopt;
  }

  int min_samples() const { return options_.sampler.min_samples; }

  struct Taken {
    double seconds = 0;
    double waited = 0;  // above 0 only if the sample was disturbed
    std::optional<int> clock_mhz = {};
    int round = 0;
  };

  // The device's clock was low beside the highest that this implementation's samples had so far: a
  // power limit keeps some of them far below the device's maximum for good, and leaving out those
  // that it takes a little lower would favour the others.
  bool slow(const Taken& t) const {
    return t.clock_mhz && *t.clock_mhz < options_.throttle_fraction * *result_.max_clock_mhz;
  }
  bool below_full(const Taken& t) const {
    const std::optional<int> full = device_.info().max_clock_mhz;
    return t.clock_mhz && full && *t.clock_mhz < options_.throttle_fraction * *full;
  }

  Device& device_;
  std::size_t index_;
  const Implementation& implementation_;
  const std::vector<Problem>& problems_;
  const MeasureOptions& options_;
  Clock& clock_;
  std::size_t& calls_;  // of the whole group: implementations share their inputs' cache lines
  Sampler sampler_;
  Measurement result_;
  std::vector<Taken> taken_;
  int attempts_ = 0;
};

void check(const std::vector<Implementation>& implementations,
           const std::vector<std::vector<Problem>>& problems) {
  if (problems.size() != implementations.size()) {
    throw std::invalid_argument(fmt::format("measure: {} implementations, but problems for {}",
                                            implementations.size(), problems.size()));
  }
  for (std::size_t i = 0; i < problems.size(); ++i) {
    if (problems[i].empty()) {
      throw std::invalid_argument(
          fmt::format("measure: no problem for implementation {}", implementations[i].name));
    }
  }
}

}  // namespace

MeasureOptions default_options(const DeviceInfo& device) {
  MeasureOptions options;
  if (device.host) {
    options.warmup_seconds = 0.1;
    options.min_sample_seconds = 1e-4;
    options.throttle_fraction = 0;
  } else {
    options.warmup_seconds = 0.4;
    options.min_sample_seconds = 1e-3;
  }
  return options;
}

std::string_view name_of(DiscardReason reason) {
  switch (reason) {
    case DiscardReason::throttled:
      return "throttled";
    case DiscardReason::disturbed:
      return "disturbed";
    case DiscardReason::invalid_time:
      break;
  }
  return "invalid_time";
}

GroupResult measure(Device& device, const std::vector<Implementation>& implementations,
                    const std::vector<std::vector<Problem>>& problems,
                    const MeasureOptions& options, Clock& clock) {
  check(implementations, problems);
  GroupResult result;
  result.hot = options.hot;
  const double start = clock.now();

  // The members share one wall budget, whichever of them uses it.
  SamplerOptions sampler = options.sampler;
  sampler.budget_seconds *= static_cast<double>(implementations.size());
  const double deadline = start + sampler.budget_seconds;
  std::size_t calls = 0;
  std::vector<Member> members;
  members.reserve(implementations.size());
  for (std::size_t i = 0; i < implementations.size(); ++i) {
    members.emplace_back(device, i, implementations[i], problems[i], options, sampler, clock,
                         calls);
    const auto sets = static_cast<int>(problems[i].size());
    result.rotation_sets = options.hot ? 1 : std::max(result.rotation_sets, sets);
  }

  const auto stop_requested = [&] {
    result.interrupted = options.stop != nullptr && options.stop->load(std::memory_order_relaxed);
    return result.interrupted;
  };
  for (Member& member : members) {
    if (!stop_requested()) {
      member.warm_up(std::min(options.warmup_seconds, options.sampler.budget_seconds / 2));
    }
  }

  int round = 0;
  // One more sample of a member, unless the budget is spent; every member gets one at least.
  const auto visit = [&](Member& member) {
    if (member.failed() || stop_requested()) return;
    const bool spent = clock.now() >= deadline && !member.lacks_samples();
    if (!options.next_round && member.sampled() && spent) return;
    member.sample(round);
  };
  const auto next_round = [&] {
    if (stop_requested()) return false;
    const bool wanted = std::ranges::any_of(members, &Member::wants_more);
    if (!options.next_round) return wanted;
    std::vector<int> batches;
    for (const Member& member : members) batches.push_back(member.batch());
    const bool take = options.next_round(wanted, batches);
    for (std::size_t i = 0; i < members.size(); ++i) members[i].set_batch(batches[i]);
    return take;
  };
  for (bool forwards = true; next_round(); forwards = !forwards) {
    if (options.next_round) (forwards ? members.front() : members.back()).resume();
    if (forwards) {
      std::ranges::for_each(members, visit);
    } else {
      std::ranges::for_each(members | std::views::reverse, visit);
    }
    ++round;
  }

  for (Member& member : members) result.measurements.push_back(member.finish());
  result.wall_seconds = clock.now() - start;
  return result;
}

Rotation rotation_sets(std::size_t touched_per_set, std::size_t held_per_set,
                       std::size_t cache_bytes, std::size_t memory_limit) {
  constexpr std::size_t kMostSets = 1024;
  const auto twice_the_cache = [&](std::size_t bytes) {
    return std::max<std::size_t>(ceil_div(2 * cache_bytes, std::max<std::size_t>(bytes, 1)), 1);
  };
  const std::size_t wanted = twice_the_cache(touched_per_set);
  const std::size_t fitting =
      std::clamp<std::size_t>(memory_limit / std::max<std::size_t>(held_per_set, 1), 1, kMostSets);
  const bool cold = wanted <= fitting;
  const std::size_t sets = cold ? wanted : std::min(twice_the_cache(held_per_set), fitting);
  return {.sets = static_cast<int>(sets), .cold = cold};
}

}  // namespace moat
