// SPDX-License-Identifier: Apache-2.0
#include "bench/run/measured_group.hpp"

#include <fmt/format.h>
#include <malloc.h>

#include <algorithm>
#include <exception>
#include <utility>

#include "bench/cases/case.hpp"
#include "bench/run/turns.hpp"

namespace moat {
namespace {

constexpr const char* kInterrupted = "interrupted";

EntryResult entry_result(const ContenderResult& result, const CaseRecord& c) {
  EntryResult e;
  if (result.status != Status::ok) {
    e.error = result.message;
  } else if (!result.measurement || result.measurement->samples.empty()) {
    e.error = kInterrupted;
  } else {
    e.seconds = result.measurement->summary.median;
    if (e.seconds > 0) {
      e.flops_per_second = c.flops / e.seconds;
      e.bytes_per_second = c.bytes / e.seconds;
    }
  }
  return e;
}

}  // namespace

void MeasuredGroup::add(Contender contender) {
  cases_.push_back(empty_case(
      problem_, device_.info(), contender.name,
      contender.yardstick != nullptr ? contender.yardstick->traffic(problem_) : std::nullopt));
  contenders_.push_back(std::move(contender));
}

void MeasuredGroup::add_product(const Problem& product) {
  CaseRecord c = empty_case(problem_, device_.info(), kProductYardstick);
  c.flops = flops(product);
  c.bytes = bytes(product);
  cases_.push_back(std::move(c));
  product_ = product;
}

EntryResult MeasuredGroup::result(std::size_t i, int repetition, const GroupOptions& options,
                                  Clock& clock, Progress& progress) {
  while (static_cast<int>(repetitions_.size()) <= repetition) {
    if (options.measure.stop != nullptr && *options.measure.stop) return {.error = kInterrupted};
    progress.step(case_name(problem_));
    measure(options, clock);
  }
  return repetitions_[static_cast<std::size_t>(repetition)][i];
}

std::string MeasuredGroup::turn_name(std::size_t repetition) const {
  return fmt::format("{}/{}:{}/{}", case_name(problem_), device_.info().backend,
                     device_.info().index, repetition);
}

void MeasuredGroup::measure_elsewhere(std::uint64_t seed) {
  std::vector<CaseRecord> measured;
  std::string error;
  try {
    measured = elsewhere_(seed);
  } catch (const std::exception& e) {
    error = e.what();
  }
  auto& entries = repetitions_.emplace_back();
  for (CaseRecord& c : cases_) {
    EntryResult& entry = entries.emplace_back();
    const auto at = std::ranges::find(measured, c.name, &CaseRecord::name);
    if (!error.empty()) {
      c.status = Status::error;
      c.message = error;
    } else if (at != measured.end()) {
      if (at->median_seconds.value) entry.seconds = *at->median_seconds.value;
      add_repetition(c, std::move(*at));
    } else {
      entry.error = kInterrupted;
      continue;
    }
    if (c.status != Status::ok) {
      entry.error = c.message;
    } else if (entry.seconds > 0) {
      entry.flops_per_second = c.flops / entry.seconds;
      entry.bytes_per_second = c.bytes / entry.seconds;
    }
  }
}

void MeasuredGroup::measure(const GroupOptions& options, Clock& clock) {
  if (elsewhere_ && refusal_.empty()) {
    return measure_elsewhere(options.seed + repetitions_.size());
  }
  // Of the implementations, and of the product beside them.
  std::vector<GroupOutcome> outcomes;
  try {
    if (!refusal_.empty()) throw DeviceError(refusal_);
    GroupOptions repetition = options;
    repetition.seed += repetitions_.size();
    if (options.turns != nullptr) {
      repetition.measure.next_round = [&, name = turn_name(repetitions_.size())](
                                          bool wanted, std::vector<int>& calls) {
        return options.turns->next_round(name, wanted, calls);
      };
    }
    std::vector<GroupPart> parts;
    if (!contenders_.empty()) parts.push_back({.problem = problem_, .contenders = contenders_});
    if (product_) {
      const auto solve = [this] { return [this](const Problem& p) { device_.run(p); }; };
      parts.push_back({.problem = *product_,
                       .contenders = {{.name = kProductYardstick, .prepare = solve}},
                       .beside = !parts.empty()});
    }
    outcomes = run_groups(device_, parts, repetition, clock);
  } catch (const std::exception& e) {
    outcomes.assign(1, GroupOutcome{});
    outcomes.front().results.resize(cases_.size());
    for (auto& result : outcomes.front().results) result.message = e.what();
  }
  // What the group freed is the next one's to allocate, also within a container's limit.
  malloc_trim(0);
  auto& entries = repetitions_.emplace_back();
  for (const GroupOutcome& outcome : outcomes) {
    for (const ContenderResult& result : outcome.results) {
      CaseRecord& c = cases_[entries.size()];
      add_repetition(c, result, outcome);
      entries.push_back(entry_result(result, c));
    }
  }
}

void MeasuredGroup::raise(Ceilings& ceilings) const {
  for (const CaseRecord& c : cases_) {
    if (!is_traffic_yardstick(c.implementation) || c.status != Status::ok || c.cache != "cold") {
      continue;
    }
    Measurement measurement;
    measurement.name = c.name;
    for (const auto& s : c.series) {
      measurement.samples.insert(measurement.samples.end(), s.seconds.begin(), s.seconds.end());
    }
    const auto kind = c.implementation == kCopyYardstick ? CeilingKind::copy : CeilingKind::read;
    enter_traffic(ceilings, kind, c.bytes, std::move(measurement));
  }
}

bool MeasuredGroup::exceeds(const Ceilings& ceilings) const {
  auto cases = cases_;
  std::erase_if(cases, [](const CaseRecord& c) { return c.series.empty(); });
  finish_group(cases, problem_, ceilings, ceilings);
  return std::ranges::any_of(cases,
                             [](const CaseRecord& c) { return c.status == Status::suspect; });
}

std::vector<CaseRecord> MeasuredGroup::finish(const Ceilings& ceilings) {
  if (repetitions_.empty()) return {};
  std::erase_if(cases_,
                [](const CaseRecord& c) { return c.status == Status::ok && c.series.empty(); });
  for (auto& c : cases_) {
    if (c.implementation == kOurs) {
      c.baselines_absent = absent_;
      c.schedule = schedule_;
    }
    if (auto schedule = schedule_of(c.implementation)) c.schedule = std::move(schedule);
  }
  finish_group(cases_, problem_, ceilings, beside_);
  return std::exchange(cases_, {});
}

}  // namespace moat
