// SPDX-License-Identifier: Apache-2.0
// sm_90a on the emulator, as kernels/*.cpp see it.
#pragma once

#include "backends/cuda/schedules.hpp"
#include "backends/cuda/sm_90a.hpp"
#include "backends/simt/warp_specialized.hpp"
#include "tests/emulator/backend.hpp"
#include "tests/emulator/ptx.hpp"

namespace moat {
namespace emulator {

struct Ptx90a : Ptx {
  static TensorMap make_tensor_map(const simt::TmaTensor& t) {
    TensorMap map{.address = t.data,
                  .element_bytes = t.element_bytes,
                  .rank = simt::TmaTensor::kRank,
                  .swizzle = Swizzle::b128};
    std::ranges::copy(t.dims, map.sizes.begin());
    map.strides[0] = static_cast<std::uint64_t>(t.element_bytes);
    std::ranges::copy(t.strides, map.strides.begin() + 1);
    std::ranges::copy(t.box, map.box.begin());
    check(map);
    return map;
  }
};

}  // namespace emulator

using ThisBackend = emulator::Backend<cuda::Sm90a<emulator::Ptx90a>, cuda::Sm90aSchedules>;
}  // namespace moat
