// SPDX-License-Identifier: Apache-2.0
#include "bench/run/resume.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <iterator>
#include <optional>
#include <unordered_map>
#include <unordered_set>

#include "problems/dtype.hpp"

namespace moat {
namespace {

using Texts = std::vector<std::pair<std::string, std::string>>;  // what it is, how it is

template <class T>
std::string text_of(const Reading<T>& reading) {
  return reading.value ? fmt::format("{}", *reading.value) : "unknown";
}

// Those that decide what is measured and how: not the program's name, --resume, --progress, nor
// where the record goes or how long all may take.
std::vector<std::string> deciding(const std::vector<std::string>& arguments) {
  std::vector<std::string> left;
  for (std::size_t i = 1; i < arguments.size(); ++i) {
    const std::string& argument = arguments[i];
    if (argument == "--resume" || argument == "--progress" || argument.starts_with("--out=") ||
        argument.starts_with("--time=")) {
      continue;
    }
    if (argument == "--out" || argument == "--time") {
      ++i;
      continue;
    }
    left.push_back(argument);
  }
  return left;
}

bool is_of_its_commit(const Build& build) { return !build.dirty.value.value_or(true); }

// All that has to be equal.
Texts conditions_of(const Record& r) {
  Texts texts = {{"options", fmt::format("{}", fmt::join(deciding(r.run.arguments), " "))},
                 {"commit", text_of(r.build.commit)},
                 {"changes to the commit's sources", text_of(r.build.dirty)},
                 {"program, whose sources are not those of a commit",
                  r.build.executable.value_or(is_of_its_commit(r.build) ? "none" : "unknown")},
                 {"version", r.build.version},
                 {"compiler", r.build.compiler},
                 {"compiler flags", r.build.flags},
                 {"build type", r.build.build_type},
                 {"processor", text_of(r.host.cpu)},
                 {"threads", fmt::format("{}", r.run.threads)},
                 {"processors", text_of(r.run.processors)},
                 {"limit of CPU time", fmt::format("{}", r.run.cpu_quota.value_or(0))}};
  for (const DeviceRecord& d : r.devices) {
    texts.emplace_back(fmt::format("device {}:{}", d.backend, d.index),
                       fmt::format("{} ({}, {} units, {} bytes of cache, driver {}, runtime {})",
                                   d.name, d.architecture, d.compute_units, d.cache_bytes,
                                   text_of(d.driver), text_of(d.runtime)));
  }
  for (const LibraryRecord& l : r.libraries) {
    texts.emplace_back(l.name, fmt::format("{} ({})", l.version, l.detail));
  }
  return texts;
}

const CaseRecord* find(const Record& record, const std::string& name) {
  const auto at = std::ranges::find(record.cases, name, &CaseRecord::name);
  return at == record.cases.end() ? nullptr : &*at;
}

void raise(Reading<double>& rate, const Reading<double>& other) {
  if (other.value && (!rate.value || *other.value > *rate.value)) rate = other;
}

void raise(CeilingsRecord& ceilings, const CeilingsRecord& earlier) {
  for (const DType t : kDTypes) raise(ceilings.flops(t), earlier.flops(t));
  raise(ceilings.ops_int8, earlier.ops_int8);
  raise(ceilings.read_bytes, earlier.read_bytes);
  raise(ceilings.copy_bytes, earlier.copy_bytes);
  ceilings.runs.insert(ceilings.runs.begin(), earlier.runs.begin(), earlier.runs.end());
}

void add(Reading<SchedulingRecord>& into, const Reading<SchedulingRecord>& earlier) {
  if (!into.value || !earlier.value) {
    if (into.value) into = earlier;
    return;
  }
  SchedulingRecord& sum = *into.value;
  sum.waited_seconds += earlier.value->waited_seconds;
  sum.involuntary_switches += earlier.value->involuntary_switches;
  const auto& steal = earlier.value->steal_seconds;
  if (!steal.value) sum.steal_seconds = steal;
  if (sum.steal_seconds.value) *sum.steal_seconds.value += *steal.value;
}

}  // namespace

std::string why_not_resumed(const Record& earlier, const Record& now) {
  if (!is_of_its_commit(now.build) && !now.build.executable) {
    return "this program's sources are not those of a commit, and the system does not show the "
           "program, so that it cannot be told from another";
  }
  const Texts before = conditions_of(earlier);
  const Texts after = conditions_of(now);
  const auto value = [](const Texts& texts, const std::string& what) -> std::optional<std::string> {
    for (const auto& [name, text] : texts) {
      if (name == what) return text;
    }
    return std::nullopt;
  };
  for (const auto& [what, text] : before) {
    const std::string other = value(after, what).value_or("none");
    if (other != text) return fmt::format("{}: {} there, {} here", what, text, other);
  }
  for (const auto& [what, text] : after) {
    if (!value(before, what)) return fmt::format("{}: none there, {} here", what, text);
  }
  return {};
}

bool has_case(const Record& record, const std::string& name, int repetitions) {
  const CaseRecord* c = find(record, name);
  if (c == nullptr) return false;
  if (c->status == Status::failed) return true;
  // What did not fit, or was disturbed, may come out otherwise now.
  if (c->status == Status::error || c->status == Status::disturbed) return false;
  return static_cast<int>(c->series.size()) == repetitions &&
         std::ranges::none_of(c->series,
                              [](const SeriesRecord& s) { return s.stop_reason == "interrupted"; });
}

void add_earlier(Record& into, const Record& earlier, const std::vector<std::string>& planned) {
  std::unordered_set<std::string> measured_again;
  for (const CaseRecord& c : into.cases) measured_again.insert(c.name);
  for (const CaseRecord& c : earlier.cases) {
    if (!measured_again.contains(c.name)) into.cases.push_back(c);
  }
  std::unordered_map<std::string, std::size_t> place;
  for (const std::string& name : planned) place.emplace(name, place.size());
  std::ranges::stable_sort(into.cases, {}, [&](const CaseRecord& c) {
    const auto at = place.find(c.name);
    return at == place.end() ? planned.size() : at->second;
  });
  for (DeviceRecord& d : into.devices) {
    for (const DeviceRecord& other : earlier.devices) {
      if (other.backend == d.backend && other.index == d.index) raise(d.ceilings, other.ceilings);
    }
  }
  into.run.started = earlier.run.started;
  into.run.duration_seconds += earlier.run.duration_seconds;
  add(into.run.scheduling, earlier.run.scheduling);
}

}  // namespace moat
