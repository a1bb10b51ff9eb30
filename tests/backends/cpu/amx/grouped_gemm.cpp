// SPDX-License-Identifier: Apache-2.0
#include "kernels/grouped_gemm.hpp"

#include "backends/cpu/backend.hpp"
#include "tests/backends/cpu/amx/kernels.hpp"

namespace moat::testing {

void solve(cpu::Backend& backend, const GroupedGemmProblem& p) {
  const auto* rows = static_cast<const std::int64_t*>(p.rows);
  if (p.masked > 0) {
    launch_grouped_gemm<bf16>(backend, p, Masked{rows, static_cast<int>(p.masked)});
  } else {
    launch_grouped_gemm<bf16>(backend, p, Contiguous{rows});
  }
}

}  // namespace moat::testing
