// SPDX-License-Identifier: Apache-2.0
// Products and attention that leave a device's units without work, where they need not.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "bench/explain/explain.hpp"

namespace moat::explain {

// Below this share of the units' time a launch is looked at.
inline constexpr double kLowFill = 0.85;
// Times that differ by less are alike.
inline constexpr double kWorthwhile = 0.01;

enum class Mend : std::uint8_t {
  schedule,  // another schedule of the table fills more and is predicted to be faster
  ranges,    // the same for another number of ranges of keys or of k
  split,     // none does: fewer tiles than units, and only a finer split along k would fill more
};

std::string_view name_of(Mend mend);

struct Finding {
  std::string device;
  std::string name;  // of the case
  Mend mend = Mend::schedule;
  PlannedLaunch launch;
  double fill = 0;
  double seconds = 0;
  bool complete = true;  // whether that is all, as Prediction has it
  // What would be better; of a split nothing is planned.
  std::string better{};
  double better_fill = 0;
  double better_seconds = 0;
};

// Of a case that was explained with its others: at most one finding. A case is none where memory or
// the launch binds and no other choice is predicted to be faster, except `split`, which would put
// more units to loading.
std::vector<Finding> findings_of(const Target& target, const Explanation& explained);

}  // namespace moat::explain
