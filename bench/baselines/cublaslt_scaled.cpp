// SPDX-License-Identifier: Apache-2.0
#include "bench/baselines/cublaslt_scaled.hpp"

#include <fmt/format.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <utility>

namespace moat::cublaslt {

#if CUBLAS_VERSION >= 120900
namespace {

constexpr std::size_t kOldest = 120900;

// The stride of columns of scales of 128 × 128.
constexpr int kStride = 4;

// What the matrices' rows must be a multiple of, in bytes ("Tensor Core Usage"), and extents whose
// scales lie side by side ("Scaling factors layouts").
constexpr int kRowBytes = 16;
constexpr int kExtent = 4;

// From where scales lie to where the library takes them.
struct Move {
  bool needed;
  bool transposed;
  ColumnMajorMatrix from;
  ColumnMajorMatrix to;
};

Move move_of_a(const ScaledGemmProblem& p) {
  const int blocks = ceil_div(p.k, kPerScale);
  return {.needed = blocks > 1,
          .transposed = true,
          .from = {.rows = blocks, .cols = p.m, .leading = blocks},
          .to = {.rows = p.m, .cols = blocks, .leading = p.m}};
}

Move move_of_b(const ScaledGemmProblem& p) {
  const int blocks = ceil_div(p.k, kPerScale);
  const int cols = ceil_div(p.n, kPerScale);
  const int stride = ceil_div(blocks, kStride) * kStride;
  return {.needed = stride != blocks,
          .transposed = false,
          .from = {.rows = blocks, .cols = cols, .leading = blocks},
          .to = {.rows = blocks, .cols = cols, .leading = stride}};
}

// Scales of one operand where the library takes them.
class Scales {
 public:
  Scales(const Library& library, const Move& move)
      : library_(library), transform_(library.transform(move.transposed)) {
    if (!move.needed) return;
    from_ = std::make_unique<Layout>(library.layout(CUDA_R_32F, move.from));
    to_ = std::make_unique<Layout>(library.layout(CUDA_R_32F, move.to));
    const std::size_t bytes = sizeof(float) * static_cast<std::size_t>(move.to.leading) *
                              static_cast<std::size_t>(move.to.cols);
    moved_ = std::make_unique<DeviceMemory>(library.device(), bytes);
    library.device().fill(moved_->data(), 0, bytes);  // what pads the columns
  }

  // Enqueues the move.
  const void* where(const void* given) const {
    if (!moved_) return given;
    library_.transform(transform_, given, *from_, moved_->data(), *to_);
    return moved_->data();
  }

 private:
  const Library& library_;
  Transform transform_;
  std::unique_ptr<Layout> from_;
  std::unique_ptr<Layout> to_;
  std::unique_ptr<DeviceMemory> moved_;
};

std::optional<Plan> plan_of(const Library& library, const ScaledGemmProblem& p) {
  const GemmProblem dense{.m = p.m, .n = p.n, .k = p.k, .order_b = Order::transposed};
  Plan plan = library.plan(column_major(dense), CUDA_R_8F_E4M3, p.dtype);
  library.set(plan, CUBLASLT_MATMUL_DESC_A_SCALE_MODE,
              std::int32_t{CUBLASLT_MATMUL_MATRIX_SCALE_BLK128x128_32F});
  library.set(plan, CUBLASLT_MATMUL_DESC_B_SCALE_MODE,
              std::int32_t{CUBLASLT_MATMUL_MATRIX_SCALE_VEC128_32F});
  // The heuristic is asked as those of NVIDIA's sample and of PyTorch are, with scales in place;
  // where they will lie is not known yet, but how they will be aligned is.
  const void* somewhere = library.workspace();
  library.set(plan, CUBLASLT_MATMUL_DESC_A_SCALE_POINTER, somewhere);
  library.set(plan, CUBLASLT_MATMUL_DESC_B_SCALE_POINTER, somewhere);
  if (!library.choose(plan)) return std::nullopt;
  return plan;
}

struct Call {
  Plan plan;
  Scales of_a;
  Scales of_b;
};

}  // namespace

std::optional<std::string> no_blocks(const Library& library, const ScaledGemmProblem& p) {
  if (p.code != Code::e4m3) {
    return fmt::format("cuBLASLt has no numbers in {}", name_of(p.code));
  }
  if (p.ue8m0) return "cuBLASLt has scales of blocks of 128 in f32 only, not in ue8m0";
  if (library.number() < kOldest) {
    return fmt::format("cuBLASLt {} has no scales of blocks of 128, as 12.9 and later have",
                       library.version());
  }
  const std::string& architecture = library.device().info().architecture;
  if (!architecture.starts_with("sm_90")) {
    return fmt::format("cuBLASLt has scales of blocks of 128 on sm_90 only, and this is {}",
                       architecture);
  }
  const int of_c = kRowBytes / static_cast<int>(size_of(p.dtype));
  if (p.m % kExtent != 0 || p.n % of_c != 0 || p.k % kRowBytes != 0) {
    return fmt::format("cuBLASLt takes multiples of {} for m, {} for n and {} for k", kExtent, of_c,
                       kRowBytes);
  }
  return std::nullopt;
}

std::optional<std::string> scaled_kernel(const Library& library, const ScaledGemmProblem& p) {
  const auto plan = plan_of(library, p);
  if (!plan) return std::nullopt;
  std::string name = library.name_of(*plan);
  for (const Move& move : {move_of_a(p), move_of_b(p)}) {
    if (move.needed) name = "cublasLtMatrixTransform + " + name;
  }
  return name;
}

std::function<void(const Problem&)> prepare_scaled(const Library& library,
                                                   const ScaledGemmProblem& p) {
  auto plan = plan_of(library, p);
  if (!plan) throw std::runtime_error("cuBLASLt has no algorithm for this product");
  const auto call = std::make_shared<Call>(
      Call{std::move(*plan), Scales(library, move_of_a(p)), Scales(library, move_of_b(p))});
  return [&library, call](const Problem& problem) {
    const auto& q = std::get<ScaledGemmProblem>(problem);
    library.set(call->plan, CUBLASLT_MATMUL_DESC_A_SCALE_POINTER, call->of_b.where(q.b_scales));
    library.set(call->plan, CUBLASLT_MATMUL_DESC_B_SCALE_POINTER, call->of_a.where(q.a_scales));
    library.multiply(call->plan, q.b, q.a, q.c);
  };
}

#else

std::optional<std::string> no_blocks(const Library&, const ScaledGemmProblem&) {
  return fmt::format(
      "this build's cublasLt.h is of {}.{}, which has no scales of blocks of 128, as 12.9 and "
      "later have",
      CUBLAS_VER_MAJOR, CUBLAS_VER_MINOR);
}

std::optional<std::string> scaled_kernel(const Library&, const ScaledGemmProblem&) {
  return std::nullopt;
}

std::function<void(const Problem&)> prepare_scaled(const Library& library,
                                                   const ScaledGemmProblem& p) {
  throw std::runtime_error(*no_blocks(library, p));
}

#endif

}  // namespace moat::cublaslt
