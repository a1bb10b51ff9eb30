// SPDX-License-Identifier: Apache-2.0
// cuBLASLt's matrix products on a device of the CUDA backend.
#pragma once

#include <string>

#include "backends/device.hpp"
#include "bench/baselines/baselines.hpp"

namespace moat {

// Adds the baseline "cublaslt", or why it is absent: the build without its header, the library not
// found, or its initialisation failed. The device outlives the baseline.
void open_cublaslt(Device& device, Baselines& baselines);

// The same for a library's file and its folder, where the build has the header.
void open_cublaslt(Device& device, const std::string& file, const std::string& folder,
                   Baselines& baselines);

}  // namespace moat
