// SPDX-License-Identifier: Apache-2.0
#include "bench/baselines/cudnn.hpp"

namespace moat {

void open_cudnn(Device&, Baselines& baselines) {
  baselines.absent.push_back(
      {"cudnn",
       "this build has no CUDA backend, or found no cudnn_version.h of cuDNN 9.8 or newer; install "
       "cuDNN, or give the folder of its headers with -DMOAT_CUDNN_INCLUDE_DIR=…, and configure "
       "again"});
}

}  // namespace moat
