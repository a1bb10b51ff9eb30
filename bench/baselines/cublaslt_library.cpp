// SPDX-License-Identifier: Apache-2.0
#include "bench/baselines/cublaslt_library.hpp"

#include <fmt/format.h>

#include <stdexcept>
#include <utility>

namespace moat::cublaslt {

Api::Api(const SharedLibrary& library)
#define MOAT_SYMBOL(member, function) member(library.symbol<decltype(function)>(#function))
    : MOAT_SYMBOL(create, cublasLtCreate),
      MOAT_SYMBOL(destroy, cublasLtDestroy),
      MOAT_SYMBOL(version, cublasLtGetVersion),
      MOAT_SYMBOL(status_name, cublasLtGetStatusName),
      MOAT_SYMBOL(desc_create, cublasLtMatmulDescCreate),
      MOAT_SYMBOL(desc_destroy, cublasLtMatmulDescDestroy),
      MOAT_SYMBOL(desc_set, cublasLtMatmulDescSetAttribute),
      MOAT_SYMBOL(layout_create, cublasLtMatrixLayoutCreate),
      MOAT_SYMBOL(layout_destroy, cublasLtMatrixLayoutDestroy),
      MOAT_SYMBOL(preference_create, cublasLtMatmulPreferenceCreate),
      MOAT_SYMBOL(preference_destroy, cublasLtMatmulPreferenceDestroy),
      MOAT_SYMBOL(preference_set, cublasLtMatmulPreferenceSetAttribute),
      MOAT_SYMBOL(heuristic, cublasLtMatmulAlgoGetHeuristic),
      MOAT_SYMBOL(algorithm_get, cublasLtMatmulAlgoConfigGetAttribute),
      MOAT_SYMBOL(matmul, cublasLtMatmul),
      MOAT_SYMBOL(transform_create, cublasLtMatrixTransformDescCreate),
      MOAT_SYMBOL(transform_destroy, cublasLtMatrixTransformDescDestroy),
      MOAT_SYMBOL(transform_set, cublasLtMatrixTransformDescSetAttribute),
      MOAT_SYMBOL(transform, cublasLtMatrixTransform) {
}
#undef MOAT_SYMBOL

void Api::check(cublasStatus_t status, const char* call) const {
  if (status == CUBLAS_STATUS_SUCCESS) return;
  throw std::runtime_error(fmt::format("{}: {}", call, status_name(status)));
}

cudaDataType_t data_type(DType t) {
  switch (t) {
    case DType::f32:
      return CUDA_R_32F;
    case DType::f16:
      return CUDA_R_16F;
    case DType::bf16:
      return CUDA_R_16BF;
  }
  throw std::logic_error("no row of the table of types");
}

Library::Library(Device& device, const SharedLibrary& library)
    : api_(library), device_(device), handle_(nullptr, api_.destroy) {
  device_.stream();  // makes the device current, which the handle takes
  cublasLtHandle_t handle = nullptr;
  api_.check(api_.create(&handle), "cublasLtCreate");
  handle_.reset(handle);
  workspace_ = std::make_unique<DeviceMemory>(device_, kWorkspaceBytes);
}

std::string Library::version() const {
  const std::size_t v = number();
  return fmt::format("{}.{}.{}", v / 10000, v / 100 % 100, v % 100);
}

Layout Library::layout(cudaDataType_t type, const ColumnMajorMatrix& m) const {
  cublasLtMatrixLayout_t created = nullptr;
  api_.check(api_.layout_create(&created, type, static_cast<std::uint64_t>(m.rows),
                                static_cast<std::uint64_t>(m.cols), m.leading),
             "cublasLtMatrixLayoutCreate");
  return {created, api_.layout_destroy};
}

Plan Library::plan(const ColumnMajorProduct& product, cudaDataType_t operands, DType result) const {
  cublasLtMatmulDesc_t operation = nullptr;
  api_.check(api_.desc_create(&operation, CUBLAS_COMPUTE_32F, CUDA_R_32F),
             "cublasLtMatmulDescCreate");
  Plan plan{.operation = {operation, api_.desc_destroy},
            .first = layout(operands, product.first),
            .second = layout(operands, product.second),
            .result = layout(data_type(result), product.result)};
  set(plan, CUBLASLT_MATMUL_DESC_TRANSA, product.transpose_first ? CUBLAS_OP_T : CUBLAS_OP_N);
  return plan;
}

bool Library::choose(Plan& plan) const {
  device_.stream();
  cublasLtMatmulPreference_t created = nullptr;
  api_.check(api_.preference_create(&created), "cublasLtMatmulPreferenceCreate");
  const Owned<cublasLtMatmulPreferenceOpaque_t> preference(created, api_.preference_destroy);
  api_.check(api_.preference_set(created, CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES,
                                 &kWorkspaceBytes, sizeof kWorkspaceBytes),
             "cublasLtMatmulPreferenceSetAttribute");
  cublasLtMatmulHeuristicResult_t best{};
  int found = 0;
  const cublasStatus_t status =
      api_.heuristic(handle_.get(), plan.operation.get(), plan.first.get(), plan.second.get(),
                     plan.result.get(), plan.result.get(), created, 1, &best, &found);
  if (status == CUBLAS_STATUS_NOT_SUPPORTED) return false;
  api_.check(status, "cublasLtMatmulAlgoGetHeuristic");
  if (found == 0 || best.state != CUBLAS_STATUS_SUCCESS) return false;
  plan.algorithm = best.algo;
  plan.workspace_bytes = best.workspaceSize;
  return true;
}

std::string Library::name_of(const Plan& plan) const {
  const auto value = [&](cublasLtMatmulAlgoConfigAttributes_t which) {
    std::int32_t number = -1;
    std::size_t written = 0;
    api_.check(api_.algorithm_get(&plan.algorithm, which, &number, sizeof number, &written),
               "cublasLtMatmulAlgoConfigGetAttribute");
    return number;
  };
  return fmt::format("algorithm {}, tile {}, stages {}, split-K {}", value(CUBLASLT_ALGO_CONFIG_ID),
                     value(CUBLASLT_ALGO_CONFIG_TILE_ID), value(CUBLASLT_ALGO_CONFIG_STAGES_ID),
                     value(CUBLASLT_ALGO_CONFIG_SPLITK_NUM));
}

void Library::multiply(const Plan& plan, const void* first, const void* second,
                       void* result) const {
  const float one = 1;
  const float zero = 0;
  api_.check(api_.matmul(handle_.get(), plan.operation.get(), &one, first, plan.first.get(), second,
                         plan.second.get(), &zero, result, plan.result.get(), result,
                         plan.result.get(), &plan.algorithm, workspace_->data(),
                         plan.workspace_bytes, static_cast<cudaStream_t>(device_.stream())),
             "cublasLtMatmul");
}

Transform Library::transform(bool transposed) const {
  cublasLtMatrixTransformDesc_t created = nullptr;
  api_.check(api_.transform_create(&created, CUDA_R_32F), "cublasLtMatrixTransformDescCreate");
  Transform made(created, api_.transform_destroy);
  const cublasOperation_t operation = transposed ? CUBLAS_OP_T : CUBLAS_OP_N;
  api_.check(api_.transform_set(created, CUBLASLT_MATRIX_TRANSFORM_DESC_TRANSA, &operation,
                                sizeof operation),
             "cublasLtMatrixTransformDescSetAttribute");
  return made;
}

// Without a second matrix, as NVIDIA's sample has it (github.com/NVIDIA/CUDALibrarySamples,
// cuBLASLt/LtIgemmTensor).
void Library::transform(const Transform& how, const void* from, const Layout& of_from, void* to,
                        const Layout& of_to) const {
  const float one = 1;
  const float zero = 0;
  api_.check(api_.transform(handle_.get(), how.get(), &one, from, of_from.get(), &zero, nullptr,
                            nullptr, to, of_to.get(), static_cast<cudaStream_t>(device_.stream())),
             "cublasLtMatrixTransform");
}

}  // namespace moat::cublaslt
