// SPDX-License-Identifier: Apache-2.0
// Numbers as a person reads them.
#pragma once

#include <string>

namespace moat {

// Three significant digits without an exponent, for values from 0.001 on.
std::string three_digits(double x);

// A share as a percentage: 0.123 → 12 %, 0.0123 → 1.2 %.
std::string percent(double share);

// Duration with three digits and its unit: 1.23 ms, 45.6 µs.
std::string format_seconds(double seconds);

}  // namespace moat
