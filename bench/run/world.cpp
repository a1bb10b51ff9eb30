#include <iostream>
#include <utility>

#include "bench/port/port_command.hpp"
#include "bench/run/interrupt.hpp"
#include "bench/run/run.hpp"

namespace moat {
namespace {

Ceilings ceilings(Device& device, Clock& clock, std::size_t memory_limit) {
  return measure_ceilings(device, clock, memory_limit, &interrupted());
}

PortingSection porting() {
  Json record = porting_record();
  std::string table = porting_table(record);
  return {.record = std::move(record), .table = std::move(table)};
}

}  // namespace

RunWorld this_world() {
  return {.backends = backends(),
          .absent = absent_backends(),
          .baselines = open_baselines,
          .ceilings = ceilings,
          .porting = porting,
          .out = &std::cout};
}

}  // namespace moat
