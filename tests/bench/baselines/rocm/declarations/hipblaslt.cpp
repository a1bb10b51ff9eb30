// SPDX-License-Identifier: Apache-2.0
// Our declarations against the library's own header. The compiler is the test.
#include <hipblaslt/hipblaslt.h>

#include <cstddef>

#include "bench/baselines/hipblaslt_api.hpp"
#include "tests/bench/baselines/rocm/declarations/same_call.hpp"

namespace moat::hipblaslt {

#define MOAT_SAME(member, function) static_assert(same_call(decltype(Api::member){}, function))
MOAT_SAME(create, hipblasLtCreate);
MOAT_SAME(destroy, hipblasLtDestroy);
MOAT_SAME(version, hipblasLtGetVersion);
MOAT_SAME(operation_create, hipblasLtMatmulDescCreate);
MOAT_SAME(operation_destroy, hipblasLtMatmulDescDestroy);
MOAT_SAME(operation_set, hipblasLtMatmulDescSetAttribute);
MOAT_SAME(layout_create, hipblasLtMatrixLayoutCreate);
MOAT_SAME(layout_destroy, hipblasLtMatrixLayoutDestroy);
MOAT_SAME(preference_create, hipblasLtMatmulPreferenceCreate);
MOAT_SAME(preference_destroy, hipblasLtMatmulPreferenceDestroy);
MOAT_SAME(preference_set, hipblasLtMatmulPreferenceSetAttribute);
MOAT_SAME(heuristic, hipblasLtMatmulAlgoGetHeuristic);
MOAT_SAME(matmul, hipblasLtMatmul);
#undef MOAT_SAME

static_assert(kSuccess == HIPBLAS_STATUS_SUCCESS);
static_assert(kNotSupported == HIPBLAS_STATUS_NOT_SUPPORTED);
static_assert(kCompute32F == HIPBLAS_COMPUTE_32F);
static_assert(kNotTransposed == HIPBLAS_OP_N);
static_assert(kTransposed == HIPBLAS_OP_T);
static_assert(kTransposeA == HIPBLASLT_MATMUL_DESC_TRANSA);
static_assert(kMaxWorkspaceBytes == HIPBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES);
static_assert(kTypes.f32 == HIP_R_32F);
static_assert(kTypes.f16 == HIP_R_16F);
static_assert(kTypes.bf16 == HIP_R_16BF);

static_assert(sizeof(Algorithm) == sizeof(hipblasLtMatmulAlgo_t));
using Theirs = hipblasLtMatmulHeuristicResult_t;
static_assert(sizeof(HeuristicResult) == sizeof(Theirs));
static_assert(offsetof(HeuristicResult, workspace_bytes) == offsetof(Theirs, workspaceSize));
static_assert(offsetof(HeuristicResult, state) == offsetof(Theirs, state));

}  // namespace moat::hipblaslt
