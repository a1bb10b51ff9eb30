// SPDX-License-Identifier: Apache-2.0
#include "bench/explain/findings.hpp"

#include <algorithm>
#include <stdexcept>

namespace moat::explain {

std::string_view name_of(Mend mend) {
  switch (mend) {
    case Mend::schedule:
      return "schedule";
    case Mend::ranges:
      return "ranges";
    case Mend::split:
      return "split";
  }
  throw std::logic_error("no such mend");
}

std::vector<Finding> findings_of(const Target& target, const Explanation& explained) {
  const Prediction& chosen = explained.chosen;
  if (chosen.launches.empty()) return {};
  const LaunchModel& main = chosen.launches[chosen.main];
  if (main.launch.products.empty() || main.work.tile_flops <= 0 || main.fill >= kLowFill) return {};
  Finding finding{.device = std::string(target.device->id),
                  .name = explained.name,
                  .launch = main.launch,
                  .fill = main.fill,
                  .seconds = chosen.seconds,
                  .complete = chosen.complete};
  // In the order of their times.
  const auto better = std::ranges::find_if(explained.others, [&](const Prediction& other) {
    return other.complete && other.launches[other.main].fill > main.fill &&
           other.seconds < (1 - kWorthwhile) * chosen.seconds;
  });
  if (better != explained.others.end()) {
    const LaunchModel& other = better->launches[better->main];
    finding.mend = other.launch.schedule == main.launch.schedule ? Mend::ranges : Mend::schedule;
    finding.better = other.launch.schedule_name;
    finding.better_fill = other.fill;
    finding.better_seconds = better->seconds;
    return {finding};
  }
  const bool fills_more = std::ranges::any_of(explained.others, [&](const Prediction& other) {
    return other.launches[other.main].fill > main.fill;
  });
  if (fills_more || main.work.items >= target.device->compute_units) return {};
  finding.mend = Mend::split;
  return {finding};
}

}  // namespace moat::explain
