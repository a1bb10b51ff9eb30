// SPDX-License-Identifier: Apache-2.0
#include "bench/run/device_record.hpp"

#include <cmath>

namespace moat {

DeviceRecord device_record(const DeviceInfo& info, const Ceilings& ceilings) {
  DeviceRecord d;
  d.backend = info.backend;
  d.name = info.name;
  d.architecture = info.architecture;
  d.index = info.index;
  d.compute_units = info.compute_units;
  d.memory_bytes = static_cast<std::int64_t>(info.memory_bytes);
  d.cache_bytes = static_cast<std::int64_t>(info.cache_bytes);
  const std::string untold = "the device does not tell it";
  d.driver = Reading<std::string>::from(info.driver, untold);
  d.runtime = Reading<std::string>::from(info.runtime, untold);
  d.max_clock_mhz = Reading<int>::from(info.max_clock_mhz, untold);
  d.ecc = Reading<bool>::from(info.ecc, untold);
  d.power_limit_watts = Reading<double>::from(info.power_limit_watts, untold);

  const auto flops = [&](DType type) {
    return Reading<double>::from(ceilings.flops(type), ceilings.why_no_flops(type));
  };
  for (const DType t : kDTypes) d.ceilings.flops(t) = flops(t);
  d.ceilings.ops_int8 = Reading<double>::from(ceilings.ops_int8, ceilings.why_no_int8());
  d.ceilings.read_bytes =
      Reading<double>::from(ceilings.read_bytes, ceilings.why_no_bytes(CeilingKind::read));
  d.ceilings.copy_bytes =
      Reading<double>::from(ceilings.copy_bytes, ceilings.why_no_bytes(CeilingKind::copy));
  for (const auto& run : ceilings.runs) {
    const auto samples = static_cast<std::int64_t>(run.measurement.samples.size());
    if (samples == 0 || !(run.rate > 0) || !std::isfinite(run.measurement.summary.relative_error)) {
      continue;
    }
    d.ceilings.runs.push_back(
        {run.name, run.rate, run.measurement.summary.relative_error, samples});
  }
  return d;
}

}  // namespace moat
