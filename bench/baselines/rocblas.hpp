// SPDX-License-Identifier: Apache-2.0
// rocBLAS's matrix product on a device of the HIP backend.
#pragma once

#include <span>
#include <string>

#include "bench/baselines/baselines.hpp"
#include "bench/baselines/rocm_library.hpp"

namespace moat {

// Adds the baseline "rocblas", or why it is absent. The device outlives the baseline.
void open_rocblas(Device& device, Baselines& baselines);

// The same for files and a folder of one's own.
void open_rocblas(Device& device, std::span<const RocmFile> files, const std::string& folder,
                  Baselines& baselines);

}  // namespace moat
