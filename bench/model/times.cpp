// SPDX-License-Identifier: Apache-2.0
#include "bench/model/times.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "bench/cases/case.hpp"
#include "bench/run/case_records.hpp"

namespace moat {
namespace {

const CaseRecord* find_ours(const std::string& problem, const Record& record,
                            const DeviceRecord& device) {
  const auto found = std::ranges::find_if(record.cases, [&](const CaseRecord& c) {
    return c.problem == problem && c.implementation == kOurs && c.backend == device.backend &&
           c.device == device.index;
  });
  return found == record.cases.end() ? nullptr : &*found;
}

Reading<double> time_in(const CaseRecord& c) {
  if (c.status != Status::ok) {
    return Reading<double>::none(fmt::format("{}: {}", name_of(c.status), c.message));
  }
  // Of operands so small that no number of sets leaves the cache the time is a lower bound.
  if (c.cache != "cold" && c.rotation_sets < 2) {
    return Reading<double>::none("measured with its operands in the cache");
  }
  return c.median_seconds;
}

// A processor's kernels are as fast as their threads are many.
bool alike(const Record& own, const DeviceRecord& device, const Record& other,
           const DeviceRecord& there) {
  if (device.backend != there.backend || device.name != there.name ||
      device.architecture != there.architecture) {
    return false;
  }
  return !is_host(own, device) ||
         (own.run.threads == other.run.threads && own.run.cpu_quota == other.run.cpu_quota);
}

}  // namespace

CaseTime time_of(const std::string& problem, const Record& own, const DeviceRecord& device,
                 const std::vector<NamedRecord>& others) {
  CaseTime best{.seconds = Reading<double>::none("not measured")};
  if (const CaseRecord* c = find_ours(problem, own, device)) {
    best.seconds = time_in(*c);
    if (best.seconds.value) {
      best.cache = c->cache;
      return best;
    }
  }
  for (const NamedRecord& other : others) {
    for (const DeviceRecord& there : other.record.devices) {
      const CaseRecord* c = find_ours(problem, other.record, there);
      if (c == nullptr) continue;
      if (!alike(own, device, other.record, there)) {
        if (best.seconds.reason == "not measured") {
          best.seconds.reason = fmt::format(
              "not measured; {} has it of another device or number of threads", other.path);
        }
        continue;
      }
      const Reading<double> seconds = time_in(*c);
      if (seconds.value) return {seconds, c->cache, other.path};
      best.seconds.reason = fmt::format("{} in {}", seconds.reason, other.path);
    }
  }
  return best;
}

std::vector<Problem> without_time(const std::vector<Problem>& problems, const Record& own,
                                  const std::vector<NamedRecord>& others) {
  std::vector<Problem> left;
  for (const Problem& problem : problems) {
    const std::string name = case_name(problem);
    if (std::ranges::any_of(own.devices, [&](const DeviceRecord& d) {
          return !time_of(name, own, d, others).seconds.value;
        })) {
      left.push_back(problem);
    }
  }
  return left;
}

}  // namespace moat
