// SPDX-License-Identifier: Apache-2.0
// What an architecture without matrix instructions says to the tile layer.
#pragma once

#include "backends/simt/fma.hpp"

namespace moat::simt {

template <class Isa>
struct Plain : Isa {
  template <class T>
  using Matrix = FmaAtom<Isa::kWaveWidth>;
};

}  // namespace moat::simt
