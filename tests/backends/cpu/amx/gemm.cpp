// SPDX-License-Identifier: Apache-2.0
#include "kernels/gemm.hpp"

#include "backends/cpu/backend.hpp"
#include "tests/backends/cpu/amx/kernels.hpp"

namespace moat::testing {

void solve(cpu::Backend& backend, const GemmProblem& p) {
  if (p.order_b == Order::transposed) {
    launch_gemm<bf16, Order::transposed>(backend, p);
  } else {
    launch_gemm<bf16, Order::row_major>(backend, p);
  }
}

}  // namespace moat::testing
