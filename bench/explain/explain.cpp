// SPDX-License-Identifier: Apache-2.0
#include "bench/explain/explain.hpp"

#include <algorithm>
#include <stdexcept>

#include "backends/descriptor.hpp"
#include "bench/cases/case.hpp"
#include "bench/codegen/entry_name.hpp"

namespace moat::explain {
namespace {

Prediction predict(const KnownDevice& device, const Problem& problem,
                   const std::vector<PlannedLaunch>& launches) {
  Prediction result;
  if (launches.empty()) return result;
  const std::vector<LaunchWork> work = work_of(problem, launches);
  result.main = main_launch(launches);
  double longest = 0;
  for (std::size_t i = 0; i < launches.size(); ++i) {
    LaunchModel m = model(device, launches[i], work[i]);
    result.seconds += m.seconds;
    for (const Limit limit : m.open) {
      if (std::ranges::find(result.open, limit) == result.open.end()) result.open.push_back(limit);
    }
    if (m.seconds > longest) {
      longest = m.seconds;
      result.bound = m.bound;
      const auto of_peak = [&](double amount, std::optional<double> rate) {
        result.share = rate ? std::optional(amount / *rate) : std::nullopt;
      };
      switch (m.bound) {
        case Limit::products:
          of_peak(flops(problem), m.products.rate);
          break;
        case Limit::memory:
          of_peak(bytes(problem), m.memory.rate);
          break;
        case Limit::cache:
          of_peak(m.cache.amount, m.cache.rate);
          break;
        case Limit::launch:
          result.share.reset();
          break;
      }
    }
    result.launches.push_back(std::move(m));
  }
  result.complete = result.open.empty();
  // Another launch than the longest so far may be it, if its time is the least that it takes.
  const bool known = std::ranges::all_of(result.launches, [&](const LaunchModel& m) {
    return m.open.empty() || (m.seconds >= longest && bound_is_known(m));
  });
  if (!known) result.bound.reset();
  if (!result.complete) result.share.reset();
  if (result.share) *result.share /= result.seconds;
  return result;
}

// On the device, launches that were planned for one of another size.
std::vector<PlannedLaunch> sized(std::vector<PlannedLaunch> launches, const KnownDevice& device) {
  for (PlannedLaunch& launch : launches) {
    const std::int64_t held = std::int64_t{launch.residency} * device.compute_units;
    if (launch.persistent) launch.blocks = static_cast<unsigned>(std::min(launch.items, held));
  }
  return launches;
}

bool same_choice(const PlannedLaunch& a, const PlannedLaunch& b) {
  return a.schedule == b.schedule && a.items == b.items;
}

// The menu, and ranges of keys or of k by numbers of units from one to many.
std::vector<Prediction> others(const Target& target, const Problem& problem,
                               const std::vector<std::string>& menu, const Prediction& chosen) {
  const LaunchModel& now = chosen.launches[chosen.main];
  std::vector<Prediction> found;
  for (const std::string& schedule : menu) {
    if (schedule == now.launch.schedule_name) continue;
    try {
      found.push_back(predict(*target.device, problem,
                              target.plan(*target.device, problem, schedule).launches));
    } catch (const DeviceError&) {
      // The device has no room for it.
    }
  }
  for (int units = 1; units <= 1 << 13; units *= 2) {
    KnownDevice device = *target.device;
    device.compute_units = units;
    const LaunchPlan plan = target.plan(device, problem, now.launch.schedule_name);
    const Prediction other = predict(*target.device, problem, sized(plan.launches, *target.device));
    if (other.launches.empty()) continue;
    const LaunchModel& launch = other.launches[other.main];
    // Fewer items are no choice: the model takes a few units to load as fast as all.
    if (launch.launch.schedule != now.launch.schedule || launch.fill <= now.fill) continue;
    const auto is_it = [&](const Prediction& p) {
      return same_choice(p.launches[p.main].launch, launch.launch);
    };
    if (std::ranges::none_of(found, is_it)) found.push_back(other);
  }
  // What may take longer than is said has no rank: it stands behind the others, in their order.
  std::ranges::stable_sort(found, {}, [](const Prediction& p) {
    return std::pair(!p.complete, p.complete ? p.seconds : 0.0);
  });
  return found;
}

}  // namespace

std::vector<Target> known_targets() { return known_targets(backend_planners(), absent_backends()); }

std::vector<Target> known_targets(const std::vector<BackendPlanner>& planners,
                                  const std::vector<AbsentBackend>& absent) {
  std::vector<Target> targets;
  for (const BackendDescriptor& descriptor : backend_descriptors()) {
    Target target{.backend = descriptor.name};
    for (const BackendPlanner& p : planners) {
      if (p.backend == descriptor.name) target.plan = p.plan;
    }
    for (const AbsentBackend& b : absent) {
      if (b.name == descriptor.name) target.absent = b.reason;
    }
    for (const KnownDevice& device : descriptor.devices) {
      target.device = &device;
      targets.push_back(target);
    }
  }
  return targets;
}

Explanation explain(const Target& target, const Problem& problem, bool with_others) {
  Explanation result{.name = case_name(problem), .flops = flops(problem), .bytes = bytes(problem)};
  try {
    const LaunchPlan plan = target.plan(*target.device, problem, {});
    result.architecture = plan.architecture;
    result.family = plan.family;
    result.chosen = predict(*target.device, problem, plan.launches);
    if (with_others && !plan.launches.empty() &&
        !plan.launches[result.chosen.main].products.empty()) {
      result.others = others(target, problem, plan.schedules, result.chosen);
    }
  } catch (const DeviceError& e) {
    result.refused = e.what();
  } catch (const std::invalid_argument& e) {
    result.refused = e.what();
  }
  return result;
}

std::vector<Sum> sums_of(const std::vector<Row>& rows,
                         const std::map<std::string, double>& weights) {
  std::vector<Sum> sums;
  for (const Row& row : rows) {
    const auto weight = weights.find(row.explanation.name);
    if (weight == weights.end()) continue;
    const std::string device(row.target.device->id);
    auto sum = std::ranges::find(sums, device, &Sum::device);
    if (sum == sums.end()) sum = sums.insert(sums.end(), {.device = device});
    const Prediction& p = row.explanation.chosen;
    ++sum->cases;
    sum->times += weight->second;
    sum->seconds += weight->second * p.seconds;
    sum->complete = sum->complete && p.complete;
    if (!row.explanation.refused.empty() && sum->refused.empty()) {
      sum->refused = row.explanation.name;
    }
  }
  return sums;
}

std::string kernel_text(const PlannedLaunch& launch) {
  auto name = codegen::entry_name(launch.kernel, launch.schedule);
  if (!name) return launch.kernel;
  name->schedule.clear();
  return name->text();
}

std::string limit_text(Limit limit, const PlannedLaunch& launch) {
  switch (limit) {
    case Limit::products:
      return launch.products;
    case Limit::memory:
      return "memory";
    case Limit::cache:
      return "the L2 cache";
    case Limit::launch:
      return "its launch";
  }
  throw std::logic_error("no such limit");
}

}  // namespace moat::explain
