// SPDX-License-Identifier: Apache-2.0
#include "bench/baselines/hipblaslt_api.hpp"

#include <array>
#include <stdexcept>

namespace moat::hipblaslt {

std::string status_name(Status status) {
  static constexpr std::array kNames = {"SUCCESS",           "NOT_INITIALIZED", "ALLOC_FAILED",
                                        "INVALID_VALUE",     "MAPPING_ERROR",   "EXECUTION_FAILED",
                                        "INTERNAL_ERROR",    "NOT_SUPPORTED",   "ARCH_MISMATCH",
                                        "HANDLE_IS_NULLPTR", "INVALID_ENUM",    "UNKNOWN"};
  if (status < 0 || status >= static_cast<Status>(kNames.size())) {
    return "hipblasStatus_t " + std::to_string(status);
  }
  return std::string("HIPBLAS_STATUS_") + kNames[static_cast<std::size_t>(status)];
}

Api::Api(const SharedLibrary& library) {
  library.load(create, "hipblasLtCreate");
  library.load(destroy, "hipblasLtDestroy");
  library.load(version, "hipblasLtGetVersion");
  library.load(operation_create, "hipblasLtMatmulDescCreate");
  library.load(operation_destroy, "hipblasLtMatmulDescDestroy");
  library.load(operation_set, "hipblasLtMatmulDescSetAttribute");
  library.load(layout_create, "hipblasLtMatrixLayoutCreate");
  library.load(layout_destroy, "hipblasLtMatrixLayoutDestroy");
  library.load(preference_create, "hipblasLtMatmulPreferenceCreate");
  library.load(preference_destroy, "hipblasLtMatmulPreferenceDestroy");
  library.load(preference_set, "hipblasLtMatmulPreferenceSetAttribute");
  library.load(heuristic, "hipblasLtMatmulAlgoGetHeuristic");
  library.load(matmul, "hipblasLtMatmul");
}

void Api::check(Status status, const char* call) {
  if (status != kSuccess) throw std::runtime_error(std::string(call) + ": " + status_name(status));
}

}  // namespace moat::hipblaslt
