#include "bench/compare/comparison.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

#include "bench/compare/noise.hpp"
#include "bench/compare/rounds.hpp"
#include "bench/measure/statistics.hpp"
#include "bench/run/case_records.hpp"

namespace moat {
namespace {

constexpr double kDefaultThreshold = 0.02;

// What two results must have in common to be compared: name → value.
using Conditions = std::vector<std::pair<const char*, std::string>>;

Conditions conditions_of(const Record& record, const CaseRecord& c) {
  Conditions conditions;
  for (const auto& d : record.devices) {
    if (d.backend != c.backend || d.index != c.device) continue;
    conditions.emplace_back("device", d.name);
    conditions.emplace_back("architecture", d.architecture);
    conditions.emplace_back("compute units", std::to_string(d.compute_units));
  }
  conditions.emplace_back("build type", record.build.build_type);
  conditions.emplace_back("compiler flags", record.build.flags);
  conditions.emplace_back("threads", std::to_string(record.run.threads));
  conditions.emplace_back("cache", c.cache);
  conditions.emplace_back("FLOPs of a call", fmt::format("{:g}", c.flops));
  for (const auto& l : record.libraries) {
    if (l.name == c.implementation) {
      conditions.emplace_back("library", fmt::format("{} ({})", l.version, l.detail));
    }
  }
  return conditions;
}

// One case on one side, of all runs of that side.
struct Side {
  const CaseRecord* first = nullptr;
  Conditions conditions;
  std::string conflict;    // runs of this side that do not fit each other
  std::string unverified;  // why there is no result
  std::string disturbed;   // why there is none but beside the build that it took turns with
  Series series;
  std::vector<std::string> sessions;  // per series; "" if not taken in turns
  std::vector<Rounds> rounds;         // per series
  std::size_t samples = 0;
  bool discarded = false;

  void add(const Record& record, const CaseRecord& c) {
    Conditions own = conditions_of(record, c);
    if (first == nullptr) {
      first = &c;
      conditions = std::move(own);
    } else if (own != conditions && conflict.empty()) {
      conflict = difference(conditions, own);
    }
    if (c.status != Status::ok) {
      const std::string why = fmt::format("{}: {}", name_of(c.status), c.message);
      if (!usable_in_turns(record, c)) {
        unverified = why;
        return;
      }
      disturbed = why;
    }
    for (std::size_t i = 0; i < c.series.size(); ++i) {
      const auto& s = c.series[i];
      series.push_back(s.seconds);
      sessions.push_back(record.run.session ? fmt::format("{}/{}", *record.run.session, i) : "");
      rounds.push_back(s.rounds.value_or(Rounds{}));
      samples += s.seconds.size();
      discarded |= !s.discarded.empty() && !s.rounds;
    }
  }

  // What disturbed a round of two builds that took turns disturbed both, and their ratio stands.
  static bool usable_in_turns(const Record& record, const CaseRecord& c) {
    return c.status == Status::disturbed && record.run.session && !c.series.empty() &&
           std::ranges::none_of(c.series, [](const auto& s) { return s.seconds.empty(); });
  }

  // The first condition that differs, with both values.
  static std::string difference(const Conditions& a, const Conditions& b) {
    const auto [x, y] = std::ranges::mismatch(a, b);
    if (x == a.end() || y == b.end()) return "the device is not described on one side";
    if (std::string_view(x->first) != y->first) return "the device is not described on one side";
    return fmt::format("{}: {}, was {}", x->first, y->second, x->second);
  }
};

using Sides = std::map<std::string, Side>;

Sides sides_of(const std::vector<NamedRecord>& records) {
  Sides sides;
  for (const auto& r : records) {
    for (const auto& c : r.record.cases) sides[c.name].add(r.record, c);
  }
  return sides;
}

std::optional<double> median_of(const Series& series) {
  std::vector<double> medians;
  for (const auto& s : series) {
    if (!s.empty()) medians.push_back(summarize(s).median);
  }
  if (medians.empty()) return std::nullopt;
  return summarize(medians).median;
}

// Both sides' samples were taken in turns, and the round of each is known.
bool are_paired(const Side& base, const Side& now) {
  return !base.sessions.empty() && base.sessions == now.sessions &&
         std::ranges::find(base.sessions, "") == base.sessions.end() && !base.discarded &&
         !now.discarded;
}

std::string describe(const std::vector<NamedRecord>& records) {
  const Build& build = records.back().record.build;
  std::string text = build.commit.value ? build.commit.value->substr(0, 12) : "unknown commit";
  if (build.dirty.value.value_or(false)) text += ", modified";
  if (records.size() > 1) return fmt::format("{} ({} runs)", text, records.size());
  return fmt::format("{} ({})", text, records.front().path);
}

class Comparer {
 public:
  Comparer(const Sides& base, const Sides& now, const CompareOptions& options)
      : base_(base), now_(now), options_(options) {}

  CaseComparison compare(const std::string& name) {
    CaseComparison result;
    const auto b = base_.find(name);
    const auto n = now_.find(name);
    const CaseRecord& c = n != now_.end() ? *n->second.first : *b->second.first;
    result.name = name;
    result.problem = c.problem;
    result.kernel = c.kernel;
    result.backend = c.backend;
    result.implementation = c.implementation;
    result.gated = c.implementation == kOurs;
    if (b != base_.end()) add_times(b->second, result.base_seconds, result.base_samples);
    if (n != now_.end()) add_times(n->second, result.new_seconds, result.new_samples);
    if (b == base_.end() || n == now_.end()) {
      result.only_base = n == now_.end();
      result.verdict = Verdict::missing;
      result.reason = result.only_base ? "not in the new record" : "not in the base record";
      result.broken = n != now_.end() && !n->second.unverified.empty();
      return result;
    }
    const Side& base = b->second;
    const Side& now = n->second;
    if (!base.unverified.empty() || !now.unverified.empty()) {
      result.verdict = Verdict::unverified;
      result.broken = !now.unverified.empty();
      result.reason = result.broken ? now.unverified : "base: " + base.unverified;
      return result;
    }
    if (!base.conflict.empty() || !now.conflict.empty()) {
      result.verdict = Verdict::incomparable;
      result.reason = base.conflict.empty() ? "runs of the new side differ in " + now.conflict
                                            : "runs of the base differ in " + base.conflict;
      return result;
    }
    if (base.conditions != now.conditions) {
      result.verdict = Verdict::incomparable;
      result.reason = Side::difference(base.conditions, now.conditions);
      return result;
    }
    if (std::min(base.samples, now.samples) == 0) {
      result.verdict = Verdict::unverified;
      result.reason = "no samples";
      return result;
    }
    if (!(base.disturbed.empty() && now.disturbed.empty()) && !are_paired(base, now)) {
      result.verdict = Verdict::unverified;
      result.reason = now.disturbed.empty() ? "base: " + base.disturbed : now.disturbed;
      return result;
    }
    estimate(base, now, result);
    return result;
  }

  // The threshold is known only after the noise of all cases.
  static void judge_case(CaseComparison& c, double threshold) {
    if (!c.ratio) return;
    const std::size_t fewest = std::min(c.base_samples, c.new_samples);
    if (fewest < kFewestSamples) {
      c.verdict = Verdict::inconclusive;
      c.reason = fmt::format("{} samples; {} are needed: give the run more --budget", fewest,
                             kFewestSamples);
      return;
    }
    c.verdict = judge(*c.ratio, threshold);
    if (c.verdict == Verdict::inconclusive) {
      c.reason = fmt::format("the interval reaches over {:.3g} %: more samples{} would tell",
                             100 * threshold, c.paired ? "" : " or --ab");
    }
  }

  const std::vector<double>& differences() const { return differences_; }

 private:
  static void add_times(const Side& side, std::optional<double>& seconds, std::size_t& samples) {
    if (!side.unverified.empty()) return;
    if (side.disturbed.empty()) seconds = median_of(side.series);
    samples = side.samples;
  }

  void estimate(const Side& base, const Side& now, CaseComparison& result) {
    const BootstrapOptions bootstrap = {.seed = seed_of(options_.bootstrap.seed, result.name),
                                        .resamples = options_.bootstrap.resamples};
    result.paired = are_paired(base, now);
    Series before = base.series;
    Series after = now.series;
    if (result.paired) {
      result.base_samples = 0;
      for (std::size_t i = 0; i < before.size(); ++i) {
        keep_common_rounds(before[i], base.rounds[i], after[i], now.rounds[i]);
        result.base_samples += before[i].size();
      }
      result.new_samples = result.base_samples;
      if (result.base_samples == 0) {
        result.verdict = Verdict::unverified;
        result.reason = "other work on the machine disturbed one of the builds in every round";
        return;
      }
    }
    result.ratio = result.paired ? paired_ratio(before, after, bootstrap)
                                 : ratio_of_medians(before, after, bootstrap);
    const auto of_itself = result.paired ? paired_self_differences : self_differences;
    for (const Series* side : {&before, &after}) {
      const std::vector<double> d = of_itself(*side);
      differences_.insert(differences_.end(), d.begin(), d.end());
    }
    // The same library in both builds: what it differs by is noise between the runs.
    if (!result.gated) {
      differences_.push_back(std::max(result.ratio->ratio, 1 / result.ratio->ratio) - 1);
    }
  }

  const Sides& base_;
  const Sides& now_;
  const CompareOptions& options_;
  std::vector<double> differences_;
};

}  // namespace

std::string_view name_of(Verdict verdict) {
  switch (verdict) {
    case Verdict::faster:
      return "faster";
    case Verdict::slower:
      return "slower";
    case Verdict::same:
      return "same";
    case Verdict::inconclusive:
      return "inconclusive";
    case Verdict::incomparable:
      return "incomparable";
    case Verdict::missing:
      return "missing";
    case Verdict::unverified:
      return "unverified";
  }
  return "";
}

int Comparison::count(Verdict verdict) const {
  return static_cast<int>(std::ranges::count(cases, verdict, &CaseComparison::verdict));
}

Verdict judge(const RatioEstimate& ratio, double threshold) {
  const double up = 1 + threshold;
  const double down = 1 / up;
  if (ratio.lower > up) return Verdict::slower;
  if (ratio.upper < down) return Verdict::faster;
  if (ratio.lower >= down && ratio.upper <= up) return Verdict::same;
  return Verdict::inconclusive;
}

Comparison compare_records(const std::vector<NamedRecord>& base,
                           const std::vector<NamedRecord>& now, const CompareOptions& options) {
  Comparison comparison;
  comparison.base = describe(base);
  comparison.now = describe(now);
  const Sides base_sides = sides_of(base);
  const Sides now_sides = sides_of(now);
  Comparer comparer(base_sides, now_sides, options);

  std::map<std::string, bool> done;
  for (const auto* side : {&now, &base}) {
    for (const auto& r : *side) {
      for (const auto& c : r.record.cases) {
        if (std::exchange(done[c.name], true)) continue;
        comparison.cases.push_back(comparer.compare(c.name));
      }
    }
  }
  comparison.floor = noise_floor(comparer.differences());
  comparison.differences = comparer.differences().size();
  comparison.threshold =
      options.threshold.value_or(std::max(kDefaultThreshold, comparison.floor.value_or(0)));
  for (auto& c : comparison.cases) Comparer::judge_case(c, comparison.threshold);
  return comparison;
}

}  // namespace moat
