// SPDX-License-Identifier: Apache-2.0
// Times of cases: where a record has one that may stand in a sum.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "bench/compare/record_set.hpp"
#include "bench/record/record.hpp"
#include "problems/problem.hpp"

namespace moat {

struct CaseTime {
  Reading<double> seconds;              // of our kernel, verified
  std::string cache{};                  // cold or hot
  std::optional<std::string> record{};  // the file that has it; none: the run's own record
};

// That of a case, but of no run with --hot, on a device of `own`, or of the same device in the
// first of `others` that has it under the same conditions: threads and limit of CPU time of a
// processor. Where none has, why.
CaseTime time_of(const std::string& problem, const Record& own, const DeviceRecord& device,
                 const std::vector<NamedRecord>& others);

// The problems that one of own's devices has no time of.
std::vector<Problem> without_time(const std::vector<Problem>& problems, const Record& own,
                                  const std::vector<NamedRecord>& others);

}  // namespace moat
