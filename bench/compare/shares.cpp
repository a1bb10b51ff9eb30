// SPDX-License-Identifier: Apache-2.0
#include "bench/compare/shares.hpp"

#include <fmt/format.h>

#include <string>

#include "bench/cases/case.hpp"
#include "bench/compare/conditions.hpp"
#include "bench/measure/ceilings.hpp"
#include "bench/run/case_records.hpp"

namespace moat {
namespace {

Ceilings ceilings_of(const CeilingsRecord& record, DType type) {
  Ceilings ceilings;
  for (const DType t : kDTypes) ceilings.flops(t) = record.flops(t).value;
  ceilings.read_bytes = record.read_bytes.value;
  ceilings.copy_bytes = record.copy_bytes.value;
  const auto lacks = [&](const std::string& what, const Reading<double>& rate) {
    if (rate.value) return;
    if (rate.reason == "interrupted") return ceilings.interrupted.push_back(what);
    const std::string unit = rate.reason.substr(0, rate.reason.find(": "));
    const bool named = unit != rate.reason && unit.find(what) != std::string::npos;
    ceilings.missing.push_back(named ? rate.reason : fmt::format("{}: {}", what, rate.reason));
  };
  lacks(std::string(name_of(type)), record.flops(type));
  lacks("read", record.read_bytes);
  lacks("copy", record.copy_bytes);
  return ceilings;
}

// A yardstick only moves bytes.
void recompute_yardstick(CaseRecord& c, const CeilingsRecord& record) {
  const bool copies = c.implementation == kCopyYardstick;
  const Reading<double>& rate = copies ? record.copy_bytes : record.read_bytes;
  if (rate.value || !c.ceiling.value) return;
  c.ceiling = Reading<ShareRecord>::none("no memory ceiling was measured: " + rate.reason);
}

void recompute(CaseRecord& c, const CeilingsRecord& record) {
  const Problem problem = parse_case(c.problem);
  const Ceilings ceilings = ceilings_of(record, dtype(problem));
  const bool memory = ceilings.read_bytes && ceilings.copy_bytes;
  if (ceilings.flops(dtype(problem)) && memory) return;
  const bool cold = c.cache == "cold";
  const auto roof = roofline(problem, c.median_seconds.get(), ceilings, cold);
  c.ceiling = roof ? Reading<ShareRecord>::of(
                         {.bound = std::string(name_of(roof->bound)), .share = roof->share})
                   : Reading<ShareRecord>::none(why_no_roofline(problem, ceilings, cold));
}

}  // namespace

void recompute_shares(Record& record) {
  for (auto& c : record.cases) {
    const DeviceRecord* device = device_of(record, c);
    if (device == nullptr || c.status != Status::ok) continue;
    // Its share was never computed in another way.
    if (c.implementation == kProductYardstick) continue;
    if (is_yardstick(c.implementation)) {
      recompute_yardstick(c, device->ceilings);
      continue;
    }
    try {
      recompute(c, device->ceilings);
    } catch (const CaseError&) {
      // A problem that this program does not know: its share stays.
    }
  }
}

}  // namespace moat
