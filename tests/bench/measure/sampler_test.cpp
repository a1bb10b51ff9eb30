// SPDX-License-Identifier: Apache-2.0
#include "bench/measure/sampler.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <random>
#include <stdexcept>

#include "tests/support/fake_device.hpp"

namespace moat {
namespace {

struct Outcome {
  StopReason reason;
  int samples;
  double seconds;
};

// Feeds series(0), series(1), … until the sampler stops; every sample takes its own time.
Outcome run(const SamplerOptions& options, const std::function<double(int)>& series) {
  FakeClock clock;
  Sampler sampler(options, clock);
  for (int i = 0; i < 1000000; ++i) {
    if (const auto reason = sampler.stop()) return {*reason, i, clock.now()};
    const double x = series(i);
    sampler.add(x);
    clock.advance(x);
  }
  throw std::runtime_error("the sampler never stops");
}

std::function<double(int)> gaussian(double mean, double sigma, unsigned seed) {
  return [=, random = std::mt19937_64(seed)](int) mutable {
    return std::normal_distribution<double>(mean, sigma)(random);
  };
}

TEST(Sampler, ConstantSeriesStopsAtTheFewestSamples) {
  const auto outcome = run({}, [](int) { return 1e-3; });
  EXPECT_EQ(outcome.reason, StopReason::noise_met);
  EXPECT_EQ(outcome.samples, SamplerOptions{}.min_samples);
}

TEST(Sampler, QuietGaussianMeetsTheNoise) {
  for (unsigned seed = 0; seed < 50; ++seed) {
    const auto outcome = run({}, gaussian(1e-3, 2e-5, seed));
    EXPECT_EQ(outcome.reason, StopReason::noise_met) << seed;
    EXPECT_LT(outcome.samples, 200) << seed;
  }
}

// 1.2533 · σ ÷ √n ≤ 0.5 % needs 63 samples at σ = 3 %; the estimate itself is noisy.
TEST(Sampler, TakesAboutAsManySamplesAsTheNoiseNeeds) {
  double mean = 0;
  for (unsigned seed = 0; seed < 50; ++seed) {
    mean += run({}, gaussian(1e-3, 3e-5, seed)).samples / 50.0;
  }
  EXPECT_GT(mean, 20);
  EXPECT_LT(mean, 130);
}

TEST(Sampler, NoiseThatTheBudgetCannotLowerIsStable) {
  int stable = 0;
  for (unsigned seed = 0; seed < 50; ++seed) {
    const auto outcome = run({.budget_seconds = 60}, gaussian(0.1, 0.02, seed));
    EXPECT_LT(outcome.seconds, 60.2) << seed;
    if (outcome.reason == StopReason::noise_stable) ++stable;
    EXPECT_GE(outcome.samples, 50) << seed;
  }
  EXPECT_GT(stable, 40);
}

TEST(Sampler, HeavyTailDoesNotMoveTheMedian) {
  // One sample in ten takes up to a thousand times as long.
  std::mt19937_64 random(3);
  const auto outcome = run({}, [&](int i) {
    const double u = std::uniform_real_distribution<double>(0, 1)(random);
    return i % 10 == 3 ? 1e-3 * std::min(1000.0, 1 / u) : 1e-3 * (1 + 0.01 * u);
  });
  EXPECT_EQ(outcome.reason, StopReason::noise_met);
}

// Alternating by chance between 1 ms and 1.2 ms, the median lies in either mode and a short series
// may show only one of them in its middle. Most must still run into the budget or the count.
TEST(Sampler, TwoEqualModesAreRarelyMet) {
  int met = 0;
  for (unsigned seed = 0; seed < 200; ++seed) {
    std::mt19937_64 random(seed);
    const auto outcome =
        run({.budget_seconds = 0.5}, [&](int) { return random() % 2 ? 1e-3 : 1.2e-3; });
    if (outcome.reason == StopReason::noise_met) ++met;
  }
  EXPECT_LT(met, 40);
}

TEST(Sampler, DriftIsNeverCalledStable) {
  for (unsigned seed = 0; seed < 20; ++seed) {
    // From 1 ms to 2 ms within the budget, with a noise of 5 %.
    std::mt19937_64 random(seed);
    double elapsed = 0;
    const auto outcome = run({.budget_seconds = 1}, [&](int) {
      const double x = 1e-3 * (1 + elapsed) * std::normal_distribution<double>(1, 0.05)(random);
      elapsed += x;
      return x;
    });
    EXPECT_NE(outcome.reason, StopReason::noise_stable) << seed;
  }
}

TEST(Sampler, ZeroTimesEnd) {
  const auto zeros = run({}, [](int) { return 0.0; });
  EXPECT_EQ(zeros.reason, StopReason::noise_met);
  // Mostly 0 with rare spikes: no median to relate the noise to, and no time passes.
  const auto spikes = run({.max_samples = 300}, [](int i) { return i % 3 == 0 ? 1e-9 : 0.0; });
  EXPECT_LE(spikes.samples, 300);
}

TEST(Sampler, CountEndsANoisySeries) {
  const auto outcome =
      run({.target_noise = 1e-9, .max_samples = 40, .budget_seconds = 1e9}, gaussian(1, 0.1, 1));
  EXPECT_EQ(outcome.reason, StopReason::count);
  EXPECT_EQ(outcome.samples, 40);
}

TEST(Sampler, BudgetEndsBeforeTheFewestSamples) {
  const auto outcome = run({.budget_seconds = 2}, [](int) { return 0.9; });
  EXPECT_EQ(outcome.reason, StopReason::budget);
  EXPECT_EQ(outcome.samples, 3);
}

TEST(Sampler, TheLeastSamplesAreTakenWhateverTheBudget) {
  const auto outcome = run({.least_samples = 12, .budget_seconds = 2}, gaussian(0.9, 0.3, 1));
  EXPECT_EQ(outcome.reason, StopReason::budget);
  EXPECT_EQ(outcome.samples, 12);
  // A calm series, too, has as many.
  EXPECT_EQ(run({.least_samples = 30}, [](int) { return 1e-3; }).samples, 30);
  EXPECT_EQ(run({.max_samples = 11, .least_samples = 30}, [](int) { return 1e-3; }).samples, 11);
}

TEST(Sampler, KeepsEverySampleInOrder) {
  FakeClock clock;
  Sampler sampler({}, clock);
  for (const double x : {3.0, 1.0, 2.0}) sampler.add(x);
  EXPECT_EQ(sampler.samples(), (std::vector<double>{3, 1, 2}));
}

}  // namespace
}  // namespace moat
