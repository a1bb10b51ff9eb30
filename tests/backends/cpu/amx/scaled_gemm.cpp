// SPDX-License-Identifier: Apache-2.0
#include "kernels/scaled_gemm.hpp"

#include "backends/cpu/backend.hpp"
#include "tests/backends/cpu/amx/kernels.hpp"

namespace moat::testing {

void solve(cpu::Backend& backend, const ScaledGemmProblem& p) {
  with_scaled_code(p.code, [&]<class C>(Type<C>) {
    with_scale(p.ue8m0,
               [&]<class Scale>(Type<Scale>) { launch_scaled_gemm<bf16, C, Scale>(backend, p); });
  });
}

}  // namespace moat::testing
