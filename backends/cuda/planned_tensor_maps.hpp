// SPDX-License-Identifier: Apache-2.0
// Tensor maps of launches that are planned and not made.
#pragma once

namespace moat::cuda {

// While one lives, this thread's make_tensor_map gives empty maps, and needs no driver.
class PlannedTensorMaps {
 public:
  PlannedTensorMaps();
  ~PlannedTensorMaps();
  PlannedTensorMaps(const PlannedTensorMaps&) = delete;
  PlannedTensorMaps& operator=(const PlannedTensorMaps&) = delete;
};

}  // namespace moat::cuda
