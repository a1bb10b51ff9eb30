// SPDX-License-Identifier: Apache-2.0
#include <exception>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>
#include <string>

#include "bench/codegen/codegen_command.hpp"
#include "bench/codegen/report.hpp"
#include "bench/port/document.hpp"
#include "bench/port/port_command.hpp"
#include "bench/port/table.hpp"
#include "bench/run/interrupt.hpp"
#include "bench/run/run.hpp"

namespace moat {
namespace {

Scheduling& scheduling() {
  static const std::unique_ptr<Scheduling> system = make_system_scheduling();
  return *system;
}

Ceilings ceilings(Device& device, Clock& clock, std::size_t memory_limit,
                  const CeilingNeeds& needs) {
  return measure_ceilings(device, clock, memory_limit, &interrupted(), &scheduling(), needs);
}

PortingSection porting() {
  const Json document = porting_record();
  return {.record = share(porting_sums(document)),
          .table = porting_summary(document),
          .markdown = "Lines changed per port, of all that its build compiles:\n\n" +
                      porting_markdown(document)};
}

Reading<JsonDocument> codegen_of(const std::set<std::string>& backends) {
  try {
    return Reading<JsonDocument>::of(
        share(codegen::to_json(codegen::of_backends(read_codegen_report(), backends))));
  } catch (const std::exception& e) {
    return Reading<JsonDocument>::none(e.what());
  }
}

}  // namespace

RunWorld this_world() {
  return {.backends = backends(),
          .absent = absent_backends(),
          .baselines = open_baselines,
          .ceilings = ceilings,
          .porting = porting,
          .codegen = codegen_of,
          .out = &std::cout,
          .scheduling = &scheduling()};
}

}  // namespace moat
