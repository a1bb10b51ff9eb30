// SPDX-License-Identifier: Apache-2.0
// RMSNorm, softmax and a product with B transposed on a CPU, in C++ with OpenMP:
//   g++ -O3 -march=native -fopenmp -shared -fPIC -I include examples/plugins/openmp/rows.cpp -o
//   librows.so moat run --plugin ./librows.so --kernel rmsnorm softmax gemm --dtype f32
#include <algorithm>
#include <cmath>
#include <cstdint>

#include "moat/plugin.h"

namespace {

float sum_of_squares(const float* x, int n) {
  float sum = 0;
#pragma omp simd reduction(+ : sum)
  for (int i = 0; i < n; ++i) sum += x[i] * x[i];
  return sum;
}

void rms_norm(const MoatRows& p, int threads) {
  const auto* const weight = static_cast<const float*>(p.weight);
#pragma omp parallel for num_threads(threads)
  for (int r = 0; r < p.rows; ++r) {
    const float* const x = static_cast<const float*>(p.x) + std::int64_t{r} * p.cols;
    float* const y = static_cast<float*>(p.y) + std::int64_t{r} * p.cols;
    const float mean = sum_of_squares(x, p.cols) / static_cast<float>(p.cols);
    const float scale = 1 / std::sqrt(mean + p.epsilon);
#pragma omp simd
    for (int i = 0; i < p.cols; ++i) y[i] = x[i] * scale * weight[i];
  }
}

void softmax(const MoatRows& p, int threads) {
#pragma omp parallel for num_threads(threads)
  for (int r = 0; r < p.rows; ++r) {
    const float* const x = static_cast<const float*>(p.x) + std::int64_t{r} * p.cols;
    float* const y = static_cast<float*>(p.y) + std::int64_t{r} * p.cols;
    const float most = *std::max_element(x, x + p.cols);
    // A row of −∞ gives zeros.
    const float from = std::isinf(most) ? 0 : most;
    float sum = 0;
    for (int i = 0; i < p.cols; ++i) sum += y[i] = std::exp(x[i] - from);
    const float scale = sum > 0 ? 1 / sum : 0;
#pragma omp simd
    for (int i = 0; i < p.cols; ++i) y[i] *= scale;
  }
}

// Tiles of 4 × 4 dot products, which read each row of A and of B once for four others.
constexpr int kTile = 4;

void tile(const MoatGemm& p, int row, int col) {
  const int rows = std::min(kTile, p.m - row);
  const int cols = std::min(kTile, p.n - col);
  const float* a[kTile];
  const float* b[kTile];
  // At the edges the last row stands in for those beyond.
  for (int i = 0; i < kTile; ++i) {
    a[i] = static_cast<const float*>(p.a) + (row + std::min(i, rows - 1)) * p.lda;
    b[i] = static_cast<const float*>(p.b) + (col + std::min(i, cols - 1)) * p.ldb;
  }
  float sums[kTile][kTile] = {};
  for (int i = 0; i < kTile; ++i) {
    float s0 = 0;
    float s1 = 0;
    float s2 = 0;
    float s3 = 0;
#pragma omp simd reduction(+ : s0, s1, s2, s3)
    for (int l = 0; l < p.k; ++l) {
      s0 += a[i][l] * b[0][l];
      s1 += a[i][l] * b[1][l];
      s2 += a[i][l] * b[2][l];
      s3 += a[i][l] * b[3][l];
    }
    sums[i][0] = s0;
    sums[i][1] = s1;
    sums[i][2] = s2;
    sums[i][3] = s3;
  }
  for (int i = 0; i < rows; ++i) {
    float* const c = static_cast<float*>(p.c) + (row + i) * p.ldc + col;
    for (int j = 0; j < cols; ++j) c[j] = sums[i][j];
  }
}

void product(const MoatGemm& p, int threads) {
#pragma omp parallel for collapse(2) num_threads(threads)
  for (int row = 0; row < p.m; row += kTile) {
    for (int col = 0; col < p.n; col += kTile) tile(p, row, col);
  }
}

const char* unsupported(const MoatDevice*, const MoatProblem* problem) {
  const bool product = problem->kind == MOAT_GEMM;
  return product && problem->as.gemm->b_transposed == 0 ? "B is not transposed" : nullptr;
}

int solve(const MoatDevice* device, const MoatProblem* problem, void*) {
  switch (problem->kind) {
    case MOAT_GEMM:
      product(*problem->as.gemm, device->threads);
      return 0;
    case MOAT_RMS_NORM:
      rms_norm(*problem->as.rows, device->threads);
      return 0;
    case MOAT_SOFTMAX:
      softmax(*problem->as.rows, device->threads);
      return 0;
    default:
      return 1;
  }
}

}  // namespace

extern "C" const MoatPlugin* moat_plugin(uint32_t, uint32_t) {
  static const MoatSolves norms = {sizeof(MoatSolves), "rmsnorm", "f32", nullptr};
  static const MoatSolves softmaxes = {sizeof(MoatSolves), "softmax", "f32", nullptr};
  static const MoatSolves products = {sizeof(MoatSolves), "gemm", "f32", "B transposed"};
  static const MoatSolves* const solves[] = {&norms, &softmaxes, &products, nullptr};
  static const char* const sources[] = {"examples/plugins/openmp/rows.cpp", nullptr};
  static const MoatPlugin plugin = [] {
    MoatPlugin p{};
    p.size = sizeof p;
    p.major = MOAT_PLUGIN_MAJOR;
    p.minor = MOAT_PLUGIN_MINOR;
    p.name = "openmp-rows";
    p.version = "1.0";
    p.backend = "cpu";
    p.sources = sources;
    p.solves = solves;
    p.unsupported = unsupported;
    p.solve = solve;
    return p;
  }();
  return &plugin;
}
