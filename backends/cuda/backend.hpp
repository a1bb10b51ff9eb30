// The CUDA backend as kernels/*.cpp see it.
#pragma once

#include "backends/cuda/atoms.hpp"
#include "backends/cuda/schedules.hpp"
#include "backends/simt/backend.hpp"

namespace moat::cuda {

// __launch_bounds__ counts blocks per multiprocessor.
constexpr int min_residency(Type<Atoms>, int blocks, int /*waves*/) { return blocks; }

}  // namespace moat::cuda

#include "backends/simt/launch.hpp"

namespace moat {
using ThisBackend = simt::Backend<cuda::Atoms, cuda::Schedules>;
}  // namespace moat
