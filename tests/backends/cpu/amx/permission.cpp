// SPDX-License-Identifier: Apache-2.0
// Stands in for backends/cpu/tile_permission.cpp: the interpreter takes the place of the matrix unit,
// which the process does not ask for, unless native runs are asked for.
#include "backends/cpu/tile_permission.hpp"
#include "tests/executors/amx/interpreted.hpp"

namespace moat::cpu {

const std::string& tile_refusal() {
  static const std::string granted = [] {
    if (!amx::native()) amx::interpret();
    return std::string();
  }();
  return granted;
}

void require_tiles() { tile_refusal(); }

}  // namespace moat::cpu
