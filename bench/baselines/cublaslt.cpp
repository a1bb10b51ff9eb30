// SPDX-License-Identifier: Apache-2.0
#include "bench/baselines/cublaslt.hpp"

#include <cublasLt.h>
#include <fmt/format.h>

#include <memory>
#include <stdexcept>
#include <utility>

#include "bench/baselines/column_major.hpp"
#include "bench/baselines/device_memory.hpp"
#include "bench/baselines/shared_library.hpp"

namespace moat {
namespace {

// What NVIDIA's documentation recommends for Hopper; more than other devices' kernels use.
constexpr std::size_t kWorkspaceBytes = std::size_t{32} << 20;

// The library's functions, by their names in its header.
struct Api {
  explicit Api(const SharedLibrary& library)
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
        MOAT_SYMBOL(matmul, cublasLtMatmul) {
  }
#undef MOAT_SYMBOL

  void check(cublasStatus_t status, const char* call) const {
    if (status == CUBLAS_STATUS_SUCCESS) return;
    throw std::runtime_error(fmt::format("{}: {}", call, status_name(status)));
  }

  decltype(&cublasLtCreate) create;
  decltype(&cublasLtDestroy) destroy;
  decltype(&cublasLtGetVersion) version;
  decltype(&cublasLtGetStatusName) status_name;
  decltype(&cublasLtMatmulDescCreate) desc_create;
  decltype(&cublasLtMatmulDescDestroy) desc_destroy;
  decltype(&cublasLtMatmulDescSetAttribute) desc_set;
  decltype(&cublasLtMatrixLayoutCreate) layout_create;
  decltype(&cublasLtMatrixLayoutDestroy) layout_destroy;
  decltype(&cublasLtMatmulPreferenceCreate) preference_create;
  decltype(&cublasLtMatmulPreferenceDestroy) preference_destroy;
  decltype(&cublasLtMatmulPreferenceSetAttribute) preference_set;
  decltype(&cublasLtMatmulAlgoGetHeuristic) heuristic;
  decltype(&cublasLtMatmulAlgoConfigGetAttribute) algorithm_get;
  decltype(&cublasLtMatmul) matmul;
};

template <class Opaque>
using Owned = std::unique_ptr<Opaque, cublasStatus_t (*)(Opaque*)>;

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

// What the calls on one shape share.
struct Plan {
  Owned<cublasLtMatmulDescOpaque_t> operation;
  Owned<cublasLtMatrixLayoutOpaque_t> first;
  Owned<cublasLtMatrixLayoutOpaque_t> second;
  Owned<cublasLtMatrixLayoutOpaque_t> result;
  cublasLtMatmulAlgo_t algorithm{};
  std::size_t workspace_bytes = 0;
};

class CublasLt final : public Baseline {
 public:
  explicit CublasLt(Device& device)
      : api_(SharedLibrary("libcublasLt.so." + std::to_string(CUBLAS_VER_MAJOR),
                           MOAT_CUDA_LIBRARY_DIR)),
        device_(device),
        handle_(nullptr, api_.destroy) {
    device_.stream();  // makes the device current, which the handle takes
    cublasLtHandle_t handle = nullptr;
    api_.check(api_.create(&handle), "cublasLtCreate");
    handle_.reset(handle);
    workspace_ = std::make_unique<DeviceMemory>(device_, kWorkspaceBytes);
  }

  std::string name() const override { return "cublaslt"; }

  std::string version() const override {
    const std::size_t v = api_.version();
    return fmt::format("{}.{}.{}", v / 10000, v / 100 % 100, v % 100);
  }

  std::string detail() const override {
    return fmt::format(
        "f32 without TF32, f16 and bf16 with f32 sums; its heuristic's first choice, workspace {} "
        "MiB",
        kWorkspaceBytes >> 20);
  }

  std::string kernel(const Problem& problem) const override {
    const auto plan = make_plan(std::get<GemmProblem>(problem));
    if (!plan) throw std::runtime_error("cuBLASLt has no algorithm for this product");
    const auto value = [&](cublasLtMatmulAlgoConfigAttributes_t which) {
      std::int32_t number = -1;
      std::size_t written = 0;
      api_.check(api_.algorithm_get(&plan->algorithm, which, &number, sizeof number, &written),
                 "cublasLtMatmulAlgoConfigGetAttribute");
      return number;
    };
    return fmt::format("algorithm {}, tile {}, stages {}, split-K {}",
                       value(CUBLASLT_ALGO_CONFIG_ID), value(CUBLASLT_ALGO_CONFIG_TILE_ID),
                       value(CUBLASLT_ALGO_CONFIG_STAGES_ID),
                       value(CUBLASLT_ALGO_CONFIG_SPLITK_NUM));
  }

  std::optional<std::string> unsupported(const Problem& problem) const override {
    const auto* gemm = std::get_if<GemmProblem>(&problem);
    if (gemm == nullptr) return "cuBLASLt has matrix products only";
    if (!of_one_type(*gemm)) return kSeveralTypes;
    try {
      if (make_plan(*gemm)) return std::nullopt;
    } catch (const std::runtime_error& e) {
      return e.what();
    }
    return fmt::format("cuBLASLt {} has no algorithm for this product in {}", version(),
                       name_of(gemm->dtype));
  }

  std::function<void(const Problem&)> prepare(const Problem& problem) override {
    if (const auto reason = unsupported(problem)) throw std::runtime_error(*reason);
    const std::shared_ptr<Plan> plan = make_plan(std::get<GemmProblem>(problem));
    return [this, plan](const Problem& q) {
      const auto& p = std::get<GemmProblem>(q);
      const float one = 1;
      const float zero = 0;
      api_.check(api_.matmul(handle_.get(), plan->operation.get(), &one, p.b, plan->first.get(),
                             p.a, plan->second.get(), &zero, p.c, plan->result.get(), p.c,
                             plan->result.get(), &plan->algorithm, workspace_->data(),
                             plan->workspace_bytes, static_cast<cudaStream_t>(device_.stream())),
                 "cublasLtMatmul");
    };
  }

 private:
  Owned<cublasLtMatrixLayoutOpaque_t> layout(DType t, const ColumnMajorMatrix& m) const {
    cublasLtMatrixLayout_t created = nullptr;
    api_.check(api_.layout_create(&created, data_type(t), static_cast<std::uint64_t>(m.rows),
                                  static_cast<std::uint64_t>(m.cols), m.leading),
               "cublasLtMatrixLayoutCreate");
    return {created, api_.layout_destroy};
  }

  // Nothing if the library has no algorithm. Operands are aligned to 256 bytes, as the heuristic
  // assumes and Device::allocate promises.
  std::unique_ptr<Plan> make_plan(const GemmProblem& p) const {
    device_.stream();
    const ColumnMajorProduct product = column_major(p);
    cublasLtMatmulDesc_t operation = nullptr;
    api_.check(api_.desc_create(&operation, CUBLAS_COMPUTE_32F, CUDA_R_32F),
               "cublasLtMatmulDescCreate");
    auto plan = std::make_unique<Plan>(Plan{.operation = {operation, api_.desc_destroy},
                                            .first = layout(p.dtype, product.first),
                                            .second = layout(p.dtype, product.second),
                                            .result = layout(p.dtype, product.result)});
    const cublasOperation_t first = product.transpose_first ? CUBLAS_OP_T : CUBLAS_OP_N;
    api_.check(api_.desc_set(operation, CUBLASLT_MATMUL_DESC_TRANSA, &first, sizeof first),
               "cublasLtMatmulDescSetAttribute");

    cublasLtMatmulPreference_t created = nullptr;
    api_.check(api_.preference_create(&created), "cublasLtMatmulPreferenceCreate");
    const Owned<cublasLtMatmulPreferenceOpaque_t> preference(created, api_.preference_destroy);
    api_.check(api_.preference_set(created, CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES,
                                   &kWorkspaceBytes, sizeof kWorkspaceBytes),
               "cublasLtMatmulPreferenceSetAttribute");
    cublasLtMatmulHeuristicResult_t best{};
    int found = 0;
    const cublasStatus_t status =
        api_.heuristic(handle_.get(), operation, plan->first.get(), plan->second.get(),
                       plan->result.get(), plan->result.get(), created, 1, &best, &found);
    if (status == CUBLAS_STATUS_NOT_SUPPORTED) return nullptr;
    api_.check(status, "cublasLtMatmulAlgoGetHeuristic");
    if (found == 0 || best.state != CUBLAS_STATUS_SUCCESS) return nullptr;
    plan->algorithm = best.algo;
    plan->workspace_bytes = best.workspaceSize;
    return plan;
  }

  Api api_;
  Device& device_;
  std::unique_ptr<cublasLtContext, decltype(&cublasLtDestroy)> handle_;
  std::unique_ptr<DeviceMemory> workspace_;
};

}  // namespace

void open_cublaslt(Device& device, Baselines& baselines) {
  try {
    baselines.found.push_back(std::make_unique<CublasLt>(device));
  } catch (const std::exception& e) {
    baselines.absent.push_back({"cublaslt", e.what()});
  }
}

}  // namespace moat
