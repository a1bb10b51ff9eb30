// SPDX-License-Identifier: Apache-2.0
#include "bench/compare/bootstrap.hpp"

#include <algorithm>
#include <cmath>
#include <random>
#include <stdexcept>
#include <utility>

#include "bench/compare/student.hpp"
#include "bench/measure/statistics.hpp"

namespace moat {
namespace {

// Uniform in [0, n). The library's distributions give other numbers on other systems.
std::size_t draw(std::mt19937_64& random, std::size_t n) {
  return static_cast<std::size_t>(((random() >> 32) * n) >> 32);
}

std::size_t block_length(std::size_t n) {
  return std::max<std::size_t>(1, static_cast<std::size_t>(std::sqrt(static_cast<double>(n))));
}

// A series whose median is drawn again and again: the ranks of a resample are counted, so that it
// need not be sorted.
class Resampled {
 public:
  explicit Resampled(const std::vector<double>& values)
      : rank_(values.size()), ascending_(values), count_(values.size()) {
    std::vector<std::size_t> order(values.size());
    for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
    std::ranges::sort(order, {}, [&](std::size_t i) { return values[i]; });
    for (std::size_t r = 0; r < order.size(); ++r) rank_[order[r]] = r;
    std::ranges::sort(ascending_);
  }

  double median() const { return quantile(ascending_, 0.5); }

  double draw_median(std::mt19937_64& random) {
    const std::size_t n = rank_.size();
    const std::size_t block = block_length(n);
    std::ranges::fill(count_, 0);
    for (std::size_t taken = 0; taken < n;) {
      std::size_t i = draw(random, n);
      for (std::size_t k = 0; k < block && taken < n; ++k, ++taken) {
        ++count_[rank_[i]];
        if (++i == n) i = 0;
      }
    }
    return (at((n - 1) / 2) + at(n / 2)) / 2;
  }

 private:
  // The value at a place of the sorted resample.
  double at(std::size_t place) const {
    std::size_t r = 0;
    for (std::size_t seen = count_[0]; seen <= place; seen += count_[r]) ++r;
    return ascending_[r];
  }

  std::vector<std::size_t> rank_;
  std::vector<double> ascending_;
  std::vector<std::uint32_t> count_;
};

}  // namespace

std::uint64_t seed_of(std::uint64_t seed, std::string_view name) {
  std::uint64_t hash = 14695981039346656037ULL ^ seed;  // FNV-1a
  for (const char c : name) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211ULL;
  return hash;
}

MedianEstimate bootstrap_median(const Series& series, const BootstrapOptions& options) {
  std::vector<Resampled> all;
  for (const auto& values : series) {
    if (!values.empty()) all.emplace_back(values);
  }
  if (all.empty()) throw std::invalid_argument("no sample to take a median of");
  std::vector<double> medians;
  for (const auto& one : all) medians.push_back(one.median());
  MedianEstimate estimate{.median = moat::median(medians), .log_error = {}};

  // Resampling R series has (R − 1) ÷ R of the variance between them; circular blocks of length b
  // have 1 − b ÷ n of that of a series.
  const auto runs = static_cast<double>(all.size());
  const auto n =
      static_cast<double>(std::max_element(series.begin(), series.end(), [](auto& a, auto& b) {
                            return a.size() < b.size();
                          })->size());
  const auto block = static_cast<double>(block_length(static_cast<std::size_t>(n)));
  double widening = 1;
  if (runs > 1) {
    widening = std::sqrt(runs / (runs - 1));
  } else if (n > block) {
    widening = 1 / std::sqrt(1 - block / n);
  }

  std::mt19937_64 random(options.seed);
  std::vector<double> drawn(all.size());
  estimate.log_error.reserve(static_cast<std::size_t>(options.resamples));
  for (int i = 0; i < options.resamples; ++i) {
    for (double& m : drawn) m = all[draw(random, all.size())].draw_median(random);
    estimate.log_error.push_back(widening * std::log(moat::median(drawn) / estimate.median));
  }
  return estimate;
}

RatioEstimate to_estimate(double ratio, std::vector<double> log_resamples) {
  RatioEstimate estimate{.ratio = ratio, .lower = ratio, .upper = ratio, .log_resamples = {}};
  std::vector<double> ascending = log_resamples;
  std::ranges::sort(ascending);
  if (!ascending.empty()) {
    estimate.lower = std::exp(quantile(ascending, 0.025));
    estimate.upper = std::exp(quantile(ascending, 0.975));
  }
  estimate.log_resamples = std::move(log_resamples);
  return estimate;
}

RatioEstimate ratio_of_medians(const Series& base, const Series& now,
                               const BootstrapOptions& options) {
  const MedianEstimate b = bootstrap_median(base, options);
  const MedianEstimate n =
      bootstrap_median(now, {.seed = seed_of(options.seed, "now"), .resamples = options.resamples});
  const double ratio = n.median / b.median;
  std::vector<double> logs = n.log_error;
  for (std::size_t i = 0; i < logs.size(); ++i) logs[i] += std::log(ratio) - b.log_error[i];
  return to_estimate(ratio, std::move(logs));
}

Series ratios_of_rounds(const Series& base, const Series& now) {
  Series ratios;
  for (std::size_t s = 0; s < std::min(base.size(), now.size()); ++s) {
    auto& of_rounds = ratios.emplace_back();
    for (std::size_t i = 0; i < std::min(base[s].size(), now[s].size()); ++i) {
      of_rounds.push_back(now[s][i] / base[s][i]);
    }
  }
  return ratios;
}

RatioEstimate paired_ratio(const Series& base, const Series& now, const BootstrapOptions& options) {
  const Series ratios = ratios_of_rounds(base, now);
  std::vector<double> logs;
  for (const auto& of_process : ratios) {
    if (!of_process.empty()) logs.push_back(std::log(moat::median(of_process)));
  }
  if (logs.size() > 1) return mean_ratio(logs, options);
  MedianEstimate m = bootstrap_median(ratios, options);
  for (double& e : m.log_error) e += std::log(m.median);
  return to_estimate(m.median, std::move(m.log_error));
}

}  // namespace moat
