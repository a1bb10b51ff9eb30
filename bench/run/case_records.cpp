// SPDX-License-Identifier: Apache-2.0
#include "bench/run/case_records.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <utility>

#include "bench/cases/case.hpp"

namespace moat {
namespace {

SeriesRecord to_series(const Measurement& m) {
  SeriesRecord s;
  s.seconds = m.samples;
  if (!m.rounds.empty()) s.rounds = m.rounds;
  s.calls_per_sample = m.batch;
  s.stop_reason = name_of(m.stop_reason);
  s.throttled = m.throttled;
  for (const auto& d : m.discarded) {
    s.discarded.push_back(
        {std::isfinite(d.seconds) ? Reading<double>::of(d.seconds)
                                  : Reading<double>::none("the device's time is not finite"),
         std::string(name_of(d.reason)),
         d.reason == DiscardReason::disturbed ? std::optional(d.waited_seconds) : std::nullopt});
  }
  s.min_clock_mhz = Reading<int>::from(m.min_clock_mhz, "the device does not tell its clock");
  s.max_clock_mhz = Reading<int>::from(m.max_clock_mhz, "the device does not tell its clock");
  return s;
}

// Of a disturbed case the samples stay, for the reader who wants to see what disturbed them.
void drop_times(CaseRecord& c) {
  const std::string why = fmt::format("the case is not ok: {}", name_of(c.status));
  if (c.status != Status::disturbed) c.series.clear();
  c.ratios.clear();
  const auto none = Reading<double>::none(why);
  c.median_seconds = c.lower_quartile_seconds = c.upper_quartile_seconds = none;
  c.relative_error = c.gflops = c.gbytes = none;
  c.ceiling = Reading<ShareRecord>::none(why);
}

// The worst of several checks of one case.
void merge_check(Reading<CheckRecord>& into, const CheckRecord& check) {
  if (!into.value || !check.passed) {
    if (!into.value || into.value->passed) into = Reading<CheckRecord>::of(check);
    return;
  }
  auto& worst = into.value->error_over_bound.value;
  const auto& error = check.error_over_bound.value;
  if (worst && error && *error > *worst) worst = error;
}

std::optional<Roofline> roof_of(const CaseRecord& c, const Problem& problem, double seconds,
                                const Ceilings& ceilings) {
  const bool cold = c.cache == "cold";
  if (c.implementation == kProductYardstick) {
    return product_roofline(c.flops, dtype(problem), seconds, ceilings);
  }
  if (!is_yardstick(c.implementation)) return roofline(problem, seconds, ceilings, cold);
  const double written = c.implementation == kCopyYardstick ? c.bytes / 2 : 0;
  return traffic_roofline(c.bytes - written, written, seconds, ceilings, cold);
}

std::string why_no_share(const CaseRecord& c, const Problem& problem, const Ceilings& ceilings) {
  if (c.implementation == kProductYardstick) {
    return fmt::format("no {} compute ceiling: {}", name_of(dtype(problem)),
                       ceilings.why_no_flops(dtype(problem)));
  }
  if (!is_yardstick(c.implementation)) return why_no_roofline(problem, ceilings, c.cache == "cold");
  return c.cache == "cold" ? "no memory ceiling was measured"
                           : "operands that stay in the cache have no memory ceiling";
}

std::vector<double> all_samples(const CaseRecord& c) {
  std::vector<double> samples;
  for (const auto& s : c.series) samples.insert(samples.end(), s.seconds.begin(), s.seconds.end());
  return samples;
}

// The times and rates of samples, of which there is one at least.
void summarize_samples(CaseRecord& c, const std::vector<double>& samples) {
  const Summary summary = summarize(samples);
  c.median_seconds = Reading<double>::of(summary.median);
  c.lower_quartile_seconds = Reading<double>::of(summary.lower_quartile);
  c.upper_quartile_seconds = Reading<double>::of(summary.upper_quartile);
  c.relative_error = Reading<double>::of(summary.relative_error);
  c.gflops = is_traffic_yardstick(c.implementation)
                 ? Reading<double>::none("a yardstick computes nothing")
                 : Reading<double>::of(c.flops / summary.median / 1e9);
  c.gbytes = Reading<double>::of(c.bytes / summary.median / 1e9);
}

void finish_case(CaseRecord& c, const Problem& problem, const Ceilings& ceilings,
                 const Ceilings& beside) {
  const std::vector<double> samples = all_samples(c);
  const auto unseen = std::ranges::count_if(samples, [](double s) { return !(s > 0); });
  if (unseen > 0) {
    c.status = Status::error;
    c.message = fmt::format("the device's clock saw no time pass in {} of {} samples", unseen,
                            samples.size());
  } else if (c.status == Status::ok && samples.empty()) {
    c.status = Status::error;
    c.message = "no sample was taken";
  }
  if (c.status != Status::ok) {
    drop_times(c);
    return;
  }
  summarize_samples(c, samples);
  const double median = c.median_seconds.get();
  const auto roof = roof_of(c, problem, median, ceilings);
  if (!roof) {
    c.ceiling = Reading<ShareRecord>::none(why_no_share(c, problem, ceilings));
    return;
  }
  c.ceiling =
      Reading<ShareRecord>::of({.bound = std::string(name_of(roof->bound)), .share = roof->share});
  if (roof->suspect) {
    c.message =
        fmt::format("{:.0f} % of the measured {} ceiling", 100 * roof->share, name_of(roof->bound));
    const auto confirmed = roof_of(c, problem, median, beside);
    if (!confirmed || !confirmed->suspect) {
      c.status = Status::disturbed;
      c.message += fmt::format(", which could not be measured again beside the case: {}",
                               beside.interrupted.empty() ? "the machine is busy" : "interrupted");
      drop_times(c);
      return;
    }
    c.status = Status::suspect;
    c.gflops = c.gbytes = Reading<double>::none("the case is suspect");
  }
}

}  // namespace

std::string entry_name(const Problem& problem, const DeviceInfo& device,
                       const std::string& implementation) {
  return fmt::format("{}/{}{}/{}", case_name(problem), device.backend,
                     device.index > 0 ? std::to_string(device.index) : "", implementation);
}

CaseRecord empty_case(const Problem& problem, const DeviceInfo& device, const std::string& name,
                      const std::optional<Traffic>& traffic) {
  CaseRecord c;
  c.name = entry_name(problem, device, name);
  c.problem = case_name(problem);
  c.kernel = kernel_name(problem);
  c.dtype = name_of(dtype(problem));
  c.backend = device.backend;
  c.device = device.index;
  c.implementation = name;
  c.status = Status::ok;
  c.check = Reading<CheckRecord>::none("it did not run");
  c.flops = traffic ? 0 : flops(problem);
  c.bytes = traffic ? traffic->read + traffic->written : bytes(problem);
  c.cache = "hot";
  return c;
}

void add_repetition(CaseRecord& c, const ContenderResult& result, const GroupOutcome& outcome) {
  c.rotation_sets = outcome.rotation_sets;
  c.cache = outcome.cold ? "cold" : "hot";
  if (result.check) merge_check(c.check, *result.check);
  if (!c.quantisation_loss) c.quantisation_loss = result.quantisation_loss;
  const bool was_disturbed = c.status == Status::disturbed;
  if (c.status != Status::ok && !was_disturbed) return;
  if (!was_disturbed || result.status != Status::ok) {
    c.status = result.status;
    c.message = result.message;
  }
  if (result.measurement) c.series.push_back(to_series(*result.measurement));
  if (c.status != Status::ok) drop_times(c);
}

void add_repetition(CaseRecord& c, CaseRecord measured) {
  c.rotation_sets = measured.rotation_sets;
  c.cache = measured.cache;
  if (measured.check.value) merge_check(c.check, *measured.check.value);
  if (!c.quantisation_loss) c.quantisation_loss = measured.quantisation_loss;
  const bool was_disturbed = c.status == Status::disturbed;
  if (c.status != Status::ok && !was_disturbed) return;
  if (!was_disturbed || measured.status != Status::ok) {
    c.status = measured.status;
    c.message = measured.message;
  }
  std::ranges::move(measured.series, std::back_inserter(c.series));
  if (c.status != Status::ok) drop_times(c);
}

namespace {

void add_process(CaseRecord& into, CaseRecord process) {
  const bool was_disturbed = into.status == Status::disturbed;
  if (into.status != Status::ok && !was_disturbed) return;
  if (process.check.value) merge_check(into.check, *process.check.value);
  if (!into.quantisation_loss) into.quantisation_loss = process.quantisation_loss;
  const bool has_times = process.status == Status::ok || process.status == Status::disturbed;
  if (!was_disturbed || !has_times) {
    into.status = process.status;
    into.message = process.message;
  }
  std::ranges::move(process.series, std::back_inserter(into.series));
  if (into.status != Status::ok) {
    drop_times(into);
  } else {
    summarize_samples(into, all_samples(into));
  }
}

}  // namespace

void add_process(Record& into, Record process) {
  for (CaseRecord& c : process.cases) {
    const auto at = std::ranges::find(into.cases, c.name, &CaseRecord::name);
    if (at == into.cases.end()) {
      into.cases.push_back(std::move(c));
    } else {
      add_process(*at, std::move(c));
    }
  }
  for (CaseRecord& c : into.cases) {
    std::erase_if(c.ratios, [&](RatioRecord& r) {
      const auto other = std::ranges::find_if(into.cases, [&](const CaseRecord& o) {
        return o.problem == c.problem && o.backend == c.backend && o.device == c.device &&
               o.implementation == r.baseline;
      });
      if (other == into.cases.end() || !other->median_seconds.value) return true;
      r.ratio = *other->median_seconds.value / c.median_seconds.get();
      return false;
    });
  }
  RunInfo& run = into.run;
  run.repetitions += process.run.repetitions;
  run.duration_seconds += process.run.duration_seconds;
  run.interrupted |= process.run.interrupted;
  if (!run.scheduling.value || !process.run.scheduling.value) return;
  SchedulingRecord& sum = *run.scheduling.value;
  const SchedulingRecord& more = *process.run.scheduling.value;
  sum.waited_seconds += more.waited_seconds;
  sum.involuntary_switches += more.involuntary_switches;
  if (sum.steal_seconds.value && more.steal_seconds.value) {
    *sum.steal_seconds.value += *more.steal_seconds.value;
  }
}

void finish_group(std::vector<CaseRecord>& group, const Problem& problem, const Ceilings& ceilings,
                  const Ceilings& beside) {
  for (CaseRecord& c : group) finish_case(c, problem, ceilings, beside);
  for (CaseRecord& ours : group) {
    if (!is_ours(ours.implementation) || ours.status != Status::ok) continue;
    const bool chosen = ours.implementation != kOurs;
    for (const CaseRecord& other : group) {
      if (other.status != Status::ok || is_yardstick(other.implementation)) continue;
      if (chosen ? other.implementation != kOurs : is_ours(other.implementation)) continue;
      ours.ratios.push_back(
          {other.implementation, other.median_seconds.get() / ours.median_seconds.get()});
    }
  }
}

}  // namespace moat
