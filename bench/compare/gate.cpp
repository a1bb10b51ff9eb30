// SPDX-License-Identifier: Apache-2.0
#include "bench/compare/gate.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace moat {
namespace {

// Whether a ratio was held against the threshold.
bool judged(const CaseComparison& c) {
  return c.gated && c.ratio.has_value() &&
         (c.verdict == Verdict::slower || c.verdict == Verdict::faster ||
          c.verdict == Verdict::same || c.verdict == Verdict::inconclusive);
}

std::string why_refused(const Comparison& comparison) {
  if (!comparison.floor) {
    return fmt::format(
        "the noise floor is unknown, because no series that can be compared has {} samples. Give "
        "the runs more --budget, or a larger --samples",
        kFewestSamples);
  }
  const bool paired = std::ranges::any_of(comparison.cases, &CaseComparison::paired);
  return fmt::format(
      "below the noise floor of {:.1f} %: comparisons of equal code within these records differ by "
      "that much. Raise the gate, {}",
      100 * *comparison.floor,
      paired ? "give the runs more processes (--benchmark_repetitions), or use a quieter machine"
             : "give the runs more --budget, compare folders of several runs, or measure in turns "
               "with moat run --ab");
}

}  // namespace

bool fails_gate(const CaseComparison& c) {
  return c.gated && (c.verdict == Verdict::slower || c.broken || c.only_base || c.undecided ||
                     c.verdict == Verdict::incomparable);
}

Gate judge_gate(const Comparison& comparison) {
  const auto count = [&](auto&& is) {
    return std::ranges::count_if(comparison.cases,
                                 [&](const CaseComparison& c) { return c.gated && is(c); });
  };
  Gate gate;
  const auto not_passed = [&](CompareExit code, std::string text) {
    if (gate.passed()) gate.exit_code = code;
    gate.verdict += (gate.verdict.empty() ? "not passed: " : ", ") + text;
  };
  if (comparison.count(Verdict::missing) == static_cast<int>(comparison.cases.size())) {
    gate.reasons.emplace_back("the records have no case in common");
    not_passed(kCompareNothing, gate.reasons.back());
    return gate;
  }
  const auto judged_cases = std::ranges::count_if(comparison.cases, judged);
  if (judged_cases > 0 && !(comparison.threshold >= comparison.floor.value_or(INFINITY))) {
    gate.exit_code = kCompareNoise;
    gate.reasons.push_back(why_refused(comparison));
    gate.verdict = "refused: " + gate.reasons.front();
    return gate;
  }
  if (const auto n = count([](const auto& c) { return c.verdict == Verdict::slower; }); n > 0) {
    not_passed(kCompareSlower, fmt::format("{} slower", n));
  }
  if (const auto n = count([](const auto& c) { return c.broken || c.only_base; }); n > 0) {
    not_passed(kCompareUnverified, fmt::format("{} unverified or missing", n));
  }
  if (const auto n = count([](const auto& c) { return c.verdict == Verdict::incomparable; });
      n > 0) {
    not_passed(kCompareIncomparable, fmt::format("{} incomparable", n));
  }
  gate.reasons = comparison.unfinished;
  if (!gate.reasons.empty()) not_passed(kCompareUndecided, "a run is not complete");
  if (const auto n = count([](const auto& c) { return c.undecided; }); n > 0) {
    not_passed(kCompareUndecided, fmt::format("{} could not be judged", n));
  }
  if (gate.passed() && judged_cases == 0) {
    gate.reasons.emplace_back("the records have none of our cases in common");
    not_passed(kCompareNothing, gate.reasons.back());
  }
  if (gate.passed()) gate.verdict = "passed";
  return gate;
}

}  // namespace moat
