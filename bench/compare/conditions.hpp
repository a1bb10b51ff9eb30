// SPDX-License-Identifier: Apache-2.0
// What two results must have in common to be compared: one definition for `compare`, `--across`,
// `report` and its CSV.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "bench/record/record.hpp"

namespace moat {

// Name → value, in the order in which a difference is told.
using Conditions = std::vector<std::pair<std::string, std::string>>;

// What tells one build from another: its commit, whether its sources differ from that, its
// compiler, and a hash of the program where the commit does not tell its sources. Builds are what
// is compared; runs of different builds are no runs of one.
Conditions build_of(const Record& record);

// Of all that ran on a device of a record: its name, instruction set and compute units; the build's
// type and compiler flags; the threads, and the processors and the share of their time that the run
// was granted.
Conditions conditions_of(const Record& record, const DeviceRecord& device);

// Those of a case's device, its cache (cold or hot), the FLOPs of a call, and the library where one
// solved it.
Conditions conditions_of(const Record& record, const CaseRecord& c);

// "threads: 1, was 2": the first condition in which `now` differs from `base`; "" if none does.
std::string difference(const Conditions& base, const Conditions& now);

// The device of a case; null if the record does not describe it.
const DeviceRecord* device_of(const Record& record, const CaseRecord& c);

}  // namespace moat
