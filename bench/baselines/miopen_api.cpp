// SPDX-License-Identifier: Apache-2.0
#include "bench/baselines/miopen_api.hpp"

#include <fmt/format.h>

#include <stdexcept>

namespace moat::miopen {

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
