// The HIP backend as kernels/*.cpp see it.
#pragma once

#include "backends/hip/atoms.hpp"
#include "backends/hip/schedules.hpp"
#include "backends/simt/backend.hpp"

namespace moat::hip {

// __launch_bounds__ counts waves per SIMD, of which a compute unit has four.
constexpr int min_residency(Type<Atoms>, int blocks, int waves) {
  return ceil_div(blocks * waves, 4);
}

}  // namespace moat::hip

#include "backends/simt/launch.hpp"

namespace moat {
using ThisBackend = simt::Backend<hip::Atoms, hip::Schedules>;
}  // namespace moat
