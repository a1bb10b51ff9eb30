// SPDX-License-Identifier: Apache-2.0
// `moat run --resume`: a run that goes on where an earlier one with the same options stopped.
#pragma once

#include <string>
#include <vector>

#include "bench/record/record.hpp"

namespace moat {

// Why a run of which `now` is known so far (its options, build, host, devices and libraries) cannot
// go on with `earlier`: what differs, with both values. Empty if it can.
std::string why_not_resumed(const Record& earlier, const Record& now);

// Whether the record has a case of this name with as many repetitions, none of which was
// interrupted, or knows that its result is wrong.
bool has_case(const Record& record, const std::string& name, int repetitions);

// Adds what an earlier run measured: its cases but for those that `into` has, the higher of both
// ceilings, its time. Cases are in the order of `planned`, which names them all.
void add_earlier(Record& into, const Record& earlier, const std::vector<std::string>& planned);

}  // namespace moat
