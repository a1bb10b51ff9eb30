// SPDX-License-Identifier: Apache-2.0
#include "kernels/attention.hpp"

#include <stdexcept>

#include "backends/cpu/backend.hpp"
#include "tests/backends/cpu/amx/kernels.hpp"

namespace moat::testing {

void solve(cpu::Backend& backend, const AttentionProblem& p) {
  switch (p.head_dim) {
    case 64:
      return launch_attention<bf16, 64>(backend, p);
    case 128:
      return launch_attention<bf16, 128>(backend, p);
    default:
      throw std::invalid_argument("attention: head_dim is neither 64 nor 128");
  }
}

}  // namespace moat::testing
