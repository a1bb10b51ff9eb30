// SPDX-License-Identifier: Apache-2.0
// A table of kernels with those of tests/backends/cpu/amx/kernels.hpp, in bf16.
#include "backends/cpu/kernel_table.hpp"

#include <stdexcept>

#include "tests/backends/cpu/amx/kernels.hpp"

namespace moat {
namespace {

template <class P>
concept CompiledHere = requires(cpu::Backend& backend, const P& p) {
  testing::solve(backend, p);
};

void run(cpu::Backend& backend, const Problem& problem) {
  std::visit(
      [&]<class P>(const P& p) {
        if constexpr (CompiledHere<P>) {
          if (p.dtype == DType::bf16) return testing::solve(backend, p);
        }
        throw std::invalid_argument("not among the kernels of this test");
      },
      problem);
}

}  // namespace
}  // namespace moat

MOAT_CPU_TABLE(cpu::KernelTable, moat_cpu_kernels) = {.run = moat::run};
