// SPDX-License-Identifier: Apache-2.0
// What is called of rocBLAS, declared here, because its header needs an SDK that a build may lack.
// From internal/rocblas-types.h, rocblas-auxiliary.h and rocblas-functions.h of ROCm 5.2.3, 6.0.0
// and 6.2.0 (rocBLAS 2.44, 4.0, 4.2) and of ROCm/rocm-libraries, projects/rocblas (5, ROCm 7),
// which agree in all that is here. C's enumerations are passed as 32-bit integers, and rocblas_int
// has 32 bits.
#pragma once

#include <cstddef>
#include <cstdint>

#include "bench/baselines/shared_library.hpp"
#include "bench/baselines/type_codes.hpp"

namespace moat::rocblas {

using Status = std::int32_t;
inline constexpr Status kSuccess = 0;

inline constexpr std::int32_t kNotTransposed = 111;  // rocblas_operation_none
inline constexpr std::int32_t kTransposed = 112;     // rocblas_operation_transpose
inline constexpr std::int32_t kStandard = 0;         // rocblas_gemm_algo_standard
inline constexpr std::uint32_t kNoFlags = 0;         // rocblas_gemm_flags_none

// rocblas_datatype_…_r.
inline constexpr TypeCodes kTypes{.f32 = 151, .f16 = 150, .bf16 = 168};

// A handle is a pointer to what only the library knows; a stream is the HIP runtime's.
struct Api {
  // Throws std::runtime_error if the library lacks one of them.
  explicit Api(const SharedLibrary& library);

  // Throws std::runtime_error with the status's name if the call failed.
  void check(Status status, const char* call) const;

  Status (*create)(void** handle) = nullptr;
  Status (*destroy)(void* handle) = nullptr;
  Status (*set_stream)(void* handle, void* stream) = nullptr;
  Status (*version)(char* text, std::size_t bytes) = nullptr;
  const char* (*status_name)(Status status) = nullptr;
  // D = alpha · op(A) · op(B) + beta · C, with alpha and beta, of the type that is computed in, on
  // the host.
  Status (*gemm)(void* handle, std::int32_t op_a, std::int32_t op_b, std::int32_t m, std::int32_t n,
                 std::int32_t k, const void* alpha, const void* a, std::int32_t a_type,
                 std::int32_t lda, const void* b, std::int32_t b_type, std::int32_t ldb,
                 const void* beta, const void* c, std::int32_t c_type, std::int32_t ldc, void* d,
                 std::int32_t d_type, std::int32_t ldd, std::int32_t compute_type,
                 std::int32_t algorithm, std::int32_t solution, std::uint32_t flags) = nullptr;
};

}  // namespace moat::rocblas
