// SPDX-License-Identifier: Apache-2.0
// What is called of hipBLASLt, declared here, because its header needs an SDK that a build may
// lack. From hipblaslt/hipblaslt.h of ROCm 6.0.0 and 6.2.2 (hipBLASLt 0.6, 0.8) and of
// ROCm/rocm-libraries, projects/hipblaslt (1.1, ROCm 7), which agree in all that is here; values of
// hipblasStatus_t, hipblasOperation_t and hipblasComputeType_t from hipblas.h of ROCm 6.0.0 and
// 6.2.0 and hipblas-common.h, which followed it; of hipDataType from hip/library_types.h. C's
// enumerations are passed as 32-bit integers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "bench/baselines/shared_library.hpp"
#include "bench/baselines/type_codes.hpp"

namespace moat::hipblaslt {

using Status = std::int32_t;
inline constexpr Status kSuccess = 0;
inline constexpr Status kNotSupported = 7;

// HIPBLAS_STATUS_…
std::string status_name(Status status);

inline constexpr std::int32_t kCompute32F = 2;         // HIPBLAS_COMPUTE_32F
inline constexpr std::int32_t kNotTransposed = 111;    // HIPBLAS_OP_N
inline constexpr std::int32_t kTransposed = 112;       // HIPBLAS_OP_T
inline constexpr std::int32_t kTransposeA = 0;         // HIPBLASLT_MATMUL_DESC_TRANSA, of 32 bits
inline constexpr std::int32_t kMaxWorkspaceBytes = 1;  // …_PREF_MAX_WORKSPACE_BYTES, of 64 bits

// HIP_R_32F, HIP_R_16F, HIP_R_16BF.
inline constexpr TypeCodes kTypes{.f32 = 0, .f16 = 2, .bf16 = 14};

// hipblasLtMatmulAlgo_t. Its first four bytes are the solution's index, which the library's own
// hipblaslt_ext::getIndexFromAlgo reads.
struct Algorithm {
  std::uint8_t data[16];
  std::size_t max_workspace_bytes;
};
static_assert(sizeof(Algorithm) == 24);

// hipblasLtMatmulHeuristicResult_t.
struct HeuristicResult {
  Algorithm algorithm;
  std::size_t workspace_bytes;
  Status state;
  float waves;
  std::int32_t reserved[4];
};
static_assert(sizeof(HeuristicResult) == 56 && offsetof(HeuristicResult, state) == 32);

// Handles, descriptors, layouts and preferences are pointers to what only the library knows; a
// stream is the HIP runtime's.
struct Api {
  // Throws std::runtime_error if the library lacks one of them.
  explicit Api(const SharedLibrary& library);

  // Throws std::runtime_error with the status's name if the call failed.
  static void check(Status status, const char* call);

  Status (*create)(void** handle) = nullptr;
  Status (*destroy)(void* handle) = nullptr;
  Status (*version)(void* handle, int* version) = nullptr;  // major · 100000 + minor · 100 + patch
  Status (*operation_create)(void** operation, std::int32_t compute,
                             std::int32_t scale_type) = nullptr;
  Status (*operation_destroy)(void* operation) = nullptr;
  Status (*operation_set)(void* operation, std::int32_t attribute, const void* value,
                          std::size_t bytes) = nullptr;
  Status (*layout_create)(void** layout, std::int32_t type, std::uint64_t rows, std::uint64_t cols,
                          std::int64_t leading) = nullptr;
  Status (*layout_destroy)(void* layout) = nullptr;
  Status (*preference_create)(void** preference) = nullptr;
  Status (*preference_destroy)(void* preference) = nullptr;
  Status (*preference_set)(void* preference, std::int32_t attribute, const void* value,
                           std::size_t bytes) = nullptr;
  Status (*heuristic)(void* handle, void* operation, void* a, void* b, void* c, void* d,
                      void* preference, int asked, HeuristicResult* results, int* found) = nullptr;
  // D = alpha · op(A) · op(B) + beta · C, with alpha and beta on the host.
  Status (*matmul)(void* handle, void* operation, const void* alpha, const void* a, void* a_layout,
                   const void* b, void* b_layout, const void* beta, const void* c, void* c_layout,
                   void* d, void* d_layout, const Algorithm* algorithm, void* workspace,
                   std::size_t workspace_bytes, void* stream) = nullptr;
};

}  // namespace moat::hipblaslt
