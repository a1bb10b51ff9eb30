// SPDX-License-Identifier: Apache-2.0
#include "bench/baselines/hipblaslt.hpp"

#include <fmt/format.h>

#include <array>
#include <cstring>
#include <memory>
#include <stdexcept>

#include "bench/baselines/column_major.hpp"
#include "bench/baselines/device_memory.hpp"
#include "bench/baselines/hipblaslt_api.hpp"

namespace moat {
namespace {

using hipblaslt::Api;
using hipblaslt::Status;

// A limit, four times that of the library's own benchmark (clients/include/testing_matmul.hpp of
// ROCm 6.2).
constexpr std::size_t kWorkspaceBytes = std::size_t{128} << 20;

// Versions whose declarations are those of hipblaslt_api.hpp.
constexpr int kOldest = 600;     // 0.6, of ROCm 6.0
constexpr int kTooNew = 200000;  // 2.0

using Owned = std::unique_ptr<void, Status (*)(void*)>;

// What the calls on one shape share.
struct Plan {
  Owned operation;
  Owned first;
  Owned second;
  Owned result;
  hipblaslt::Algorithm algorithm{};
  std::size_t workspace_bytes = 0;
};

class HipblasLt final : public Baseline {
 public:
  HipblasLt(Device& device, const SharedLibrary& library)
      : api_(library), device_(device), handle_(nullptr, api_.destroy) {
    device_.stream();  // makes the device current, which the handle takes
    handle_ = owned("hipblasLtCreate", api_.create, api_.destroy);
    Api::check(api_.version(handle_.get(), &version_), "hipblasLtGetVersion");
    if (version_ < kOldest || version_ >= kTooNew) {
      throw std::runtime_error("its version is " + version() +
                               ", and it is called as 0.6 to 1 have it");
    }
    workspace_ = std::make_unique<DeviceMemory>(device_, kWorkspaceBytes);
  }

  std::string name() const override { return "hipblaslt"; }

  std::string version() const override {
    return fmt::format("{}.{}.{}", version_ / 100000, version_ / 100 % 1000, version_ % 100);
  }

  std::string detail() const override {
    return fmt::format("f16 and bf16 with f32 sums; its heuristic's first choice, workspace {} MiB",
                       kWorkspaceBytes >> 20);
  }

  std::string kernel(const Problem& problem) const override {
    const auto plan = make_plan(std::get<GemmProblem>(problem));
    if (!plan) throw std::runtime_error("hipBLASLt has no algorithm for this product");
    std::int32_t index = 0;
    std::memcpy(&index, plan->algorithm.data, sizeof index);
    return fmt::format("solution {}, workspace {} bytes", index, plan->workspace_bytes);
  }

  std::optional<std::string> unsupported(const Problem& problem) const override {
    const auto* gemm = std::get_if<GemmProblem>(&problem);
    if (gemm == nullptr) return "hipBLASLt has matrix products only";
    if (!of_one_type(*gemm)) return kSeveralTypes;
    if (!hipblaslt::kTypes.of(gemm->dtype)) {
      return fmt::format("hipBLASLt is not asked for {}", name_of(gemm->dtype));
    }
    try {
      if (make_plan(*gemm)) return std::nullopt;
    } catch (const std::runtime_error& e) {
      return e.what();
    }
    return fmt::format("hipBLASLt {} has no algorithm for this product in {}", version(),
                       name_of(gemm->dtype));
  }

  std::function<void(const Problem&)> prepare(const Problem& problem) override {
    if (const auto reason = unsupported(problem)) throw std::runtime_error(*reason);
    const std::shared_ptr<Plan> plan = make_plan(std::get<GemmProblem>(problem));
    return [this, plan](const Problem& q) {
      const auto& p = std::get<GemmProblem>(q);
      const float one = 1;
      const float zero = 0;
      Api::check(api_.matmul(handle_.get(), plan->operation.get(), &one, p.b, plan->first.get(),
                             p.a, plan->second.get(), &zero, p.c, plan->result.get(), p.c,
                             plan->result.get(), &plan->algorithm, workspace_->data(),
                             plan->workspace_bytes, device_.stream()),
                 "hipblasLtMatmul");
    };
  }

 private:
  // What `create` makes, with these arguments.
  template <class... Expected, class... Given>
  static Owned owned(const char* call, Status (*create)(void**, Expected...),
                     Status (*destroy)(void*), Given... given) {
    void* created = nullptr;
    Api::check(create(&created, given...), call);
    return {created, destroy};
  }

  Owned layout(DType t, const ColumnMajorMatrix& m) const {
    return owned("hipblasLtMatrixLayoutCreate", api_.layout_create, api_.layout_destroy,
                 hipblaslt::kTypes.of(t).value(), static_cast<std::uint64_t>(m.rows),
                 static_cast<std::uint64_t>(m.cols), m.leading);
  }

  // Nothing if the library has no algorithm.
  std::unique_ptr<Plan> make_plan(const GemmProblem& p) const {
    device_.stream();
    const ColumnMajorProduct product = column_major(p);
    auto plan = std::make_unique<Plan>(
        Plan{.operation =
                 owned("hipblasLtMatmulDescCreate", api_.operation_create, api_.operation_destroy,
                       hipblaslt::kCompute32F, *hipblaslt::kTypes.of(DType::f32)),
             .first = layout(p.dtype, product.first),
             .second = layout(p.dtype, product.second),
             .result = layout(p.dtype, product.result)});
    const std::int32_t first =
        product.transpose_first ? hipblaslt::kTransposed : hipblaslt::kNotTransposed;
    Api::check(
        api_.operation_set(plan->operation.get(), hipblaslt::kTransposeA, &first, sizeof first),
        "hipblasLtMatmulDescSetAttribute");

    const Owned preference =
        owned("hipblasLtMatmulPreferenceCreate", api_.preference_create, api_.preference_destroy);
    const std::uint64_t limit = kWorkspaceBytes;
    Api::check(
        api_.preference_set(preference.get(), hipblaslt::kMaxWorkspaceBytes, &limit, sizeof limit),
        "hipblasLtMatmulPreferenceSetAttribute");
    hipblaslt::HeuristicResult best{};
    int found = 0;
    const Status status =
        api_.heuristic(handle_.get(), plan->operation.get(), plan->first.get(), plan->second.get(),
                       plan->result.get(), plan->result.get(), preference.get(), 1, &best, &found);
    if (status == hipblaslt::kNotSupported) return nullptr;
    Api::check(status, "hipblasLtMatmulAlgoGetHeuristic");
    if (found == 0 || best.state != hipblaslt::kSuccess) return nullptr;
    plan->algorithm = best.algorithm;
    plan->workspace_bytes = best.workspace_bytes;
    return plan;
  }

  Api api_;
  Device& device_;
  Owned handle_;
  int version_ = 0;
  std::unique_ptr<DeviceMemory> workspace_;
};

}  // namespace

void open_hipblaslt(Device& device, std::span<const RocmFile> files, const std::string& folder,
                    Baselines& baselines) {
  try {
    const SharedLibrary library = load_rocm_library(device.info(), files, folder);
    require_tensile_kernels(device.info(), library,
                            {.library = "hipblaslt", .variable = "HIPBLASLT_TENSILE_LIBPATH"});
    baselines.found.push_back(std::make_unique<HipblasLt>(device, library));
  } catch (const std::exception& e) {
    baselines.absent.push_back({"hipblaslt", e.what()});
  }
}

void open_hipblaslt(Device& device, Baselines& baselines) {
  static const std::array kFiles = {RocmFile{6, "libhipblaslt.so.0"},
                                    RocmFile{7, "libhipblaslt.so.1"}};
  open_hipblaslt(device, kFiles, kRocmFolder, baselines);
}

}  // namespace moat
