#include "bench/compare/across.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

#include "bench/measure/statistics.hpp"
#include "bench/port/baseline.hpp"
#include "bench/run/case_records.hpp"
#include "bench/run/usage_error.hpp"

namespace moat {
namespace {

struct Result {
  Series series;
  std::string reason = "not in its records";
};

std::size_t find_baseline(const std::vector<DeviceId>& devices, const std::string& wanted) {
  std::string known;
  for (const auto& d : devices) known += (known.empty() ? "" : ", ") + d.text();
  if (wanted.empty()) {
    const auto usual = std::ranges::find(devices, kBaseline, &DeviceId::backend);
    return usual == devices.end() ? 0 : static_cast<std::size_t>(usual - devices.begin());
  }
  std::vector<std::size_t> found;
  for (std::size_t i = 0; i < devices.size(); ++i) {
    const DeviceId& d = devices[i];
    if (d.text() == wanted || d.name == wanted) return i;
    if (d.backend == wanted || d.name.find(wanted) != std::string::npos) found.push_back(i);
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
  Across across;
  std::map<std::string, std::map<std::size_t, Result>> results;  // problem → device
  std::vector<std::pair<std::string, std::string>> problems;     // and its kernel, in order
  for (const auto& [path, record] : records) {
    for (const auto& d : record.devices) {
      const DeviceId id{d.backend, d.name};
      if (std::ranges::find(across.devices, id) == across.devices.end()) {
        across.devices.push_back(id);
      }
    }
    for (const auto& c : record.cases) {
      if (c.implementation != kOurs) continue;
      const auto d = std::ranges::find_if(record.devices, [&](const DeviceRecord& x) {
        return x.backend == c.backend && x.index == c.device;
      });
      if (d == record.devices.end()) continue;
      const DeviceId id{d->backend, d->name};
      const auto index =
          static_cast<std::size_t>(std::ranges::find(across.devices, id) - across.devices.begin());
      if (!results.contains(c.problem)) problems.emplace_back(c.problem, c.kernel);
      Result& result = results[c.problem][index];
      if (c.status != Status::ok) {
        result.reason = fmt::format("{}: {}", name_of(c.status), c.message);
        continue;
      }
      for (const auto& s : c.series) result.series.push_back(s.seconds);
    }
  }
  across.baseline = find_baseline(across.devices, baseline);

  for (const auto& [problem, kernel] : problems) {
    Across::Case c{.problem = problem, .kernel = kernel, .seconds = {}, .speed = {}, .reason = {}};
    auto& of_problem = results[problem];
    const Result& base = of_problem[across.baseline];
    for (std::size_t d = 0; d < across.devices.size(); ++d) {
      const Result& result = of_problem[d];
      c.reason.push_back(result.series.empty() ? result.reason : "");
      if (result.series.empty()) {
        c.seconds.emplace_back();
        c.speed.emplace_back();
        continue;
      }
      const BootstrapOptions seeded = {.seed = seed_of(options.seed, problem),
                                       .resamples = options.resamples};
      c.seconds.emplace_back(bootstrap_median(result.series, {.seed = 1, .resamples = 0}).median);
      if (base.series.empty()) {
        c.speed.emplace_back();
      } else if (d == across.baseline) {
        c.speed.emplace_back(
            to_estimate(1, std::vector<double>(static_cast<std::size_t>(options.resamples), 0.0)));
      } else {
        c.speed.emplace_back(ratio_of_medians(result.series, base.series, seeded));
      }
    }
    across.cases.push_back(std::move(c));
  }
  add_means(across);
  return across;
}

}  // namespace moat
