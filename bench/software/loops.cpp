// SPDX-License-Identifier: Apache-2.0
#include "bench/software/loops.hpp"

#include <hwy/contrib/math/math-inl.h>

#include <algorithm>
#include <array>

#include "backends/cpu/lanes.hpp"

namespace moat {
namespace {

namespace hn = cpu::hn;

void silu_row(const float* x, float* y, std::int64_t cols) {
  const cpu::FloatTag f;
  const auto silu = [&](auto v) {
    return hn::Div(v, hn::Add(hn::Set(f, 1.0f), hn::Exp(f, hn::Neg(v))));
  };
  std::int64_t i = 0;
  for (; i + cpu::kLanes <= cols; i += cpu::kLanes) hn::StoreU(silu(hn::LoadU(f, x + i)), f, y + i);
  std::array<float, cpu::kLanes> rest{};
  std::copy(x + i, x + cols, rest.begin());
  hn::StoreU(silu(hn::LoadU(f, rest.data())), f, rest.data());
  std::copy_n(rest.begin(), cols - i, y + i);
}

// f(head's first element, its token) of every head.
template <class F>
void each_head(const HeadShape& shape, int threads, F&& f) {
#pragma omp parallel for num_threads(threads) schedule(static)
  for (std::int64_t head = 0; head < shape.tokens * shape.heads; ++head) {
    f(head * 2 * shape.half, head / shape.heads);
  }
}

}  // namespace

void add_elements(DType type, const void* a, const void* b, void* sum, std::int64_t n,
                  int threads) {
  with_dtype(type, [&]<class T>(Type<T>) {
    const T* x = static_cast<const T*>(a);
    const T* y = static_cast<const T*>(b);
    T* z = static_cast<T*>(sum);
#pragma omp parallel for simd num_threads(threads) schedule(static)
    for (std::int64_t i = 0; i < n; ++i) z[i] = from_float<T>(to_float(x[i]) + to_float(y[i]));
  });
}

void silu_rows(LoopRows<const float> x, LoopRows<float> y, std::int64_t rows, std::int64_t cols,
               int threads) {
#pragma omp parallel for num_threads(threads) schedule(static)
  for (std::int64_t r = 0; r < rows; ++r) {
    silu_row(x.data + r * x.leading, y.data + r * y.leading, cols);
  }
}

void multiply_rows(LoopRows<const float> a, LoopRows<const float> b, LoopRows<float> y,
                   std::int64_t rows, std::int64_t cols, int threads) {
#pragma omp parallel for num_threads(threads) schedule(static)
  for (std::int64_t r = 0; r < rows; ++r) {
    const float* left = a.data + r * a.leading;
    const float* right = b.data + r * b.leading;
    float* product = y.data + r * y.leading;
#pragma omp simd
    for (std::int64_t i = 0; i < cols; ++i) product[i] = left[i] * right[i];
  }
}

void negate_second_halves(const float* x, float* y, const HeadShape& shape, int threads) {
  each_head(shape, threads, [&](std::int64_t at, std::int64_t) {
    const float* second = x + at + shape.half;
    float* to = y + at / 2;
#pragma omp simd
    for (std::int64_t i = 0; i < shape.half; ++i) to[i] = -second[i];
  });
}

void join_halves(const float* first, const float* x, float* y, const HeadShape& shape,
                 int threads) {
  each_head(shape, threads, [&](std::int64_t at, std::int64_t) {
    const float* from = first + at / 2;
    const float* second = x + at;
    float* to = y + at;
#pragma omp simd
    for (std::int64_t i = 0; i < shape.half; ++i) {
      to[i] = from[i];
      to[shape.half + i] = second[i];
    }
  });
}

void scale_heads(const float* x, const float* factor, float* y, const HeadShape& shape,
                 int threads) {
  each_head(shape, threads, [&](std::int64_t at, std::int64_t token) {
    const float* own = factor + token * shape.half;
    const float* from = x + at;
    float* to = y + at;
#pragma omp simd
    for (std::int64_t i = 0; i < shape.half; ++i) {
      to[i] = from[i] * own[i];
      to[shape.half + i] = from[shape.half + i] * own[i];
    }
  });
}

}  // namespace moat
