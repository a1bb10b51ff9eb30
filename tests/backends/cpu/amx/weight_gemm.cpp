// SPDX-License-Identifier: Apache-2.0
#include "kernels/weight_gemm.hpp"

#include <stdexcept>

#include "backends/cpu/backend.hpp"
#include "tests/backends/cpu/amx/kernels.hpp"

namespace moat::testing {

void solve(cpu::Backend& backend, const WeightGemmProblem& p) {
  switch (p.code) {
    case Code::int8:
      return launch_weight_gemm<bf16, int8, bf16>(backend, p);
    case Code::int4:
      return launch_weight_gemm<bf16, int4, bf16>(backend, p);
    case Code::mxfp4:
      return launch_weight_gemm<bf16, mxfp4, e8m0>(backend, p);
    default:
      throw std::invalid_argument("weight_gemm: no code of weights");
  }
}

}  // namespace moat::testing
