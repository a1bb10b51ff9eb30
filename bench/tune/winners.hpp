// SPDX-License-Identifier: Apache-2.0
// From a record in which our kernels ran with every schedule: which is the fastest, class by class.
#pragma once

#include <vector>

#include "bench/record/record.hpp"
#include "bench/tune/tuned.hpp"

namespace moat {

// The least gain that counts: less is as likely how the code lies.
inline constexpr double kLeastGain = 0.02;

// Of each class of a device's cases the schedule with the greatest speed, as a geometric mean of
// the table's time ÷ its own over the cases, if
// - all of the cases have it, verified and timed, beside the table's choice,
// - the mean is above 1 + kLeastGain, and of a case at least so is the lower end of the 95 %
// interval,
// - no case is slower: the upper end of each interval is 1 at least, and none loses kLeastGain.
// Else the class is kept as it is, or undecided if no other schedule was timed in all of its cases.
// A class none of whose cases was timed is in no list. The speed of a winner is the best of
// several, which flatters it a little: `moat run --tuned` measures it anew.
std::vector<TunedDevice> winners(const Record& record);

}  // namespace moat
