// SPDX-License-Identifier: Apache-2.0
// A stand-in for MIOpen, as the reference of its functions has them (MIOpen API reference, softmax
// layer, ROCm 6.2).
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>

#include "problems/dtype.hpp"
#include "tests/bench/baselines/standin.hpp"

namespace {

standin::State state{.major = 3, .minor = 2, .patch = 0};

enum Status { kSuccess = 0, kBadParm = 3, kNotImplemented = 6 };
enum DataType { kHalf = 0, kFloat = 1, kBFloat16 = 5 };
enum Algorithm { kFast = 0, kAccurate = 1, kLog = 2 };
enum Mode { kInstance = 0, kChannel = 1 };

struct Handle {
  void* stream;
};

struct Tensor {
  DataType type = kFloat;
  std::array<int, 4> lengths{};
};

constexpr int kLanes = 256;

// The failure that the test asked for.
Status status_of(const char* function) {
  return state.failing == function ? static_cast<Status>(state.status) : kSuccess;
}

// Each lane adds up its own, as the kernel does; the sums of the lanes are added in double.
template <class T>
void softmax(const Tensor& tensor, const T* x, T* y) {
  const std::int64_t cols = std::int64_t{tensor.lengths[1]} * tensor.lengths[2] * tensor.lengths[3];
  for (std::int64_t row = 0; row < tensor.lengths[0]; ++row, x += cols, y += cols) {
    float most = moat::to_float(x[0]);
    for (std::int64_t i = 1; i < cols; ++i) most = std::max(most, moat::to_float(x[i]));
    double sum = 0;
    for (std::int64_t lane = 0; lane < kLanes; ++lane) {
      double part = 0;
      for (std::int64_t i = lane; i < cols; i += kLanes) {
        part += std::exp(double{moat::to_float(x[i])} - double{most});
        if (!state.sums_in_operands_type) continue;
        part = double{moat::to_float(moat::from_float<T>(static_cast<float>(part)))};
      }
      sum += part;
    }
    for (std::int64_t i = 0; i < cols; ++i) {
      const double term = std::exp(double{moat::to_float(x[i])} - double{most});
      y[i] = moat::from_float<T>(static_cast<float>(term / sum));
    }
  }
}

}  // namespace

// NOLINTBEGIN(readability-identifier-naming): the names are the library's.
extern "C" {

standin::State* standin_state() { return &state; }

#ifdef STANDIN_OWN_RUNTIME
int hipStreamSynchronize(void*) { return 0; }
#endif

Status miopenGetVersion(std::size_t* major, std::size_t* minor, std::size_t* patch) {
  *major = static_cast<std::size_t>(state.major);
  *minor = static_cast<std::size_t>(state.minor);
  *patch = static_cast<std::size_t>(state.patch);
  return kSuccess;
}

const char* miopenGetErrorString(Status status) {
  switch (status) {
    case kSuccess:
      return "miopenStatusSuccess";
    case kBadParm:
      return "miopenStatusBadParm";
    case kNotImplemented:
      return "miopenStatusNotImplemented";
  }
  return "Unknown error status";
}

Status miopenCreateWithStream(Handle** handle, void* stream) {
  if (status_of("miopenCreateWithStream") != kSuccess) return status_of("miopenCreateWithStream");
  *handle = new Handle{stream};
  ++state.live;
  return kSuccess;
}

Status miopenDestroy(Handle* handle) {
  delete handle;
  --state.live;
  return kSuccess;
}

Status miopenCreateTensorDescriptor(Tensor** tensor) {
  *tensor = new Tensor;
  ++state.live;
  return status_of("miopenCreateTensorDescriptor");
}

Status miopenDestroyTensorDescriptor(Tensor* tensor) {
  delete tensor;
  --state.live;
  return kSuccess;
}

Status miopenSet4dTensorDescriptor(Tensor* tensor, DataType type, int n, int c, int h, int w) {
  *tensor = {type, {n, c, h, w}};
  return status_of("miopenSet4dTensorDescriptor");
}

Status miopenSoftmaxForward_V2(Handle* handle, const void* alpha, const Tensor* x_tensor,
                               const void* x, const void* beta, const Tensor* y_tensor, void* y,
                               Algorithm algorithm, Mode mode) {
  if (status_of("miopenSoftmaxForward_V2") != kSuccess) {
    return static_cast<Status>(state.status);
  }
  const bool plain =
      *static_cast<const float*>(alpha) == 1 && *static_cast<const float*>(beta) == 0;
  const bool same = x_tensor->type == y_tensor->type && x_tensor->lengths == y_tensor->lengths;
  if (!plain || !same || algorithm != kAccurate || mode != kInstance) return kBadParm;
  if (state.no_algorithm && x_tensor->type == kBFloat16) return kNotImplemented;
  state.stream = handle->stream;
  ++state.solved;
  const auto solve = [&]<class T>(moat::Type<T>) {
    softmax(*x_tensor, static_cast<const T*>(x), static_cast<T*>(y));
  };
  switch (x_tensor->type) {
    case kHalf:
      solve(moat::Type<moat::f16>{});
      return kSuccess;
    case kFloat:
      solve(moat::Type<float>{});
      return kSuccess;
    case kBFloat16:
      solve(moat::Type<moat::bf16>{});
      return kSuccess;
  }
  return kBadParm;
}

}  // extern "C"
// NOLINTEND(readability-identifier-naming)
