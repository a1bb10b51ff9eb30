// SPDX-License-Identifier: Apache-2.0
// A stand-in for rocBLAS, as the reference of its functions has them (rocBLAS API reference, BLAS
// extensions, ROCm 6.2).
#include <cstdio>
#include <string>

#include "tests/bench/baselines/column_major_gemm.hpp"
#include "tests/bench/baselines/standin.hpp"

namespace {

standin::State state{.major = 4, .minor = 2, .patch = 0};

enum Status { kSuccess = 0, kInvalidPointer = 3, kInvalidSize = 4, kInvalidValue = 11 };
enum Operation { kNone = 111, kTranspose = 112 };
enum DataType { kF16 = 150, kF32 = 151, kBF16 = 168 };
enum GemmAlgo { kStandard = 0 };

struct Handle {
  void* stream = nullptr;
};

moat::DType type_of(DataType t) {
  return t == kF32 ? moat::DType::f32 : t == kF16 ? moat::DType::f16 : moat::DType::bf16;
}

// The failure that the test asked for.
Status status_of(const char* function) {
  return state.failing == function ? static_cast<Status>(state.status) : kSuccess;
}

}  // namespace

// NOLINTBEGIN(readability-identifier-naming): the names are the library's.
extern "C" {

standin::State* standin_state() { return &state; }

#ifdef STANDIN_OWN_RUNTIME
int hipStreamSynchronize(void*) { return 0; }
#endif

Status rocblas_create_handle(Handle** handle) {
  if (status_of("rocblas_create_handle") != kSuccess) return status_of("rocblas_create_handle");
  *handle = new Handle;
  ++state.live;
  return kSuccess;
}

Status rocblas_destroy_handle(Handle* handle) {
  delete handle;
  --state.live;
  return kSuccess;
}

Status rocblas_set_stream(Handle* handle, void* stream) {
  handle->stream = stream;
  return status_of("rocblas_set_stream");
}

Status rocblas_get_version_string(char* text, std::size_t bytes) {
  const std::string version = std::to_string(state.major) + '.' + std::to_string(state.minor) +
                              '.' + std::to_string(state.patch) + ".0-abcdef";
  if (bytes <= version.size()) return kInvalidSize;
  std::snprintf(text, bytes, "%s", version.c_str());
  return kSuccess;
}

const char* rocblas_status_to_string(Status status) {
  switch (status) {
    case kSuccess:
      return "rocblas_status_success";
    case kInvalidPointer:
      return "rocblas_status_invalid_pointer";
    case kInvalidSize:
      return "rocblas_status_invalid_size";
    case kInvalidValue:
      return "rocblas_status_invalid_value";
  }
  return "rocblas_status_internal_error";
}

Status rocblas_gemm_ex(Handle* handle, Operation op_a, Operation op_b, int m, int n, int k,
                       const void* alpha, const void* a, DataType a_type, int lda, const void* b,
                       DataType b_type, int ldb, const void* beta, const void* c, DataType c_type,
                       int ldc, void* d, DataType d_type, int ldd, DataType compute, GemmAlgo algo,
                       int solution, unsigned flags) {
  if (status_of("rocblas_gemm_ex") != kSuccess) return status_of("rocblas_gemm_ex");
  const bool operations = (op_a == kNone || op_a == kTranspose) && op_b == kNone;
  const bool types = a_type == b_type && c_type == d_type && a_type == d_type && compute == kF32;
  if (!operations || !types || algo != kStandard || solution != 0 || flags != 0) {
    return kInvalidValue;
  }
  if (lda < (op_a == kNone ? m : k) || ldb < k || ldc < m || ldd != ldc) return kInvalidSize;
  if (c != d) return kInvalidPointer;
  state.stream = handle->stream;
  ++state.solved;
  const auto matrix = [](DataType t, int leading, Operation op = kNone) {
    return standin::Matrix{.type = type_of(t), .leading = leading, .transposed = op == kTranspose};
  };
  standin::multiply(m, n, k, double{*static_cast<const float*>(alpha)}, matrix(a_type, lda, op_a),
                    a, matrix(b_type, ldb, op_b), b, double{*static_cast<const float*>(beta)}, c,
                    matrix(d_type, ldd), d);
  return kSuccess;
}

}  // extern "C"
// NOLINTEND(readability-identifier-naming)
