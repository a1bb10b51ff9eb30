// SPDX-License-Identifier: Apache-2.0
#include "kernels/paged_attention.hpp"

#include "backends/cpu/backend.hpp"
#include "tests/backends/cpu/amx/kernels.hpp"

namespace moat::testing {

void solve(cpu::Backend& backend, const PagedAttentionProblem& p) {
  if (p.code) return launch_paged<bf16, kLatentDim, kLatentValues, CodedKey>(backend, p);
  if (!p.latent) return launch_heads<bf16>(backend, p);
  launch_paged<bf16, kLatentDim, kLatentValues, bf16>(backend, p.top == 0 ? p : query_by_query(p));
}

}  // namespace moat::testing
