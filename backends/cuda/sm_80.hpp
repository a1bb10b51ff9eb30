// What sm_80 and newer say to the tile layer (backends/simt/atoms.hpp).
#pragma once

#include "backends/simt/fma.hpp"

namespace moat::cuda {

template <class Isa>
struct Sm80 : Isa {
  template <class T>
  using Matrix = simt::FmaAtom<Isa::kWaveWidth>;
};

}  // namespace moat::cuda
