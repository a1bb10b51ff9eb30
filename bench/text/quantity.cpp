// SPDX-License-Identifier: Apache-2.0
#include "bench/text/quantity.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace moat {

std::string three_digits(double x) {
  const int magnitude = x > 0 ? static_cast<int>(std::floor(std::log10(x) + 1e-9)) : 0;
  return fmt::format("{:.{}f}", x, std::clamp(2 - magnitude, 0, 3));
}

std::string percent(double share) {
  const double x = 100 * share;
  return fmt::format("{:.{}f} %", x, x < 9.95 ? 1 : 0);
}

std::string format_seconds(double seconds) {
  if (seconds >= 1) return three_digits(seconds) + " s";
  if (seconds >= 1e-3) return three_digits(seconds * 1e3) + " ms";
  if (seconds >= 1e-6) return three_digits(seconds * 1e6) + " µs";
  return three_digits(seconds * 1e9) + " ns";
}

}  // namespace moat
