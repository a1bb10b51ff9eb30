// SPDX-License-Identifier: Apache-2.0
#include "kernels/indexer.hpp"

#include "backends/cpu/backend.hpp"
#include "tests/backends/cpu/amx/kernels.hpp"

namespace moat::testing {

void solve(cpu::Backend& backend, const IndexerProblem& p) { launch_indexer<bf16>(backend, p); }

}  // namespace moat::testing
