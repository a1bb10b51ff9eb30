// SPDX-License-Identifier: Apache-2.0
// Two sets of records, case by case.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bench/compare/bootstrap.hpp"
#include "bench/compare/record_set.hpp"
#include "bench/measure/sampler.hpp"

namespace moat {

enum class Verdict : std::uint8_t {
  faster,           // the whole interval lies beyond the threshold
  slower,           // likewise
  same,             // the whole interval lies within the threshold
  inconclusive,     // neither: more samples would tell
  too_few_samples,  // a side has fewer than kFewestSamples
  disturbed,        // other work on the machine left a side without a time
  incomparable,     // measured on another device or under other conditions
  missing,          // only one side has the case
  unverified,       // a side has no verified result
};

inline constexpr std::array kVerdicts = {
    Verdict::slower,       Verdict::faster,          Verdict::same,
    Verdict::inconclusive, Verdict::too_few_samples, Verdict::disturbed,
    Verdict::incomparable, Verdict::missing,         Verdict::unverified};

std::string_view name_of(Verdict verdict);

struct CaseComparison {
  std::string name;
  std::string problem;
  std::string kernel;
  std::string backend;
  std::string implementation;
  Verdict verdict = Verdict::inconclusive;
  std::string reason;  // of all but the first three verdicts
  // Whether a gate judges the case: our kernels. A library is the same code in both builds.
  bool gated = false;
  // Whether it is gated and the gate cannot tell: too few samples, disturbed, no result to compare
  // with in the base or in one of its runs; or inconclusive and maybe slower, see
  // leaves_undecided().
  bool undecided = false;
  bool only_base = false;              // missing from the new side
  bool broken = false;                 // unverified on the new side
  bool paired = false;                 // samples were compared within rounds of one session
  bool by_count = false;               // --samples ended the sampling of the side with fewer
  std::optional<double> base_seconds;  // median per call
  std::optional<double> new_seconds;
  std::optional<RatioEstimate> ratio;  // new ÷ base: above 1 is slower
  std::size_t base_samples = 0;
  std::size_t new_samples = 0;
  std::size_t processes = 0;  // of each build, where paired
};

struct CompareOptions {
  // How large a change must be; without it 2 %, or the noise floor if that is larger.
  std::optional<double> threshold;
  BootstrapOptions bootstrap;
};

struct Comparison {
  std::string base;  // what is compared: commit, file
  std::string now;
  std::vector<CaseComparison> cases;  // in the order of the new side, then what it lacks
  double threshold = 0;
  std::optional<double> floor;          // noise floor, as a share of the time; none if unknown
  std::size_t differences = 0;          // A/A comparisons behind it
  std::vector<std::string> warnings;    // of builds whose timings are no measure of the kernels
  bool single_runs = false;             // a run on either side, apart from each other
  std::vector<std::string> unfinished;  // runs that lack cases which they had planned
  int count(Verdict verdict) const;
};

// "4 samples; 10 are needed: give the run more --budget", or a larger --samples where that was what
// ended the sampling.
std::string too_few_text(std::size_t samples, bool by_count);

// Whether --samples ended the sampling of the case.
bool ended_by_count(const CaseRecord& c);

// Of a case that has no verified result: unverified or disturbed.
Verdict verdict_without_result(const CaseRecord& c);

// The smallest change that counts, if nobody says otherwise.
inline constexpr double kDefaultThreshold = 0.02;

// Whether a ratio and its interval are finite and above 0.
bool is_number(const RatioEstimate& ratio);

// Inconclusive for what is no number.
Verdict judge(const RatioEstimate& ratio, double threshold);

// Whether an inconclusive ratio leaves open that the case is slower by more than the threshold: at
// least a quarter of the resampled ratios say so, or the ratio is no number.
bool leaves_undecided(const RatioEstimate& ratio, double threshold);

Comparison compare_records(const std::vector<NamedRecord>& base,
                           const std::vector<NamedRecord>& now, const CompareOptions& options);

}  // namespace moat
