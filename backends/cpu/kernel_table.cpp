// SPDX-License-Identifier: Apache-2.0
// Compiled for each instruction set, beside the kernels.
#include "backends/cpu/kernel_table.hpp"

#include "backends/vocabulary/launchers.hpp"

namespace moat {

MOAT_LAUNCHERS_COMPILED_ELSEWHERE(ThisBackend)

namespace {

void run(cpu::Backend& backend, const Problem& problem) {
  std::visit([&](const auto& p) { launch(backend, p); }, problem);
}

}  // namespace
}  // namespace moat

MOAT_CPU_TABLE(cpu::KernelTable, moat_cpu_kernels) = {.run = moat::run};
