// SPDX-License-Identifier: Apache-2.0
#include "bench/baselines/cblas.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <limits>

namespace moat {
namespace {

// cblas.h's enumerations.
constexpr int kRowMajor = 101;
constexpr int kNoTrans = 111;
constexpr int kTrans = 112;

}  // namespace

std::optional<std::string> no_sgemm(const std::string& library, const Problem& problem) {
  const auto* gemm = std::get_if<GemmProblem>(&problem);
  if (gemm == nullptr) return library + " has matrix products only";
  if (!of_one_type(*gemm)) return kSeveralTypes;
  if (gemm->dtype != DType::f32) {
    return fmt::format("{0} has no {1} product with {1} results", library, name_of(gemm->dtype));
  }
  constexpr std::int64_t kLargest = std::numeric_limits<int>::max();
  if (std::max({gemm->lda, gemm->ldb, gemm->ldc}) > kLargest) {
    return fmt::format("a leading dimension does not fit {}'s 32-bit integers", library);
  }
  return std::nullopt;
}

void multiply(Sgemm* sgemm, const GemmProblem& p) {
  const bool transposed = p.order_b == Order::transposed;
  const auto leading = [](std::int64_t given, int width) {
    return given != 0 ? static_cast<int>(given) : width;
  };
  sgemm(kRowMajor, kNoTrans, transposed ? kTrans : kNoTrans, p.m, p.n, p.k, 1.0f,
        static_cast<const float*>(p.a), leading(p.lda, p.k), static_cast<const float*>(p.b),
        leading(p.ldb, transposed ? p.k : p.n), 0.0f, static_cast<float*>(p.c),
        leading(p.ldc, p.n));
}

}  // namespace moat
