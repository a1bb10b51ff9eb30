// What CDNA GPUs (gfx90a, gfx942) say to the tile layer (backends/simt/atoms.hpp).
#pragma once

#include "backends/simt/fma.hpp"

namespace moat::hip {

template <class Isa>
struct Cdna : Isa {
  template <class T>
  using Matrix = simt::FmaAtom<Isa::kWaveWidth>;
};

}  // namespace moat::hip
