// What RDNA 3 GPUs (gfx11) say to the tile layer (backends/simt/atoms.hpp).
#pragma once

#include "backends/simt/fma.hpp"

namespace moat::hip {

template <class Isa>
struct Rdna3 : Isa {
  template <class T>
  using Matrix = simt::FmaAtom<Isa::kWaveWidth>;
};

}  // namespace moat::hip
