#include <iostream>
#include <utility>

#include "bench/port/port_command.hpp"
#include "bench/run/interrupt.hpp"
#include "bench/run/run.hpp"

namespace moat {

RunWorld this_world() {
  return {backends(),
          absent_backends(),
          open_baselines,
          [](Device& device, Clock& clock, std::size_t limit) {
            return measure_ceilings(device, clock, limit, &interrupted());
          },
          [] {
            Json record = porting_record();
            std::string table = porting_table(record);
            return Porting{std::move(record), std::move(table)};
          },
          &std::cout};
}

}  // namespace moat
