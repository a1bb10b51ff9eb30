// SPDX-License-Identifier: Apache-2.0
// The ceiling of an element type, of what has a member flops_<name> for each row of the table.
#pragma once

#include <stdexcept>

#include "problems/dtype.hpp"

namespace moat {

template <class Ceilings>
auto& flops_of(Ceilings& ceilings, DType t) {
  switch (t) {
#define MOAT_ROW(name, ...) \
  case DType::name:         \
    return ceilings.flops_##name;
    MOAT_DTYPES(MOAT_ROW)
#undef MOAT_ROW
  }
  throw std::logic_error("no row of the table of types");
}

}  // namespace moat
