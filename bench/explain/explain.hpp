// SPDX-License-Identifier: Apache-2.0
// What this build would launch for a case on a device, and how long the model says it takes.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "backends/device.hpp"
#include "backends/plan.hpp"
#include "bench/explain/model.hpp"

namespace moat::explain {

// A device that launches can be planned for, and the backend that does it; null where this build
// lacks it, and then the reason.
struct Target {
  std::string backend;
  const KnownDevice* device = nullptr;
  Planner plan = nullptr;
  std::string absent{};
};

// Every device that some backend's descriptor knows, whether the build has the backend or not.
std::vector<Target> known_targets();

// The same with these planners in place of the build's.
std::vector<Target> known_targets(const std::vector<BackendPlanner>& planners,
                                  const std::vector<AbsentBackend>& absent);

// The launches of a case by one choice of schedules.
struct Prediction {
  std::vector<LaunchModel> launches;  // none: there is nothing to do
  std::size_t main = 0;               // the launch that solves the problem
  double seconds = 0;                 // of all launches
  std::optional<Limit> bound{};       // of the longest launch; none: not known which it is
  std::vector<Limit> open{};          // terms of any launch that may be longer than is said
  std::optional<double> share{};      // of the peak that binds, that the case as a whole reaches
  bool complete = true;               // false: `seconds` is the least that the case takes
};

struct Explanation {
  std::string name;  // of the case
  double flops = 0;
  double bytes = 0;
  std::string architecture{};
  std::string family{};
  std::string refused{};  // why there is no launch
  Prediction chosen{};
  // Of cases with products, on this device: the other schedules of the problem's menu, and with the
  // table's the numbers of ranges of keys or of k that devices with other numbers of units would
  // have.
  std::vector<Prediction> others{};
};

// Needs target.plan. The problem's pointers are not read.
Explanation explain(const Target& target, const Problem& problem, bool with_others);

// One case on one device.
struct Row {
  Target target;
  Explanation explanation;
};

// How long the cases that have a weight take on a device, each so many times.
struct Sum {
  std::string device;
  int cases = 0;
  double times = 0;       // of all cases
  double seconds = 0;     // Σ weight · predicted seconds
  bool complete = true;   // false: the least that they take
  std::string refused{};  // the first case without a time: there is no sum
};

// In the order of the rows; none if no row's case has a weight (`weights` by the case's name).
std::vector<Sum> sums_of(const std::vector<Row>& rows,
                         const std::map<std::string, double>& weights);

// gemm/bf16/transposed, as `moat codegen` has it; the type's own name where it is of another form.
std::string kernel_text(const PlannedLaunch& launch);

// What the launch waits for: "bf16 on matrix units", "memory", "the L2 cache", "its launch".
std::string limit_text(Limit limit, const PlannedLaunch& launch);

}  // namespace moat::explain
