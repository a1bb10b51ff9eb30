// What sm_90a says to the tile layer (backends/simt/atoms.hpp).
#pragma once

#include "backends/cuda/sm_80.hpp"

namespace moat::cuda {

template <class Isa>
struct Sm90a : Sm80<Isa> {};

}  // namespace moat::cuda
