// SPDX-License-Identifier: Apache-2.0
// Stands in for backends/cpu/tile_permission.cpp: where the processor has no matrix unit, or the
// system keeps it, the interpreter takes its place.
#include "backends/cpu/tile_permission.hpp"
#include "tests/executors/amx/interpreter.hpp"

namespace moat::cpu {

const std::string& tile_refusal() {
  static const std::string granted = [] {
    if (!amx::has_matrix_unit()) amx::interpret();
    return std::string();
  }();
  return granted;
}

void require_tiles() { tile_refusal(); }

}  // namespace moat::cpu
