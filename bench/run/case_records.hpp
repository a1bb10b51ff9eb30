// SPDX-License-Identifier: Apache-2.0
// From the outcomes of a group to the entries of the record.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bench/baselines/baselines.hpp"
#include "bench/measure/ceilings.hpp"
#include "bench/record/record.hpp"
#include "bench/run/group.hpp"

namespace moat {

// The entry of one contender before it was measured. A yardstick computes nothing and moves what
// it says.
CaseRecord empty_case(const Problem& problem, const DeviceInfo& device, const std::string& name,
                      const std::optional<Traffic>& traffic = std::nullopt);

// The name of an entry: problem/backend/implementation; devices after a backend's first carry
// their index, as in gemm/f32/m64n64k64/BACKEND1/moat.
std::string entry_name(const Problem& problem, const DeviceInfo& device,
                       const std::string& implementation);

// Adds one repetition. Once a case is not ok, it stays so and keeps no times.
void add_repetition(CaseRecord& c, const ContenderResult& result, const GroupOutcome& outcome);

// Adds a repetition that a process of its own measured: the same case as `c`, whose samples, check
// and status are taken.
void add_repetition(CaseRecord& c, CaseRecord measured);

// Adds what another process of one build measured: its series, and the worse result.
void add_process(Record& into, Record process);

// Computes what follows from the samples: median, rates, share of the ceiling, ratios to the
// baselines but not to yardsticks; of ours with another schedule, to ours. `group` are the entries
// of one problem on one device, ours named "moat". A case above kSuspectShare of its ceiling
// becomes suspect if `beside`, the ceilings measured right beside it, say so too, and disturbed if
// they could not be measured there.
void finish_group(std::vector<CaseRecord>& group, const Problem& problem, const Ceilings& ceilings,
                  const Ceilings& beside);

inline constexpr const char* kOurs = "moat";

// Our kernel with a schedule that is not its table's choice: "moat.in-place-16x128x1024".
inline std::string with_schedule(const std::string& schedule) {
  return std::string(kOurs) + '.' + schedule;
}

// The schedule of such an implementation; none of any other.
inline std::optional<std::string> schedule_of(std::string_view implementation) {
  const std::string prefix = with_schedule("");
  if (!implementation.starts_with(prefix)) return std::nullopt;
  return std::string(implementation.substr(prefix.size()));
}

// Our kernel, whatever chose its schedule.
inline bool is_ours(std::string_view implementation) {
  return implementation == kOurs || schedule_of(implementation).has_value();
}

// One that moves bytes and computes nothing.
inline bool is_traffic_yardstick(std::string_view implementation) {
  return implementation == kReadYardstick || implementation == kCopyYardstick;
}

inline bool is_yardstick(std::string_view implementation) {
  return is_traffic_yardstick(implementation) || implementation == kProductYardstick;
}

}  // namespace moat
