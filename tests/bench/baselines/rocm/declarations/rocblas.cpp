// SPDX-License-Identifier: Apache-2.0
// Our declarations against the library's own header. The compiler is the test.
#include <rocblas/rocblas.h>

#include "bench/baselines/rocblas_api.hpp"
#include "tests/bench/baselines/rocm/declarations/same_call.hpp"

namespace moat::rocblas {

#define MOAT_SAME(member, function) static_assert(same_call(decltype(Api::member){}, function))
MOAT_SAME(create, rocblas_create_handle);
MOAT_SAME(destroy, rocblas_destroy_handle);
MOAT_SAME(set_stream, rocblas_set_stream);
MOAT_SAME(version, rocblas_get_version_string);
MOAT_SAME(status_name, rocblas_status_to_string);
MOAT_SAME(gemm, rocblas_gemm_ex);
#undef MOAT_SAME

static_assert(kSuccess == rocblas_status_success);
static_assert(kNotTransposed == rocblas_operation_none);
static_assert(kTransposed == rocblas_operation_transpose);
static_assert(kStandard == rocblas_gemm_algo_standard);
static_assert(kNoFlags == rocblas_gemm_flags_none);
static_assert(kTypes.f32 == rocblas_datatype_f32_r);
static_assert(kTypes.f16 == rocblas_datatype_f16_r);
static_assert(kTypes.bf16 == rocblas_datatype_bf16_r);

}  // namespace moat::rocblas
