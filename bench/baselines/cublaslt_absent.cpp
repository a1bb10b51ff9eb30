// SPDX-License-Identifier: Apache-2.0
#include "bench/baselines/cublaslt.hpp"

namespace moat {

void open_cublaslt(Device&, Baselines& baselines) {
  baselines.absent.push_back({"cublaslt",
                              "this build found no cublasLt.h; install the CUDA Toolkit's cuBLAS "
                              "and configure again"});
}

}  // namespace moat
