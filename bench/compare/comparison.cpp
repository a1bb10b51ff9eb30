// SPDX-License-Identifier: Apache-2.0
#include "bench/compare/comparison.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <utility>

#include "bench/compare/conditions.hpp"
#include "bench/compare/noise.hpp"
#include "bench/compare/rounds.hpp"
#include "bench/measure/statistics.hpp"
#include "bench/record/provenance.hpp"
#include "bench/run/case_records.hpp"

namespace moat {
namespace {

// One case on one side, of all runs of that side.
struct Side {
  const CaseRecord* first = nullptr;
  Conditions conditions;
  Conditions build;
  std::string conflict;       // runs of this side that do not fit each other
  std::string lacking;        // a run of this side that lacks the case
  std::string unverified;     // why there is no result
  std::string disturbed;      // likewise, of runs that other work on the machine kept from a number
  std::string only_in_turns;  // of one whose samples count beside those of the other build alone
  Series series;
  std::vector<std::string> sessions;  // per series; "" if not taken in turns
  std::vector<Rounds> rounds;         // per series
  std::size_t samples = 0;
  bool by_count = false;  // --samples ended the sampling of a run
  bool discarded = false;

  void add(const Record& record, const CaseRecord& c) {
    Conditions own = conditions_of(record, c);
    if (first == nullptr) {
      first = &c;
      conditions = std::move(own);
      build = build_of(record);
    } else if (conflict.empty()) {
      conflict = difference(build, build_of(record));
      if (conflict.empty()) conflict = difference(conditions, own);
    }
    if (c.status != Status::ok) {
      const std::string why = fmt::format("{}: {}", name_of(c.status), c.message);
      if (verdict_without_result(c) != Verdict::disturbed) {
        unverified = why;
        return;
      }
      if (!usable_in_turns(record, c)) {
        disturbed = c.message;
        return;
      }
      only_in_turns = c.message;
    }
    by_count |= ended_by_count(c);
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
    return record.run.session && !c.series.empty() &&
           std::ranges::none_of(c.series, [](const auto& s) { return s.seconds.empty(); });
  }

  // Why there is no number, if other work on the machine is the reason.
  std::string why_disturbed(bool paired) const {
    if (!only_in_turns.empty() && !paired) return only_in_turns;
    return samples == 0 ? disturbed : "";
  }
};

bool too_few(std::size_t samples) { return samples < static_cast<std::size_t>(kFewestSamples); }

using Sides = std::map<std::string, Side>;

Sides sides_of(const std::vector<NamedRecord>& records) {
  Sides sides;
  for (const auto& r : records) {
    for (const auto& c : r.record.cases) sides[c.name].add(r.record, c);
  }
  for (const auto& r : records) {
    std::set<std::string> there;
    std::set<std::pair<std::string, int>> devices;  // that the run used
    for (const auto& c : r.record.cases) {
      there.insert(c.name);
      devices.emplace(c.backend, c.device);
    }
    for (auto& [name, side] : sides) {
      const bool asked = devices.contains({side.first->backend, side.first->device});
      if (asked && !there.contains(name) && side.lacking.empty()) side.lacking = "not in " + r.path;
    }
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
      if (n != now_.end() && !n->second.unverified.empty()) {
        result.broken = true;
        result.reason += "; the new one " + n->second.unverified;
      }
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
    // One of several runs without the case: nothing tells what it would have shown.
    if (!base.lacking.empty() || !now.lacking.empty()) {
      result.verdict = Verdict::unverified;
      result.broken = !now.lacking.empty();
      result.reason = result.broken ? now.lacking : "base: " + base.lacking;
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
      result.reason = difference(base.conditions, now.conditions);
      return result;
    }
    const bool paired = are_paired(base, now);
    for (const auto& [side, why] :
         {std::pair("", now.why_disturbed(paired)), {"base: ", base.why_disturbed(paired)}}) {
      if (why.empty()) continue;
      result.verdict = Verdict::disturbed;
      result.reason = side + why;
      return result;
    }
    if (std::min(base.samples, now.samples) == 0) {
      result.verdict = Verdict::unverified;
      result.reason = "no samples";
      return result;
    }
    estimate(base, now, result);
    return result;
  }

  // The threshold is known only after the noise of all cases.
  static void judge_case(CaseComparison& c, double threshold) {
    const bool without_number = c.verdict == Verdict::inconclusive && !c.ratio;
    c.undecided = c.gated && (c.verdict == Verdict::disturbed || without_number ||
                              (c.verdict == Verdict::unverified && !c.broken));
    if (!c.ratio) return;
    if (const std::size_t fewest = std::min(c.base_samples, c.new_samples); too_few(fewest)) {
      c.verdict = Verdict::too_few_samples;
      c.reason = too_few_text(fewest, c.by_count);
      c.undecided = c.gated;
      return;
    }
    // Within a process nothing tells how another one of the same code would differ.
    if (c.paired && c.processes < kFewestProcesses) {
      c.verdict = Verdict::inconclusive;
      c.reason = fmt::format("{} process{} of each build; {} are needed: --benchmark_repetitions",
                             c.processes, c.processes == 1 ? "" : "es", kFewestProcesses);
      c.undecided = c.gated;
      return;
    }
    c.verdict = judge(*c.ratio, threshold);
    c.undecided = c.gated && leaves_undecided(*c.ratio, threshold);
    if (c.verdict == Verdict::inconclusive) {
      c.reason =
          fmt::format("the interval reaches over {:.3g} %: more {} would tell", 100 * threshold,
                      c.paired ? "processes (--benchmark_repetitions)" : "samples or --ab");
    }
  }

  const std::vector<double>& differences() const { return differences_; }

 private:
  static void add_times(const Side& side, std::optional<double>& seconds, std::size_t& samples) {
    if (!side.unverified.empty() || side.samples == 0) return;
    if (side.only_in_turns.empty()) seconds = median_of(side.series);
    samples = side.samples;
  }

  void estimate(const Side& base, const Side& now, CaseComparison& result) {
    const BootstrapOptions bootstrap = {.seed = seed_of(options_.bootstrap.seed, result.name),
                                        .resamples = options_.bootstrap.resamples};
    result.paired = are_paired(base, now);
    // In turns either build may have ended it for both.
    result.by_count = now.samples < base.samples   ? now.by_count
                      : base.samples < now.samples ? base.by_count
                                                   : base.by_count || now.by_count;
    Series before = base.series;
    Series after = now.series;
    if (result.paired) {
      result.base_samples = 0;
      for (std::size_t i = 0; i < before.size(); ++i) {
        keep_common_rounds(before[i], base.rounds[i], after[i], now.rounds[i]);
        result.base_samples += before[i].size();
        result.processes += before[i].empty() ? 0 : 1;
      }
      result.new_samples = result.base_samples;
      if (result.base_samples == 0) {
        result.verdict = Verdict::disturbed;
        result.reason = "other work on the machine disturbed one of the builds in every round";
        return;
      }
    }
    result.ratio = result.paired ? paired_ratio(before, after, bootstrap)
                                 : ratio_of_medians(before, after, bootstrap);
    if (!is_number(*result.ratio)) {
      result.ratio.reset();
      result.reason = "the times have no finite ratio";
      return;
    }
    // What is not judged by its own samples tells nothing about the noise of the others.
    if (too_few(std::min(result.base_samples, result.new_samples))) return;
    const bool of_processes = result.paired && result.processes >= kFewestProcesses;
    if (of_processes) add_differences(process_self_differences(before, after));
    const auto of_itself = result.paired ? paired_self_differences : self_differences;
    for (const Series* side : {&before, &after}) {
      if (!of_processes) add_differences(of_itself(*side));
    }
    // The same library in both builds: what it differs by is noise between the runs.
    if (!result.gated) {
      differences_.push_back(std::max(result.ratio->ratio, 1 / result.ratio->ratio) - 1);
    }
  }

  void add_differences(const std::vector<double>& of_case) {
    differences_.insert(differences_.end(), of_case.begin(), of_case.end());
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
    case Verdict::too_few_samples:
      return "too few samples";
    case Verdict::disturbed:
      return "disturbed";
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

std::string too_few_text(std::size_t samples, bool by_count) {
  return fmt::format("{} sample{}; {} are needed: give the run {}", samples,
                     samples == 1 ? "" : "s", kFewestSamples,
                     by_count ? "a larger --samples" : "more --budget");
}

bool ended_by_count(const CaseRecord& c) {
  return std::ranges::any_of(
      c.series, [](const SeriesRecord& s) { return s.stop_reason == name_of(StopReason::count); });
}

Verdict verdict_without_result(const CaseRecord& c) {
  return c.status == Status::disturbed ? Verdict::disturbed : Verdict::unverified;
}

bool is_number(const RatioEstimate& ratio) {
  const auto sound = [](double x) { return std::isfinite(x) && x > 0; };
  return sound(ratio.ratio) && sound(ratio.lower) && sound(ratio.upper);
}

Verdict judge(const RatioEstimate& ratio, double threshold) {
  if (!is_number(ratio)) return Verdict::inconclusive;
  const double up = 1 + threshold;
  const double down = 1 / up;
  if (ratio.lower > up) return Verdict::slower;
  if (ratio.upper < down) return Verdict::faster;
  if (ratio.lower >= down && ratio.upper <= up) return Verdict::same;
  return Verdict::inconclusive;
}

bool leaves_undecided(const RatioEstimate& ratio, double threshold) {
  if (!is_number(ratio)) return true;
  constexpr std::size_t kQuarter = 4;
  const double limit = std::log1p(threshold);
  const auto beyond =
      std::ranges::count_if(ratio.log_resamples, [&](double x) { return x > limit; });
  return judge(ratio, threshold) == Verdict::inconclusive &&
         kQuarter * static_cast<std::size_t>(beyond) >= ratio.log_resamples.size();
}

Comparison compare_records(const std::vector<NamedRecord>& base,
                           const std::vector<NamedRecord>& now, const CompareOptions& options) {
  Comparison comparison;
  comparison.base = describe(base);
  comparison.now = describe(now);
  for (const auto& [side, records] : {std::pair("base", &base), {"new", &now}}) {
    for (const auto& r : *records) {
      if (const std::string warning = build_warning(r.record.build); !warning.empty()) {
        comparison.warnings.push_back(fmt::format("{}: {}: {}", side, r.path, warning));
      }
      if (const std::string lack = unfinished(r.record); !lack.empty()) {
        comparison.unfinished.push_back(fmt::format("{}: {}: {}", side, r.path, lack));
      }
    }
  }
  // Processes that took turns are compared process by process.
  comparison.single_runs = base.size() == 1 && now.size() == 1 && !base.front().record.run.session;
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
