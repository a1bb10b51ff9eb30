// SPDX-License-Identifier: Apache-2.0
// Tensor maps of sm_90: what the host tells the tensor memory accelerator (TMA) about a
// matrix.
#pragma once

#include <cuda.h>

#include "backends/simt/tma.hpp"

namespace moat::cuda {

// The map of boxes with 128-byte swizzled rows and zeros outside. Throws DeviceError if the driver
// refuses it; needs a driver, but no library of it at link time.
CUtensorMap make_tensor_map(const simt::TmaTensor& tensor);

}  // namespace moat::cuda
