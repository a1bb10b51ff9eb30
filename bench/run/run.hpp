// SPDX-License-Identifier: Apache-2.0
// One run: from the options to the record, the table and the exit code.
#pragma once

#include <functional>
#include <ostream>
#include <set>
#include <string>
#include <vector>

#include "backends/device.hpp"
#include "bench/baselines/baselines.hpp"
#include "bench/measure/ceilings.hpp"
#include "bench/measure/clock.hpp"
#include "bench/record/record.hpp"
#include "bench/run/options.hpp"

namespace moat {

// Lines changed per port, for the record and for a person.
struct PortingSection {
  JsonDocument record;
  std::string table;
  std::string markdown = {};
};

// What a run uses of the world, so that tests can give it another one.
struct RunWorld {
  std::vector<BackendEntry> backends;
  std::vector<AbsentBackend> absent;
  std::function<Baselines(Device&)> baselines;
  std::function<Ceilings(Device&, Clock&, std::size_t memory_limit, const CeilingNeeds&)> ceilings;
  std::function<PortingSection()> porting;
  // Of the named GPU backends' kernels, or why it is not known.
  std::function<Reading<JsonDocument>(const std::set<std::string>& backends)> codegen;
  std::ostream* out;       // the table
  Clock* clock = nullptr;  // null: the steady clock
  // Tells which samples other work disturbed; null: none are set aside.
  Scheduling* scheduling = nullptr;
};

RunWorld this_world();

// Returns one of ExitCode. Throws UsageError and WriteError before anything is measured.
int run(const RunOptions& options, const RunWorld& world = this_world());

}  // namespace moat
