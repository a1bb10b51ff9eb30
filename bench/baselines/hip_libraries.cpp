// SPDX-License-Identifier: Apache-2.0
#include "bench/baselines/hip_libraries.hpp"

#include "bench/baselines/hipblaslt.hpp"
#include "bench/baselines/rocblas.hpp"

namespace moat {

void open_hip_libraries(Device& device, Baselines& baselines) {
  open_hipblaslt(device, baselines);
  open_rocblas(device, baselines);
  const auto lacks = [&](const char* name, const char* problems) {
    baselines.absent.push_back({name, std::string("this suite has no baseline for it; ") +
                                          problems + " on this device stand beside no library"});
  };
  lacks("ck", "attention, which AMD's Composable Kernel solves,");
  lacks("hipcub", "sum, max and argmax");
  lacks("miopen", "softmax and RMSNorm");
}

}  // namespace moat
