// SPDX-License-Identifier: Apache-2.0
#include "bench/baselines/cublaslt.hpp"

#include <fmt/format.h>

#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>

#include "bench/baselines/cublaslt_library.hpp"
#include "bench/baselines/cublaslt_scaled.hpp"
#include "bench/baselines/shared_library.hpp"

namespace moat {
namespace {

constexpr const char* kNoAlgorithm = "cuBLASLt has no algorithm for this product";

class CublasLt final : public Baseline {
 public:
  CublasLt(Device& device, const SharedLibrary& library) : library_(device, library) {}

  std::string name() const override { return "cublaslt"; }
  std::string version() const override { return library_.version(); }

  std::string detail() const override {
    return fmt::format(
        "f32 without TF32, f16 and bf16 with f32 sums; its heuristic's first choice, workspace {} "
        "MiB; scales of blocks brought into its order in every call, in its time",
        cublaslt::Library::kWorkspaceBytes >> 20);
  }

  std::string kernel(const Problem& problem) const override {
    if (const auto* scaled = std::get_if<ScaledGemmProblem>(&problem)) {
      if (const auto name = cublaslt::scaled_kernel(library_, *scaled)) return *name;
      throw std::runtime_error(kNoAlgorithm);
    }
    const auto plan = make_plan(std::get<GemmProblem>(problem));
    if (!plan) throw std::runtime_error(kNoAlgorithm);
    return library_.name_of(*plan);
  }

  std::optional<std::string> unsupported(const Problem& problem) const override {
    try {
      if (const auto* scaled = std::get_if<ScaledGemmProblem>(&problem)) {
        if (const auto reason = cublaslt::no_blocks(library_, *scaled)) return reason;
        if (cublaslt::scaled_kernel(library_, *scaled)) return std::nullopt;
        return fmt::format("cuBLASLt {} has no algorithm for this product in {}", version(),
                           name_of(scaled->code));
      }
      const auto* gemm = std::get_if<GemmProblem>(&problem);
      if (gemm == nullptr) return "cuBLASLt has matrix products only";
      if (!of_one_type(*gemm)) return kSeveralTypes;
      if (make_plan(*gemm)) return std::nullopt;
      return fmt::format("cuBLASLt {} has no algorithm for this product in {}", version(),
                         name_of(gemm->dtype));
    } catch (const std::runtime_error& e) {
      return e.what();
    }
  }

  std::function<void(const Problem&)> prepare(const Problem& problem) override {
    if (const auto reason = unsupported(problem)) throw std::runtime_error(*reason);
    if (const auto* scaled = std::get_if<ScaledGemmProblem>(&problem)) {
      return cublaslt::prepare_scaled(library_, *scaled);
    }
    const std::shared_ptr<cublaslt::Plan> plan = make_plan(std::get<GemmProblem>(problem));
    return [this, plan](const Problem& q) {
      const auto& p = std::get<GemmProblem>(q);
      library_.multiply(*plan, p.b, p.a, p.c);
    };
  }

 private:
  // Nothing if the library has no algorithm.
  std::unique_ptr<cublaslt::Plan> make_plan(const GemmProblem& p) const {
    auto plan = std::make_unique<cublaslt::Plan>(
        library_.plan(column_major(p), cublaslt::data_type(p.dtype), p.dtype));
    if (!library_.choose(*plan)) return nullptr;
    return plan;
  }

  cublaslt::Library library_;
};

}  // namespace

void open_cublaslt(Device& device, const std::string& file, const std::string& folder,
                   Baselines& baselines) {
  try {
    baselines.found.push_back(std::make_unique<CublasLt>(device, SharedLibrary(file, folder)));
  } catch (const std::exception& e) {
    baselines.absent.push_back({"cublaslt", e.what()});
  }
}

void open_cublaslt(Device& device, Baselines& baselines) {
  open_cublaslt(device, "libcublasLt.so." + std::to_string(CUBLAS_VER_MAJOR), MOAT_CUDA_LIBRARY_DIR,
                baselines);
}

}  // namespace moat
