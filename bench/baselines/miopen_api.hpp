// SPDX-License-Identifier: Apache-2.0
// What is called of MIOpen, declared here, because its header needs an SDK that a build may lack.
// From miopen/miopen.h of ROCm 6.0.0 and 6.2.2 (MIOpen 3.0, 3.2) and of ROCm/rocm-libraries,
// projects/miopen (3.5, ROCm 7), which agree in all that is here. C's enumerations are passed as
// 32-bit integers.
#pragma once

#include <cstddef>
#include <cstdint>

#include "bench/baselines/shared_library.hpp"
#include "bench/baselines/type_codes.hpp"

namespace moat::miopen {

using Status = std::int32_t;
inline constexpr Status kSuccess = 0;

inline constexpr std::int32_t kAccurate = 1;  // MIOPEN_SOFTMAX_ACCURATE: of x − max
inline constexpr std::int32_t kInstance = 0;  // MIOPEN_SOFTMAX_MODE_INSTANCE: over c, h and w

// miopenFloat, miopenHalf, miopenBFloat16.
inline constexpr TypeCodes kTypes{.f32 = 1, .f16 = 0, .bf16 = 5};

// Handles and tensors are pointers to what only the library knows; a stream is the HIP runtime's.
struct Api {
  // Throws std::runtime_error if the library lacks one of them.
  explicit Api(const SharedLibrary& library);

  // Throws std::runtime_error with the status's name if the call failed.
  void check(Status status, const char* call) const;

  Status (*version)(std::size_t* major, std::size_t* minor, std::size_t* patch) = nullptr;
  const char* (*status_name)(Status status) = nullptr;
  Status (*create)(void** handle, void* stream) = nullptr;
  Status (*destroy)(void* handle) = nullptr;
  Status (*tensor_create)(void** tensor) = nullptr;
  Status (*tensor_destroy)(void* tensor) = nullptr;
  Status (*tensor_set)(void* tensor, std::int32_t type, int n, int c, int h, int w) = nullptr;
  // y = alpha · softmax(x) + beta · y, with alpha and beta in f32 on the host.
  Status (*softmax)(void* handle, const void* alpha, void* x_tensor, const void* x,
                    const void* beta, void* y_tensor, void* y, std::int32_t algorithm,
                    std::int32_t mode) = nullptr;
};

}  // namespace moat::miopen
