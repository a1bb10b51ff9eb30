// SPDX-License-Identifier: Apache-2.0
// Compiled once per emulated family, as kernels/*.cpp are; MOAT_FAMILY is its name.
#include <variant>

#include "backends/vocabulary/launchers.hpp"

#include MOAT_BACKEND
#include "tests/backends/simt/emulated/programs.hpp"

namespace moat {

MOAT_LAUNCHERS_COMPILED_ELSEWHERE(ThisBackend)

namespace testing {

unsigned MOAT_FAMILY(const Problem& problem, const Launch& how) {
  ThisBackend backend(how.max_blocks, how.splits, how.units, how.choice);
  std::visit([&](const auto& p) { launch(backend, p); }, problem);
  return backend.arrived();
}

}  // namespace testing
}  // namespace moat
