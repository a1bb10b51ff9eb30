// SPDX-License-Identifier: Apache-2.0
#include "bench/run/cpu_option.hpp"

#include <stdexcept>

#include "backends/cpu/sets.hpp"
#include "bench/run/usage_error.hpp"

namespace moat {

void add_cpu_option(CLI::App& command, const std::string& group) {
  command
      .add_option_function<std::string>(
          "--cpu",
          [](const std::string& name) {
            try {
              cpu::choose_set(name);
            } catch (const std::invalid_argument& e) {
              throw UsageError("--cpu " + name + ": " + e.what());
            }
          },
          "instruction set of the CPU's kernels, one that moat list shows\n"
          "(default: the most that the processor has)")
      ->type_name("SET")
      ->group(group);
}

}  // namespace moat
