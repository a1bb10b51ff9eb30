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

namespace moat {

enum class Verdict : std::uint8_t {
  faster,        // the whole interval lies beyond the threshold
  slower,        // likewise
  same,          // the whole interval lies within the threshold
  inconclusive,  // neither: more samples would tell
  incomparable,  // measured on another device or under other conditions
  missing,       // only one side has the case
  unverified,    // a side has no verified result
};

inline constexpr std::array kVerdicts = {
    Verdict::slower,       Verdict::faster,  Verdict::same,      Verdict::inconclusive,
    Verdict::incomparable, Verdict::missing, Verdict::unverified};

std::string_view name_of(Verdict verdict);

struct CaseComparison {
  std::string name;
  std::string problem;
  std::string kernel;
  std::string backend;
  std::string implementation;
  Verdict verdict = Verdict::inconclusive;
  std::string reason;  // of the last four verdicts
  // Whether a gate judges the case: our kernels. A library is the same code in both builds.
  bool gated = false;
  bool only_base = false;              // missing from the new side
  bool broken = false;                 // unverified on the new side
  bool paired = false;                 // samples were compared within rounds of one session
  std::optional<double> base_seconds;  // median per call
  std::optional<double> new_seconds;
  std::optional<RatioEstimate> ratio;  // new ÷ base: above 1 is slower
  std::size_t base_samples = 0;
  std::size_t new_samples = 0;
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
  std::optional<double> floor;  // noise floor, as a share of the time; none if unknown
  std::size_t differences = 0;  // A/A comparisons behind it
  int count(Verdict verdict) const;
};

// Fewer samples than this on a side say nothing.
inline constexpr std::size_t kFewestSamples = 5;

Verdict judge(const RatioEstimate& ratio, double threshold);

Comparison compare_records(const std::vector<NamedRecord>& base,
                           const std::vector<NamedRecord>& now, const CompareOptions& options);

}  // namespace moat
