// SPDX-License-Identifier: Apache-2.0
#include "bench/baselines/hip_libraries.hpp"

#include "bench/baselines/hipblaslt.hpp"
#include "bench/baselines/miopen.hpp"
#include "bench/baselines/rocblas.hpp"

namespace moat {

void open_hip_libraries(Device& device, Baselines& baselines) {
  open_hipblaslt(device, baselines);
  open_rocblas(device, baselines);
  open_miopen(device, baselines);
  const auto lacks = [&](const char* name, const std::string& reason) {
    baselines.absent.push_back({name, "this suite has no baseline for it: " + reason});
  };
  lacks(
      "ck",
      "Composable Kernel is templates, to be compiled with its headers for each device; attention "
      "on this device stands beside no library");
  lacks("hipcub",
        "hipCUB is templates, to be compiled with its headers for each device; sum, max and argmax "
        "on this device stand beside no library");
}

}  // namespace moat
