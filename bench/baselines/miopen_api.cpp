// SPDX-License-Identifier: Apache-2.0
#include "bench/baselines/miopen_api.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <stdexcept>
#include <utility>

namespace moat::miopen {

std::optional<std::int32_t> data_type(DType t) {
  static constexpr std::array kTypes = {std::pair{DType::f32, 1}, std::pair{DType::f16, 0},
                                        std::pair{DType::bf16, 5}};
  const auto* const found = std::ranges::find(kTypes, t, &std::pair<DType, int>::first);
  if (found == kTypes.end()) return std::nullopt;
  return found->second;
}

Api::Api(const SharedLibrary& library) {
  library.load(version, "miopenGetVersion");
  library.load(status_name, "miopenGetErrorString");
  library.load(create, "miopenCreateWithStream");
  library.load(destroy, "miopenDestroy");
  library.load(tensor_create, "miopenCreateTensorDescriptor");
  library.load(tensor_destroy, "miopenDestroyTensorDescriptor");
  library.load(tensor_set, "miopenSet4dTensorDescriptor");
  library.load(softmax, "miopenSoftmaxForward_V2");
}

void Api::check(Status status, const char* call) const {
  if (status == kSuccess) return;
  throw std::runtime_error(fmt::format("{}: {}", call, status_name(status)));
}

}  // namespace moat::miopen
