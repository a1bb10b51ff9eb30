#include <exception>
#include <iostream>
#include <set>
#include <string>

#include "bench/codegen/codegen_command.hpp"
#include "bench/codegen/report.hpp"
#include "bench/port/document.hpp"
#include "bench/port/port_command.hpp"
#include "bench/run/interrupt.hpp"
#include "bench/run/run.hpp"

namespace moat {
namespace {

Ceilings ceilings(Device& device, Clock& clock, std::size_t memory_limit) {
  return measure_ceilings(device, clock, memory_limit, &interrupted());
}

PortingSection porting() {
  const Json document = porting_record();
  return {.record = porting_sums(document), .table = porting_table(document)};
}

Reading<Json> codegen_of(const std::set<std::string>& backends) {
  try {
    return Reading<Json>::of(
        codegen::to_json(codegen::of_backends(read_codegen_report(), backends)));
  } catch (const std::exception& e) {
    return Reading<Json>::none(e.what());
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
          .out = &std::cout};
}

}  // namespace moat
