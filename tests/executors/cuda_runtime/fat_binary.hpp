// SPDX-License-Identifier: Apache-2.0
// The container in which nvcc embeds code: a header, then images with a header each.
#pragma once

#include <stdexcept>
#include <string>
#include <vector>

namespace moat::cuda_runtime {

struct PtxImage {
  int architecture;  // 90 of compute_90a
  std::string text;
};

// The uncompressed PTX in it. Throws std::runtime_error for what is no fat binary.
std::vector<PtxImage> ptx_images(const void* fat_binary);

}  // namespace moat::cuda_runtime
