// SPDX-License-Identifier: Apache-2.0
#include "bench/baselines/cub.hpp"

namespace moat {

void open_cub(Device&, Baselines& baselines) {
  baselines.absent.push_back(
      {"cub", "this build has no CUDA backend; configure with -DMOAT_CUDA=ON"});
}

}  // namespace moat
