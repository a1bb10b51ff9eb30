// SPDX-License-Identifier: Apache-2.0
#include "bench/baselines/rocblas.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <limits>
#include <memory>
#include <stdexcept>

#include "bench/baselines/column_major.hpp"
#include "bench/baselines/rocblas_api.hpp"

namespace moat {
namespace {

using rocblas::Status;

// Major versions whose declarations are those of rocblas_api.hpp.
constexpr int kOldest = 2;
constexpr int kNewest = 5;

class Rocblas final : public Baseline {
 public:
  Rocblas(Device& device, const SharedLibrary& library)
      : api_(library), device_(device), handle_(nullptr, api_.destroy) {
    std::array<char, 256> text{};
    api_.check(api_.version(text.data(), text.size()), "rocblas_get_version_string");
    version_ = text.data();
    const int major = std::atoi(text.data());
    if (major < kOldest || major > kNewest) {
      throw std::runtime_error("its version is " + version_ +
                               ", and it is called as 2 to 5 have it");
    }
    void* const stream = device_.stream();  // makes the device current, which the handle takes
    void* handle = nullptr;
    api_.check(api_.create(&handle), "rocblas_create_handle");
    handle_.reset(handle);
    api_.check(api_.set_stream(handle, stream), "rocblas_set_stream");
  }

  std::string name() const override { return "rocblas"; }
  std::string version() const override { return version_; }

  std::string detail() const override {
    return "rocblas_gemm_ex, f16 and bf16 with f32 sums; the solution and the workspace that it "
           "chooses";
  }

  std::string kernel(const Problem&) const override {
    return "its own choice, which it does not tell";
  }

  std::optional<std::string> unsupported(const Problem& problem) const override {
    const auto* gemm = std::get_if<GemmProblem>(&problem);
    if (gemm == nullptr) return "of rocBLAS, only its matrix product is a baseline";
    if (!of_one_type(*gemm)) return kSeveralTypes;
    if (!rocblas::kTypes.of(gemm->dtype)) {
      return fmt::format("rocBLAS is not asked for {}", name_of(gemm->dtype));
    }
    constexpr std::int64_t kLargest = std::numeric_limits<std::int32_t>::max();
    if (std::max({gemm->lda, gemm->ldb, gemm->ldc}) > kLargest) {
      return "a leading dimension does not fit rocblas_gemm_ex's 32-bit integers";
    }
    return std::nullopt;
  }

  std::function<void(const Problem&)> prepare(const Problem& problem) override {
    if (const auto reason = unsupported(problem)) throw std::runtime_error(*reason);
    const ColumnMajorProduct product = column_major(std::get<GemmProblem>(problem));
    return [this, product](const Problem& q) { solve(product, std::get<GemmProblem>(q)); };
  }

 private:
  void solve(const ColumnMajorProduct& product, const GemmProblem& p) {
    const float one = 1;
    const float zero = 0;
    const auto leading = [](const ColumnMajorMatrix& m) {
      return static_cast<std::int32_t>(m.leading);
    };
    const std::int32_t type = rocblas::kTypes.of(p.dtype).value();
    device_.stream();  // makes the device current
    api_.check(
        api_.gemm(handle_.get(),
                  product.transpose_first ? rocblas::kTransposed : rocblas::kNotTransposed,
                  rocblas::kNotTransposed, product.result.rows, product.result.cols, product.inner,
                  &one, p.b, type, leading(product.first), p.a, type, leading(product.second),
                  &zero, p.c, type, leading(product.result), p.c, type, leading(product.result),
                  *rocblas::kTypes.of(DType::f32), rocblas::kStandard, 0, rocblas::kNoFlags),
        "rocblas_gemm_ex");
  }

  rocblas::Api api_;
  Device& device_;
  std::unique_ptr<void, Status (*)(void*)> handle_;
  std::string version_;
};

}  // namespace

void open_rocblas(Device& device, std::span<const RocmFile> files, const std::string& folder,
                  Baselines& baselines) {
  try {
    const SharedLibrary library = load_rocm_library(device.info(), files, folder);
    require_tensile_kernels(device.info(), library,
                            {.library = "rocblas", .variable = "ROCBLAS_TENSILE_LIBPATH"});
    baselines.found.push_back(std::make_unique<Rocblas>(device, library));
  } catch (const std::exception& e) {
    baselines.absent.push_back({"rocblas", e.what()});
  }
}

void open_rocblas(Device& device, Baselines& baselines) {
  static const std::array kFiles = {RocmFile{5, "librocblas.so.3"}, RocmFile{5, "librocblas.so.0"},
                                    RocmFile{6, "librocblas.so.4"}, RocmFile{7, "librocblas.so.5"}};
  open_rocblas(device, kFiles, kRocmFolder, baselines);
}

}  // namespace moat
