// SPDX-License-Identifier: Apache-2.0
#include "bench/baselines/rocblas_api.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <stdexcept>
#include <utility>

namespace moat::rocblas {

std::optional<std::int32_t> data_type(DType t) {
  static constexpr std::array kTypes = {std::pair{DType::f32, 151}, std::pair{DType::f16, 150},
                                        std::pair{DType::bf16, 168}};
  const auto* const found = std::ranges::find(kTypes, t, &std::pair<DType, int>::first);
  if (found == kTypes.end()) return std::nullopt;
  return found->second;
}

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
