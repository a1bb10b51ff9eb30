// SPDX-License-Identifier: Apache-2.0
#include "bench/measure/measure.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <limits>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/fake_device.hpp"
#include "tests/support/scripted_scheduling.hpp"

namespace moat {
namespace {

// Rotation sets of one problem; n tells the set apart.
std::vector<Problem> sets(int count) {
  std::vector<Problem> problems;
  for (int i = 0; i < count; ++i) problems.emplace_back(ReductionProblem{.n = i + 1});
  return problems;
}

std::int64_t set_of(const Problem& p) { return std::get<ReductionProblem>(p).n - 1; }

class Measure : public testing::Test {
 protected:
  // An implementation whose calls are logged and take `seconds`.
  Implementation timed(const std::string& name, double seconds) {
    return {name, [this, name, seconds](const Problem& p) {
              log_.push_back(name);
              sets_.push_back(set_of(p));
              device_.duration = [seconds](const Problem&) { return seconds; };
              device_.run(p);
            }};
  }

  GroupResult run(const std::vector<Implementation>& implementations, int rotation = 1) {
    const std::vector<std::vector<Problem>> problems(implementations.size(), sets(rotation));
    return measure(device_, implementations, problems, options_, clock_);
  }

  // One of 1 ms, whose threads wait for what `wait` tells during each call.
  Implementation waiting(const std::string& name, std::function<double()> wait) {
    Implementation i = timed(name, 1e-3);
    i.run = [this, inner = i.run, wait = std::move(wait)](const Problem& p) {
      inner(p);
      scheduling_.now.waited_seconds += wait();
    };
    return i;
  }

  // Options under which every call is one sample after a single warm-up call.
  static MeasureOptions plain() {
    MeasureOptions o;
    o.warmup_seconds = 0;
    o.min_sample_seconds = 1e-3;
    return o;
  }

  FakeClock clock_;
  FakeDevice device_{clock_};
  MeasureOptions options_ = plain();
  ScriptedScheduling scheduling_;
  int calls_ = 0;
  std::vector<std::string> log_;
  std::vector<std::int64_t> sets_;
};

TEST_F(Measure, RoundsRunForwardsThenBackwards) {
  options_.sampler.min_samples = 4;
  run({timed("a", 1e-3), timed("b", 2e-3), timed("c", 3e-3)});
  const std::vector<std::string> expected{"a", "b", "c",  // warm-up
                                          "a", "b", "c", "c", "b", "a",
                                          "a", "b", "c", "c", "b", "a"};
  EXPECT_EQ(log_, expected);
}

TEST_F(Measure, TellsSecondsPerCall) {
  const auto result = run({timed("a", 1e-3), timed("b", 4e-3)});
  ASSERT_EQ(result.measurements.size(), 2U);
  EXPECT_EQ(result.measurements[0].name, "a");
  EXPECT_NEAR(result.measurements[0].summary.median, 1e-3, 1e-12);
  EXPECT_NEAR(result.measurements[1].summary.median, 4e-3, 1e-12);
  EXPECT_EQ(result.measurements[1].samples.size(), 10U);
  EXPECT_EQ(result.measurements[0].stop_reason, StopReason::noise_met);
  EXPECT_FALSE(result.hot);
  EXPECT_FALSE(result.interrupted);
}

TEST_F(Measure, ShortCallsAreBatched) {
  const auto result = run({timed("short", 1e-5), timed("long", 5e-3)});
  const Measurement& brief = result.measurements[0];
  EXPECT_GE(brief.batch, 100);
  EXPECT_LE(brief.batch, 120);
  EXPECT_NEAR(brief.summary.median, 1e-5, 1e-12);
  EXPECT_EQ(result.measurements[1].batch, 1);
}

TEST_F(Measure, BatchesAreLimited) {
  options_.max_batch = 50;
  EXPECT_EQ(run({timed("short", 1e-7)}).measurements[0].batch, 50);
}

TEST_F(Measure, CallsThatTakeNoTimeEnd) {
  options_.max_batch = 100;
  const auto result = run({timed("nothing", 0)});
  EXPECT_EQ(result.measurements[0].batch, 100);
  EXPECT_EQ(result.measurements[0].stop_reason, StopReason::failed);
  EXPECT_NE(result.measurements[0].error.find("has a valid time"), std::string::npos);
}

TEST_F(Measure, WarmsUpByTime) {
  options_.warmup_seconds = 0.4;
  options_.sampler.min_samples = 1;
  run({timed("a", 0.0625)});
  EXPECT_EQ(log_.size(), 7U + 1U);
}

TEST_F(Measure, EveryCallOfTheGroupTakesTheNextSet) {
  options_.sampler.min_samples = 4;
  const auto result = run({timed("a", 1e-3), timed("b", 1e-3)}, 3);
  EXPECT_EQ(result.rotation_sets, 3);
  for (std::size_t i = 0; i < sets_.size(); ++i) EXPECT_EQ(sets_[i], std::int64_t(i % 3)) << i;
}

TEST_F(Measure, BatchesRotateToo) {
  options_.sampler.min_samples = 2;
  run({timed("a", 2e-4)}, 4);
  for (std::size_t i = 0; i < sets_.size(); ++i) EXPECT_EQ(sets_[i], std::int64_t(i % 4)) << i;
}

TEST_F(Measure, HotStaysOnOneSet) {
  options_.hot = true;
  const auto result = run({timed("a", 1e-3)}, 3);
  EXPECT_TRUE(result.hot);
  EXPECT_EQ(result.rotation_sets, 1);
  for (const auto set : sets_) EXPECT_EQ(set, 0);
}

TEST_F(Measure, ThrottledSamplesAreDiscarded) {
  device_.info_.max_clock_mhz = 1000;
  int batch = 0;
  device_.current_mhz = [&] { return ++batch % 4 == 0 ? 600 : 900; };
  const auto result = run({timed("a", 1e-3)});
  const Measurement& m = result.measurements[0];
  EXPECT_EQ(m.samples.size(), 10U);
  EXPECT_EQ(m.discarded.size(), 3U);
  for (const Discarded& d : m.discarded) EXPECT_EQ(d.reason, DiscardReason::throttled);
  EXPECT_FALSE(m.throttled);
  EXPECT_EQ(m.min_clock_mhz, 600);
  EXPECT_EQ(m.max_clock_mhz, 900);
}

// On both sides of three quarters of the maximum: the slower ones are kept, and the record tells.
TEST_F(Measure, SamplesUnderALimitOfPowerAreAllKept) {
  device_.info_.max_clock_mhz = 1000;
  int batch = 0;
  device_.current_mhz = [&] { return ++batch % 2 == 0 ? 700 : 800; };
  const auto result = run({timed("a", 1e-3)});
  const Measurement& m = result.measurements[0];
  EXPECT_EQ(m.samples.size(), 10U);
  EXPECT_TRUE(m.discarded.empty());
  EXPECT_TRUE(m.throttled);
}

// Only the first sample has a high clock.
TEST_F(Measure, NeverDiscardsAllSamples) {
  struct Count : CallObserver {
    void before(std::size_t, std::size_t, int) override { ++samples; }
    void after(std::size_t) override {}
    int samples = 0;
  } count;
  options_.observer = &count;
  device_.info_.max_clock_mhz = 1000;
  device_.current_mhz = [&] { return count.samples < 2 ? 1000 : 500; };
  options_.sampler.budget_seconds = 0.1;
  const auto result = run({timed("a", 1e-3)});
  const Measurement& m = result.measurements[0];
  EXPECT_GE(m.samples.size(), 90U);
  EXPECT_TRUE(m.discarded.empty());
  EXPECT_TRUE(m.throttled);
  EXPECT_EQ(m.stop_reason, StopReason::budget);
}

TEST_F(Measure, ClocksAreNotJudgedWhereTheFractionIsZero) {
  device_.info_.max_clock_mhz = 1000;
  device_.current_mhz = [] { return 10; };
  options_.throttle_fraction = 0;
  const auto result = run({timed("a", 1e-3)});
  EXPECT_EQ(result.measurements[0].samples.size(), 10U);
  EXPECT_FALSE(result.measurements[0].throttled);
}

TEST_F(Measure, AbsurdTimesAreRejected) {
  for (const double absurd : {-1e-3, 0.0, 2e-3, std::numeric_limits<double>::quiet_NaN(),
                              std::numeric_limits<double>::infinity()}) {
    int batch = 0;
    device_.event_time = [&](double seconds) { return ++batch % 2 == 0 ? absurd : seconds; };
    const auto result = run({timed("a", 1e-3)});
    const Measurement& m = result.measurements[0];
    EXPECT_NEAR(m.summary.maximum, 1e-3, 1e-12) << absurd;
    EXPECT_EQ(m.samples.size(), 10U) << absurd;
    ASSERT_GE(m.discarded.size(), 9U) << absurd;
    EXPECT_EQ(m.discarded[0].reason, DiscardReason::invalid_time);
  }
}

TEST_F(Measure, NoValidTimeIsAFailure) {
  device_.event_time = [](double) { return -1.0; };
  options_.sampler.max_samples = 30;
  const auto result = run({timed("a", 1e-3), timed("b", 1e-3)});
  EXPECT_EQ(result.measurements[0].stop_reason, StopReason::failed);
  EXPECT_NE(result.measurements[0].error.find("valid time"), std::string::npos);
  EXPECT_TRUE(result.measurements[0].samples.empty());
  EXPECT_EQ(result.measurements[0].discarded.size(), 30U);
}

TEST_F(Measure, TheGroupSharesItsBudget) {
  options_.sampler.budget_seconds = 1;
  options_.sampler.target_noise = -1;
  options_.sampler.max_samples = 1000000;
  const auto result = run({timed("a", 0.01), timed("b", 0.05)});
  EXPECT_GE(result.wall_seconds, 2);
  EXPECT_LE(result.wall_seconds, 2.06);
  EXPECT_EQ(result.measurements[0].stop_reason, StopReason::budget);
  const auto a = static_cast<int>(result.measurements[0].samples.size());
  const auto b = static_cast<int>(result.measurements[1].samples.size());
  EXPECT_LE(std::abs(a - b), 1);
}

TEST_F(Measure, ACallBeyondTheBudgetIsSampledOnce) {
  const auto result = run({timed("a", 10), timed("b", 1)});
  EXPECT_EQ(result.measurements[0].samples.size(), 1U);
  EXPECT_EQ(result.measurements[0].stop_reason, StopReason::budget);
  EXPECT_EQ(result.measurements[1].samples.size(), 1U);
}

TEST_F(Measure, TheLeastSamplesAreTakenBeyondTheBudget) {
  options_.sampler.least_samples = 12;
  const auto result = run({timed("a", 10), timed("b", 1)});
  for (const Measurement& m : result.measurements) {
    EXPECT_EQ(m.samples.size(), 12U) << m.name;
  }
}

// Whatever is asked for, a machine that is busy for good ends the series.
TEST_F(Measure, TheLeastSamplesAreGivenUpOnABusyMachine) {
  options_.scheduling = &scheduling_;
  options_.sampler.least_samples = 10;
  options_.sampler.budget_seconds = 1e-3;
  const Measurement none = run({waiting("a", [] { return 4e-3; })}).measurements[0];
  EXPECT_TRUE(none.disturbed);
  EXPECT_EQ(none.set_aside, 40);
  const Measurement some =
      run({waiting("a", [this] { return ++calls_ % 3 == 0 ? 0 : 4e-3; })}).measurements[0];
  EXPECT_EQ(some.samples.size(), 10U);
  EXPECT_FALSE(some.disturbed);
}

TEST_F(Measure, StopFlagEndsBetweenSamples) {
  std::atomic<bool> stop = false;
  options_.stop = &stop;
  int calls = 0;
  Implementation a = timed("a", 1e-3);
  a.run = [&, inner = a.run](const Problem& p) {
    inner(p);
    if (++calls == 4) stop = true;
  };
  const auto result = run({a, timed("b", 1e-3)});
  EXPECT_TRUE(result.interrupted);
  EXPECT_EQ(result.measurements[0].stop_reason, StopReason::interrupted);
  EXPECT_EQ(result.measurements[0].samples.size(), 3U);
  EXPECT_EQ(log_.back(), "a");
}

TEST_F(Measure, StopFlagBeforeTheStartRunsNothing) {
  const std::atomic<bool> stop = true;
  options_.stop = &stop;
  const auto result = run({timed("a", 1e-3)});
  EXPECT_TRUE(log_.empty());
  EXPECT_TRUE(result.interrupted);
  EXPECT_EQ(result.measurements[0].stop_reason, StopReason::interrupted);
  EXPECT_TRUE(result.measurements[0].error.empty());
}

TEST_F(Measure, AnExceptionEndsItsImplementationAlone) {
  int calls = 0;
  const Implementation bad{"bad", [&](const Problem&) {
                             if (++calls == 3) throw DeviceError("launch: out of registers");
                           }};
  options_.max_batch = 1;
  const auto result = run({timed("good", 1e-3), bad});
  EXPECT_EQ(result.measurements[0].samples.size(), 10U);
  EXPECT_EQ(result.measurements[0].stop_reason, StopReason::noise_met);
  EXPECT_EQ(result.measurements[1].stop_reason, StopReason::failed);
  EXPECT_EQ(result.measurements[1].error, "launch: out of registers");
  EXPECT_EQ(calls, 3);
  EXPECT_EQ(device_.synchronized, 1);
}

// Every third sample's threads waited for 2 % of it, the others for 0.5 %.
TEST_F(Measure, DisturbedSamplesAreSetAsideAndTakenAgain) {
  options_.scheduling = &scheduling_;
  options_.sampler.max_samples = 30;
  options_.sampler.target_noise = -1;
  const auto result = run({waiting("a", [this] { return ++calls_ % 3 == 0 ? 2e-5 : 5e-6; })});
  const Measurement& m = result.measurements[0];
  EXPECT_EQ(m.samples.size(), 30U);
  EXPECT_EQ(m.stop_reason, StopReason::count);
  EXPECT_FALSE(m.disturbed);
  EXPECT_TRUE(m.rounds.empty());
  EXPECT_NEAR(m.set_aside, 15, 1);
  ASSERT_EQ(m.discarded.size(), static_cast<std::size_t>(m.set_aside));
  for (const Discarded& d : m.discarded) {
    EXPECT_EQ(d.reason, DiscardReason::disturbed);
    EXPECT_NEAR(d.waited_seconds, 2e-5, 1e-12);
    EXPECT_NEAR(d.seconds, 1e-3, 1e-12);
  }
}

TEST_F(Measure, TooFewOthersAreNoResultAndEndWithTheBudget) {
  options_.scheduling = &scheduling_;
  options_.sampler.budget_seconds = 0.2;
  const auto result =
      run({waiting("a", [this] { return ++calls_ % 50 == 0 ? 0 : 4e-3; }), timed("b", 1e-3)});
  const Measurement& m = result.measurements[0];
  EXPECT_TRUE(m.disturbed);
  EXPECT_TRUE(m.error.empty());
  EXPECT_EQ(m.stop_reason, StopReason::budget);
  EXPECT_GT(m.set_aside, 100);
  EXPECT_LT(m.samples.size(), 10U);
  EXPECT_LE(result.wall_seconds, 0.41);
  EXPECT_FALSE(result.measurements[1].disturbed);
}

TEST_F(Measure, AllSamplesMayBeDisturbed) {
  options_.scheduling = &scheduling_;
  options_.sampler.budget_seconds = 0.05;
  const Measurement m = run({waiting("a", [] { return 4e-3; })}).measurements[0];
  EXPECT_TRUE(m.disturbed);
  EXPECT_TRUE(m.samples.empty());
  EXPECT_TRUE(m.error.empty());
}

// --samples allows fewer than the sampler believes in: as many are enough.
TEST_F(Measure, AsManyAsAllowedAreEnough) {
  options_.scheduling = &scheduling_;
  options_.sampler.max_samples = options_.sampler.min_samples = 3;
  options_.sampler.target_noise = -1;
  const Measurement m =
      run({waiting("a", [this] { return ++calls_ < 20 ? 4e-3 : 0; })}).measurements[0];
  EXPECT_EQ(m.samples.size(), 3U);
  EXPECT_FALSE(m.disturbed);
  EXPECT_GT(m.set_aside, 10);
}

// A call of 10 µs that once took a tick is still too short to be timed by itself.
TEST_F(Measure, ADisturbedCallDoesNotEndTheWarmUp) {
  options_.scheduling = &scheduling_;
  const Implementation a{"a", [this](const Problem& p) {
                           const bool first = ++calls_ == 1;
                           device_.duration = [=](const Problem&) { return first ? 8e-3 : 1e-5; };
                           device_.run(p);
                           if (first) scheduling_.now.waited_seconds += 8e-3;
                         }};
  EXPECT_GE(run({a}).measurements[0].batch, 100);
}

// On a machine that stays busy the warm-up leaves time for samples: half of the budget at least.
TEST_F(Measure, DisturbedCallsThatAreLongEnoughEndTheWarmUp) {
  options_.scheduling = &scheduling_;
  options_.sampler.budget_seconds = 1;
  const auto disturbed = [this](double seconds, double waited) {
    return Implementation{"a", [this, seconds, waited](const Problem& p) {
                            ++calls_;
                            device_.duration = [=](const Problem&) { return seconds; };
                            device_.run(p);
                            scheduling_.now.waited_seconds += waited;
                          }};
  };
  Measurement m = run({disturbed(0.05, 0.02)}).measurements[0];
  EXPECT_EQ(calls_ - m.set_aside, 1);
  calls_ = 0;
  m = run({disturbed(0.008, 0.00799)}).measurements[0];
  EXPECT_NEAR(calls_ - m.set_aside, 62, 2);
}

// Whoever waits for the events of a GPU does not disturb what it does meanwhile.
TEST_F(Measure, WaitsAfterTheLastCallAreNobodysLoss) {
  options_.scheduling = &scheduling_;
  device_.event_time = [this](double seconds) {
    scheduling_.now.waited_seconds += 1;
    return seconds;
  };
  EXPECT_EQ(run({timed("a", 1e-3)}).measurements[0].set_aside, 0);
}

TEST_F(Measure, NothingIsSetAsideWhereTheSystemDoesNotTell) {
  options_.scheduling = &scheduling_;
  scheduling_.untold = "no such file";
  const Measurement m = run({waiting("a", [] { return 1.0; })}).measurements[0];
  EXPECT_EQ(m.samples.size(), 10U);
  EXPECT_EQ(m.set_aside, 0);
}

// Sample i of two builds that take turns is told by its round.
TEST_F(Measure, TurnsRememberTheRoundsOfWhatIsLeft) {
  options_.scheduling = &scheduling_;
  options_.sampler.target_noise = -1;
  int rounds = 0;
  options_.next_round = [&](bool, std::vector<int>&) { return ++rounds <= 14; };
  // The first call warms up, and each round begins with one that is not timed.
  const auto disturbs_round_3 = [this] { return ++calls_ == 9 ? 4e-3 : 0; };
  Measurement m = run({waiting("a", disturbs_round_3)}).measurements[0];
  EXPECT_FALSE(m.disturbed);
  EXPECT_EQ(m.rounds, (std::vector<int>{0, 1, 2, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13}));
  EXPECT_EQ(m.samples.size(), 13U);

  // With too few others all stay: a round disturbs both builds alike.
  rounds = 0;
  calls_ = 0;
  m = run({waiting("a", [] { return 4e-3; })}).measurements[0];
  EXPECT_TRUE(m.disturbed);
  EXPECT_EQ(m.samples.size(), 14U);
  EXPECT_TRUE(m.rounds.empty());
  EXPECT_TRUE(m.discarded.empty());
}

TEST_F(Measure, RefusesMissingProblems) {
  EXPECT_THROW(measure(device_, {timed("a", 1)}, {}, options_, clock_), std::invalid_argument);
  EXPECT_THROW(measure(device_, {timed("a", 1)}, {{}}, options_, clock_), std::invalid_argument);
}

TEST(RotationSets, CoverTwiceTheCache) {
  const auto enough = rotation_sets(10, 10, 100, 1000);
  EXPECT_EQ(enough.sets, 20);
  EXPECT_TRUE(enough.cold);
  EXPECT_EQ(rotation_sets(30, 30, 100, 1000).sets, 7);
  const auto huge = rotation_sets(1000, 1000, 100, 1000);
  EXPECT_EQ(huge.sets, 1);
  EXPECT_TRUE(huge.cold);
}

TEST(RotationSets, SayWhatDoesNotFit) {
  const auto tight = rotation_sets(10, 10, 100, 55);
  EXPECT_EQ(tight.sets, 5);
  EXPECT_FALSE(tight.cold);
  EXPECT_EQ(rotation_sets(10, 10, 100, 0).sets, 1);
  EXPECT_FALSE(rotation_sets(10, 10, 100, 0).cold);
  const auto tiny = rotation_sets(1, 1, 1 << 28, std::size_t{1} << 40);
  EXPECT_EQ(tiny.sets, 1024);
  EXPECT_FALSE(tiny.cold);
  EXPECT_EQ(rotation_sets(0, 0, 0, 0).sets, 1);
}

// Of a table of 1000 bytes a call reads ten.
TEST(RotationSets, CountWhatCallsTouch) {
  const auto fits = rotation_sets(10, 1000, 100, 20'000);
  EXPECT_EQ(fits.sets, 20);
  EXPECT_TRUE(fits.cold);
  const auto large = rotation_sets(10, 1000, 100, 19'999);
  EXPECT_EQ(large.sets, 1);
  EXPECT_FALSE(large.cold);
}

TEST(DefaultOptions, SuitTheDevice) {
  DeviceInfo cpu;
  cpu.host = true;
  const DeviceInfo gpu;
  EXPECT_EQ(default_options(cpu).throttle_fraction, 0);
  EXPECT_GE(default_options(gpu).warmup_seconds, 0.4);
  EXPECT_LT(default_options(cpu).min_sample_seconds, default_options(gpu).min_sample_seconds);
}

}  // namespace
}  // namespace moat
