// SPDX-License-Identifier: Apache-2.0
#include "bench/software/floor.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

namespace moat {
namespace {

// Time is not judged here: no floor is above it.
constexpr double kAnyTime = std::numeric_limits<double>::infinity();

Floor floor_of_kernel(const Problem& problem, const Ceilings& ceilings, bool cold) {
  if (const auto roof = roofline(problem, kAnyTime, ceilings, cold)) {
    return {.seconds = roof->floor_seconds, .bound = std::string(name_of(roof->bound))};
  }
  if (work(problem) == Work::vectors) {
    const double written = written_bytes(problem);
    const auto memory =
        traffic_roofline(bytes(problem) - written, written, kAnyTime, ceilings, cold);
    if (memory) {
      return {.seconds = memory->floor_seconds, .bound = "memory", .from_memory_alone = true};
    }
  }
  return {.seconds = {}, .reason = why_no_roofline(problem, ceilings, cold)};
}

Floor floor_of_step(const Step& step, bool cached, const Ceilings& ceilings, bool cold) {
  const double read = step.read - (cached ? step.read_between : 0);
  const double written = step.written - (cached ? step.written_between : 0);
  Floor floor{.seconds = 0, .bound = "memory"};
  if (cold && read + written > 0) {
    const auto memory = traffic_roofline(read, written, kAnyTime, ceilings, cold);
    if (!memory) {
      const std::string why =
          ceilings.why_no_bytes(ceilings.read_bytes ? CeilingKind::copy : CeilingKind::read);
      return {.seconds = {}, .reason = "no memory ceiling: " + why};
    }
    floor.seconds = memory->floor_seconds;
  }
  const auto rate = ceilings.flops(step.dtype);
  if (rate && step.flops / *rate > *floor.seconds) {
    floor = {.seconds = step.flops / *rate, .bound = "compute"};
  } else if (!rate && (step.products || *floor.seconds == 0)) {
    return {.seconds = {},
            .reason = fmt::format("no {} compute ceiling: {}", name_of(step.dtype),
                                  ceilings.why_no_flops(step.dtype))};
  }
  return floor;
}

}  // namespace

std::vector<Step> steps_of(const ReadWay& way) {
  if (way.chain == nullptr) return {step_of(*way.problem)};
  return way.chain->steps(*way.problem);
}

bool stays_in_cache(const ReadWay& way, const DeviceInfo& device) {
  return way.chain != nullptr &&
         way.chain->between(*way.problem) <= static_cast<double>(device.cache_bytes);
}

bool memory_binds(const ReadWay& way, const Floor& floor, bool cold) {
  if (floor.seconds) return floor.bound == "memory";
  return cold && std::ranges::none_of(steps_of(way), &Step::products);
}

Floor floor_of(const ReadWay& way, const DeviceInfo& device, const Ceilings& ceilings, bool cold) {
  if (way.chain == nullptr) return floor_of_kernel(*way.problem, ceilings, cold);
  const bool cached = stays_in_cache(way, device);
  Floor sum{.seconds = 0};
  for (const Step& step : steps_of(way)) {
    Floor floor = floor_of_step(step, cached, ceilings, cold);
    if (!floor.seconds) return floor;
    *sum.seconds += *floor.seconds;
    if (*floor.seconds == 0) continue;
    sum.bound = sum.bound.empty() || sum.bound == floor.bound ? floor.bound : "both";
  }
  return sum;
}

}  // namespace moat
