// SPDX-License-Identifier: Apache-2.0
#include "bench/baselines/rocblas_api.hpp"

#include <fmt/format.h>

#include <stdexcept>

namespace moat::rocblas {

Api::Api(const SharedLibrary& library) {
  library.load(create, "rocblas_create_handle");
  library.load(destroy, "rocblas_destroy_handle");
  library.load(set_stream, "rocblas_set_stream");
  library.load(version, "rocblas_get_version_string");
  library.load(status_name, "rocblas_status_to_string");
  library.load(gemm, "rocblas_gemm_ex");
}

void Api::check(Status status, const char* call) const {
  if (status == kSuccess) return;
  throw std::runtime_error(fmt::format("{}: {}", call, status_name(status)));
}

}  // namespace moat::rocblas
