// SPDX-License-Identifier: Apache-2.0
#include "bench/compare/beside.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "bench/measure/measure.hpp"
#include "bench/run/case_records.hpp"

namespace moat {
namespace {

Series series_of(const CaseRecord& c) {
  Series series;
  for (const auto& s : c.series) series.push_back(s.seconds);
  return series;
}

bool of_one_device(const CaseRecord& a, const CaseRecord& b) {
  return a.backend == b.backend && a.device == b.device;
}

// `work` is how many of the other's calls one of ours is worth.
Beside entry(const CaseRecord& ours, const CaseRecord& other, const std::string& name, double work,
             double threshold, const BootstrapOptions& options) {
  Beside b{.problem = ours.problem,
           .kernel = ours.kernel,
           .backend = ours.backend,
           .device = ours.device,
           .other = name,
           .seconds = ours.median_seconds.value,
           .speed = {},
           .samples = std::min(samples_of(ours), samples_of(other)),
           .verdict = Verdict::unverified,
           .reason = {}};
  for (const CaseRecord* c : {&ours, &other}) {
    if (c->status == Status::ok) continue;
    b.verdict = verdict_without_result(*c);
    b.reason = fmt::format("{} {}: {}", c->implementation, name_of(c->status), c->message);
    b.samples = 0;
    return b;
  }
  const BootstrapOptions seeded = {.seed = seed_of(options.seed, ours.name + name),
                                   .resamples = options.resamples};
  const RatioEstimate time = ratio_of_medians(series_of(other), series_of(ours), seeded);
  RatioEstimate speed = {.ratio = work / time.ratio,
                         .lower = work / time.upper,
                         .upper = work / time.lower,
                         .log_resamples = {}};
  b.speed = std::move(speed);
  if (b.samples < kFewestSamples) {
    b.verdict = Verdict::too_few_samples;
    const CaseRecord& fewer = samples_of(other) < samples_of(ours) ? other : ours;
    b.reason = too_few_text(static_cast<std::size_t>(b.samples), ended_by_count(fewer));
    return b;
  }
  b.verdict = judge({.ratio = 1 / b.speed->ratio,
                     .lower = 1 / b.speed->upper,
                     .upper = 1 / b.speed->lower,
                     .log_resamples = {}},
                    threshold);
  return b;
}

}  // namespace

int samples_of(const CaseRecord& c) {
  std::size_t samples = 0;
  for (const auto& s : c.series) samples += s.seconds.size();
  return static_cast<int>(samples);
}

DisturbedSamples disturbed_samples(const Record& record) {
  DisturbedSamples samples;
  for (const CaseRecord& c : record.cases) {
    samples.all += static_cast<std::size_t>(samples_of(c));
    for (const SeriesRecord& s : c.series) {
      const auto n = static_cast<std::size_t>(
          std::ranges::count(s.discarded, name_of(DiscardReason::disturbed),
                             [](const DiscardedRecord& d) { return std::string_view(d.reason); }));
      samples.disturbed += n;
      samples.all += n;
    }
  }
  return samples;
}

int samples_beside(const Record& record, const CaseRecord& ours, std::string_view implementation) {
  for (const auto& c : record.cases) {
    if (c.problem == ours.problem && of_one_device(c, ours) && c.implementation == implementation) {
      return c.status == Status::ok ? std::min(samples_of(ours), samples_of(c)) : 0;
    }
  }
  return samples_of(ours);
}

std::vector<Beside> beside(const Record& record, const std::string& rate_of, double threshold,
                           const BootstrapOptions& options) {
  std::vector<Beside> entries;
  for (const auto& ours : record.cases) {
    if (ours.implementation != kOurs) continue;
    for (const auto& other : record.cases) {
      if (!of_one_device(ours, other)) continue;
      if (other.problem == ours.problem && other.implementation != kOurs) {
        // A product has the FLOPs that fit it, about as many.
        const bool product = other.implementation == kProductYardstick;
        if (product && !(other.flops > 0)) continue;
        const double work = product ? ours.flops / other.flops : 1;
        entries.push_back(entry(ours, other, other.implementation, work, threshold, options));
      }
      if (other.problem == rate_of && other.implementation == kOurs &&
          other.problem != ours.problem && other.flops > 0) {
        entries.push_back(
            entry(ours, other, rate_of, ours.flops / other.flops, threshold, options));
      }
    }
  }
  return entries;
}

}  // namespace moat
