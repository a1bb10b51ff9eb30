// SPDX-License-Identifier: Apache-2.0
#include "bench/compare/shares.hpp"

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
  const auto& flops = record.flops(type);
  ceilings.missing.push_back(!flops.value               ? flops.reason
                             : !record.read_bytes.value ? record.read_bytes.reason
                                                        : record.copy_bytes.reason);
  return ceilings;
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
    if (device == nullptr || c.status != Status::ok || is_yardstick(c.implementation)) continue;
    try {
      recompute(c, device->ceilings);
    } catch (const CaseError&) {
      // A problem that this program does not know: its share stays.
    }
  }
}

}  // namespace moat
