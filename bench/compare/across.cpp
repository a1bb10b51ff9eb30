// SPDX-License-Identifier: Apache-2.0
#include "bench/compare/across.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

#include "bench/compare/comparison.hpp"
#include "bench/compare/conditions.hpp"
#include "bench/port/baseline.hpp"
#include "bench/run/case_records.hpp"
#include "bench/run/usage_error.hpp"

namespace moat {
namespace {

// Our kernel on one problem and platform, of all its records.
struct Result {
  Series series;
  std::size_t samples = 0;
  std::string reason = "not in its records";  // why there is no series
  Conditions conditions;
  std::string conflict;  // records that do not fit each other
  std::string failed;    // a run whose result was not right, perhaps beside others

  void add(const Record& record, const CaseRecord& c) {
    if (c.status != Status::ok) {
      reason = fmt::format("{}: {}", name_of(c.status), c.message);
      if (c.status != Status::disturbed) failed = reason;
      return;
    }
    const Conditions own = conditions_of(record, c);
    if (series.empty()) conditions = own;
    if (const std::string d = difference(conditions, own); !d.empty() && conflict.empty()) {
      conflict = "its records differ in " + d;
    }
    for (const auto& s : c.series) {
      series.push_back(s.seconds);
      samples += s.seconds.size();
    }
  }

  std::string cache() const {
    const auto at = std::ranges::find(conditions, "cache", &Conditions::value_type::first);
    return at == conditions.end() ? "" : at->second;
  }

  // "" if there is one, or nothing to compare with.
  std::string why_no_speed(const Result& base) const {
    const auto few = static_cast<std::size_t>(kFewestSamples);
    if (!failed.empty()) return failed + (series.empty() ? "" : " (ok in another run)");
    if (series.empty()) return reason;
    if (!conflict.empty()) return conflict;
    if (samples < few) return fmt::format("too few samples ({})", samples);
    if (base.series.empty()) return "";
    if (!base.failed.empty()) return "the baseline: " + base.failed;
    if (!base.conflict.empty()) return "the baseline: " + base.conflict;
    if (base.samples < few)
      return fmt::format("the baseline has too few samples ({})", base.samples);
    if (cache() != base.cache()) {
      return fmt::format("cache: {}, the baseline's {}", cache(), base.cache());
    }
    return "";
  }
};

std::size_t find_baseline(const std::vector<Platform>& devices, const std::string& wanted) {
  std::string known;
  for (const auto& d : devices) known += (known.empty() ? "" : ", ") + d.label;
  if (wanted.empty()) {
    const auto usual = std::ranges::find(devices, kBaseline, &Platform::backend);
    return usual == devices.end() ? 0 : static_cast<std::size_t>(usual - devices.begin());
  }
  const auto all = [&](auto&& is) {
    std::vector<std::size_t> found;
    for (std::size_t i = 0; i < devices.size(); ++i) {
      if (is(devices[i])) found.push_back(i);
    }
    return found;
  };
  auto found = all([&](const Platform& d) { return d.label == wanted || d.name == wanted; });
  if (found.size() != 1) {
    found = all([&](const Platform& d) {
      return d.backend == wanted || d.label.find(wanted) != std::string::npos;
    });
  }
  if (found.size() != 1) {
    throw UsageError(fmt::format("--baseline: {} names {} devices of the records: {}", wanted,
                                 found.size(), known));
  }
  return found.front();
}

// The mean of the logs, resample by resample.
RatioEstimate geometric_mean(const std::vector<RatioEstimate>& ratios) {
  std::vector<double> logs(ratios.front().log_resamples.size());
  double log_ratio = 0;
  const auto n = static_cast<double>(ratios.size());
  for (const auto& r : ratios) {
    log_ratio += std::log(r.ratio) / n;
    for (std::size_t i = 0; i < logs.size(); ++i) logs[i] += r.log_resamples[i] / n;
  }
  return to_estimate(std::exp(log_ratio), std::move(logs));
}

void add_means(Across& across) {
  const std::size_t devices = across.devices.size();
  std::vector<std::string> kernels;
  for (const auto& c : across.cases) {
    if (std::ranges::find(kernels, c.kernel) == kernels.end()) kernels.push_back(c.kernel);
  }
  Across::Mean all{.kernel = "all",
                   .speed = std::vector<std::optional<RatioEstimate>>(devices),
                   .cases = std::vector<int>(devices)};
  std::vector<std::vector<RatioEstimate>> of_all(devices);
  for (const auto& kernel : kernels) {
    Across::Mean mean{.kernel = kernel, .speed = {}, .cases = {}};
    for (const auto& c : across.cases) mean.problems += c.kernel == kernel ? 1 : 0;
    for (std::size_t d = 0; d < devices; ++d) {
      std::vector<RatioEstimate> ratios;
      for (const auto& c : across.cases) {
        if (c.kernel == kernel && c.speed[d]) ratios.push_back(*c.speed[d]);
      }
      mean.cases.push_back(static_cast<int>(ratios.size()));
      all.cases[d] += mean.cases.back();
      if (ratios.empty()) {
        mean.speed.emplace_back();
      } else {
        mean.speed.emplace_back(geometric_mean(ratios));
        of_all[d].push_back(*mean.speed.back());
      }
    }
    all.problems += mean.problems;
    across.means.push_back(std::move(mean));
  }
  for (std::size_t d = 0; d < devices; ++d) {
    if (!of_all[d].empty()) all.speed[d] = geometric_mean(of_all[d]);
  }
  across.means.push_back(std::move(all));
}

}  // namespace

Across compare_across(const std::vector<NamedRecord>& records, const std::string& baseline,
                      const BootstrapOptions& options) {
  const Platforms platforms(records);
  Across across;
  across.devices = platforms.all();
  across.notes = platforms.left_out();
  std::map<std::string, std::map<std::size_t, Result>> results;  // problem → device
  std::vector<std::pair<std::string, std::string>> problems;     // and its kernel, in order
  for (std::size_t r = 0; r < records.size(); ++r) {
    if (const std::string lack = unfinished(records[r].record); !lack.empty()) {
      across.unfinished.push_back(fmt::format("{}: {}", records[r].path, lack));
    }
    for (const auto& c : records[r].record.cases) {
      const auto device = platforms.of(r, c);
      if (c.implementation != kOurs || !device || !platforms.is_current(r, *device)) continue;
      if (!results.contains(c.problem)) problems.emplace_back(c.problem, c.kernel);
      results[c.problem][*device].add(records[r].record, c);
    }
  }
  across.baseline = find_baseline(across.devices, baseline);

  for (const auto& [problem, kernel] : problems) {
    Across::Case c{.problem = problem, .kernel = kernel, .seconds = {}, .speed = {}, .reason = {}};
    auto& of_problem = results[problem];
    const Result& base = of_problem[across.baseline];
    for (std::size_t d = 0; d < across.devices.size(); ++d) {
      const Result& result = of_problem[d];
      c.seconds.emplace_back();
      c.speed.emplace_back();
      c.reason.push_back(result.why_no_speed(base));
      if (result.series.empty() || !result.conflict.empty() || !result.failed.empty()) continue;
      c.seconds.back() = bootstrap_median(result.series, {.seed = 1, .resamples = 0}).median;
      if (!c.reason.back().empty() || base.series.empty()) continue;
      const BootstrapOptions seeded = {.seed = seed_of(options.seed, problem),
                                       .resamples = options.resamples};
      c.speed.back() = d == across.baseline
                           ? to_estimate(1, std::vector<double>(
                                                static_cast<std::size_t>(options.resamples), 0.0))
                           : ratio_of_medians(result.series, base.series, seeded);
    }
    across.cases.push_back(std::move(c));
  }
  add_means(across);
  return across;
}

}  // namespace moat
