// SPDX-License-Identifier: Apache-2.0
// Synthetic timings: the noise of a real machine, from a seed.
#pragma once

#include <algorithm>
#include <cmath>
#include <functional>
#include <random>
#include <vector>

#include "bench/measure/sampler.hpp"
#include "tests/support/fake_device.hpp"

namespace moat {

struct NoiseModel {
  double spread = 0.03;       // standard deviation of the log of a sample
  double correlation = 0.3;   // of neighbouring samples
  double spike_rate = 0.05;   // share of samples that something else disturbed
  double spike_scale = 0.05;  // their excess is Pareto(1.5) distributed: its variance is infinite
};

// Durations around `seconds`; each call gives the next.
inline std::function<double()> noisy(double seconds, const NoiseModel& model, std::uint64_t seed) {
  auto random = std::make_shared<std::mt19937_64>(seed);
  auto state = std::make_shared<double>(0);
  return [=] {
    std::normal_distribution<double> normal;
    std::uniform_real_distribution<double> uniform(1e-9, 1);
    const double rho = model.correlation;
    *state = rho * *state + std::sqrt(1 - rho * rho) * normal(*random);
    double x = seconds * std::exp(model.spread * *state);
    if (uniform(*random) < model.spike_rate) {
      x *= 1 + model.spike_scale * std::pow(uniform(*random), -1 / 1.5);
    }
    return x;
  };
}

// As many samples as the real sampler takes of it.
inline std::vector<double> sampled(const std::function<double()>& next, double budget = 2) {
  FakeClock clock;
  Sampler sampler({.budget_seconds = budget}, clock);
  while (!sampler.stop()) {
    const double x = next();
    clock.advance(x);
    sampler.add(x);
  }
  return sampler.samples();
}

}  // namespace moat
