// SPDX-License-Identifier: Apache-2.0
// Stands in for onednn.cpp in a build without the library.
#include "bench/baselines/onednn.hpp"

namespace moat {

void open_onednn(int, Baselines& baselines) {
  baselines.absent.push_back({"onednn",
                              "not found when this build was configured (Debian, Ubuntu: "
                              "libdnnl-dev; one of your own: -DMOAT_ONEDNN_ROOT=DIR)"});
}

}  // namespace moat
