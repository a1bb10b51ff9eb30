// SPDX-License-Identifier: Apache-2.0
#include "bench/compare/conditions.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

namespace moat {

const DeviceRecord* device_of(const Record& record, const CaseRecord& c) {
  for (const auto& d : record.devices) {
    if (d.backend == c.backend && d.index == c.device) return &d;
  }
  return nullptr;
}

namespace {

std::string processors_of(const RunInfo& run) {
  if (!run.processors.value) return "all";
  std::string text;
  for (const int p : *run.processors.value) text += fmt::format("{}{}", text.empty() ? "" : ",", p);
  return text;
}

}  // namespace

Conditions build_of(const Record& record) {
  const Build& build = record.build;
  const auto& dirty = build.dirty.value;
  return {{"commit", build.commit.value ? build.commit.value->substr(0, 12) : "unknown"},
          {"tree", !dirty   ? "unknown"
                   : *dirty ? "modified"
                            : "clean"},
          {"compiler", build.compiler},
          {"program", build.executable.value_or("unknown")}};
}

Conditions conditions_of(const Record& record, const DeviceRecord& device) {
  return {{"device", device.name},
          {"architecture", device.architecture},
          {"threads", std::to_string(record.run.threads)},
          {"build type", record.build.build_type},
          {"compute units", std::to_string(device.compute_units)},
          {"compiler flags", record.build.flags},
          {"CPU quota", record.run.cpu_quota ? fmt::format("{:g}", *record.run.cpu_quota) : "none"},
          {"processors", processors_of(record.run)}};
}

Conditions conditions_of(const Record& record, const CaseRecord& c) {
  Conditions conditions;
  if (const auto* device = device_of(record, c)) conditions = conditions_of(record, *device);
  conditions.emplace_back("cache", c.cache);
  conditions.emplace_back("FLOPs of a call", fmt::format("{:g}", c.flops));
  for (const auto& l : record.libraries) {
    if (l.name == c.implementation) {
      conditions.emplace_back("library", fmt::format("{} ({})", l.version, l.detail));
    }
  }
  return conditions;
}

std::string difference(const Conditions& base, const Conditions& now) {
  const auto [x, y] = std::ranges::mismatch(base, now);
  if (x == base.end() && y == now.end()) return "";
  if (x == base.end() || y == now.end() || x->first != y->first) {
    return "the device or library is not described on one side";
  }
  return fmt::format("{}: {}, was {}", x->first, y->second, x->second);
}

}  // namespace moat
