// SPDX-License-Identifier: Apache-2.0
// What the control groups (cgroups) of Linux, as containers use them, leave to this process.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

namespace moat::cpu {

// Without a value: no limit.
struct GroupLimits {
  std::optional<std::size_t> memory_bytes;     // the smallest limit
  std::optional<std::size_t> available_bytes;  // what is left below the limits, caches not counted
  std::optional<double> processors;            // time of so many processors, perhaps a fraction
};

// The limits of the process's groups and of all groups that these lie in, of both versions of
// control groups and of a mixture. `root` stands before every path that is read.
GroupLimits group_limits(const std::string& root = "");

}  // namespace moat::cpu
