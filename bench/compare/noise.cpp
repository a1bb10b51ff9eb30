// SPDX-License-Identifier: Apache-2.0
#include "bench/compare/noise.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <random>
#include <utility>

#include "bench/measure/sampler.hpp"
#include "bench/measure/statistics.hpp"

namespace moat {
namespace {

constexpr auto kFewest = static_cast<std::size_t>(kFewestSamples);

double difference(double a, double b) { return std::max(a, b) / std::min(a, b) - 1; }

}  // namespace

std::vector<double> self_differences(const Series& series) {
  std::vector<double> differences;
  std::vector<double> medians;
  for (const auto& s : series) {
    if (!s.empty()) medians.push_back(median(s));
  }
  for (std::size_t i = 0; i < medians.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) differences.push_back(difference(medians[i], medians[j]));
  }
  if (medians.size() != 1) return differences;

  const auto& s = *std::ranges::find_if(series, [](const auto& x) { return !x.empty(); });
  if (s.size() < kFewest) return differences;
  for (const std::size_t partner : {1UL, 2UL, 3UL}) {
    std::vector<double> with_first;
    std::vector<double> others;
    for (std::size_t i = 0; i < s.size(); ++i) {
      const std::size_t quarter = 4 * i / s.size();
      (quarter == 0 || quarter == partner ? with_first : others).push_back(s[i]);
    }
    differences.push_back(difference(median(with_first), median(others)));
  }
  return differences;
}

std::vector<double> paired_self_differences(const Series& series) {
  std::vector<double> differences;
  for (const auto& s : series) {
    if (s.size() < kFewest) continue;
    for (const std::size_t first : {0UL, 1UL}) {
      std::vector<double> ratios;
      for (std::size_t i = first; i + 1 < s.size(); i += 2) ratios.push_back(s[i + 1] / s[i]);
      differences.push_back(difference(median(ratios), 1));
    }
  }
  return differences;
}

std::vector<double> process_self_differences(const Series& base, const Series& now) {
  constexpr int kHalves = 32;
  std::vector<double> logs;
  for (const auto& ratios : ratios_of_rounds(base, now)) {
    if (!ratios.empty()) logs.push_back(std::log(median(ratios)));
  }
  if (logs.size() < kFewestProcesses) return {};
  const std::size_t half = logs.size() / 2;
  std::mt19937_64 random(1);
  std::vector<double> differences;
  for (int k = 0; k < kHalves; ++k) {
    // Not std::shuffle, which gives other orders on other systems.
    for (std::size_t i = logs.size() - 1; i > 0; --i) std::swap(logs[i], logs[random() % (i + 1)]);
    double sum = 0;
    for (std::size_t i = 0; i < half; ++i) sum += logs[i] - logs[half + i];
    differences.push_back(std::expm1(std::abs(sum) / static_cast<double>(2 * half)));
  }
  return differences;
}

std::optional<double> noise_floor(std::vector<double> differences) {
  if (differences.empty()) return std::nullopt;
  std::ranges::sort(differences);
  return quantile(differences, 0.95);
}

}  // namespace moat
