// SPDX-License-Identifier: Apache-2.0
#include "bench/baselines/baselines.hpp"

#include "bench/baselines/cub.hpp"
#include "bench/baselines/cublaslt.hpp"
#include "bench/baselines/cudnn.hpp"
#include "bench/baselines/hip_libraries.hpp"
#include "bench/baselines/onednn.hpp"
#include "bench/baselines/openblas.hpp"
#include "bench/baselines/plain.hpp"
#include "bench/baselines/widened.hpp"
#include "bench/baselines/yardsticks.hpp"

namespace moat {

Baselines open_baselines(Device& device) {
  Baselines baselines;
  const std::string& backend = device.info().backend;
  if (backend == "cpu") {
    const int threads = device.info().compute_units;
    open_onednn(threads, baselines);
    if (!baselines.found.empty()) {
      baselines.found.push_back(make_widened(*baselines.found.back(), threads));
    }
    open_openblas(threads, device.info().architecture, baselines);
    baselines.found.push_back(make_plain(threads));
    baselines.yardsticks = make_yardsticks(threads);
  } else if (backend == "cuda") {
    open_cublaslt(device, baselines);
    open_cudnn(device, baselines);
    open_cub(device, baselines);
  } else if (backend == "hip") {
    list_hip_libraries(baselines);
  }
  return baselines;
}

}  // namespace moat
