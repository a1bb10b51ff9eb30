// SPDX-License-Identifier: Apache-2.0
#include "bench/software/loops.hpp"

#include <hwy/cache_control.h>
#include <hwy/contrib/math/math-inl.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>

#include "backends/cpu/lanes.hpp"

namespace moat {
namespace {

namespace hn = cpu::hn;

constexpr std::int64_t kPiece = 1024;

// Results of so many elements bypass the caches, as those of the kernels do that the loops stand
// beside (backends/cpu/reduce.hpp): a store that does not fetch its line first is no merit of a
// fused kernel.
constexpr std::int64_t kStreamedElements = std::int64_t{1} << 21;

// Copies past the caches; whole lines at their own alignment, else as memcpy does.
void stream(const void* from, void* to, std::size_t bytes) {
  using Words = hn::ScalableTag<std::uint32_t>;
  constexpr std::size_t kLine = 64;
  if (reinterpret_cast<std::uintptr_t>(to) % kLine != 0 || bytes % kLine != 0) {
    std::memcpy(to, from, bytes);
    return;
  }
  const auto* source = static_cast<const std::uint32_t*>(from);
  auto* target = static_cast<std::uint32_t*>(to);
  for (std::size_t i = 0; i < bytes / sizeof *source; i += cpu::kLanes) {
    hn::Stream(hn::LoadU(Words(), source + i), Words(), target + i);
  }
}

// compute(to, row, first column, count) of pieces of y's rows, which it writes to `to`.
template <class T, class Compute>
void each_piece(LoopRows<T> y, std::int64_t rows, std::int64_t cols, int threads,
                const Compute& compute) {
  const std::int64_t pieces = ceil_div(cols, kPiece);
  const bool streamed = rows * cols >= kStreamedElements;
#pragma omp parallel num_threads(threads)
  {
    alignas(64) std::array<T, kPiece> piece;
#pragma omp for schedule(static) nowait
    for (std::int64_t item = 0; item < rows * pieces; ++item) {
      const std::int64_t row = item / pieces;
      const std::int64_t begin = item % pieces * kPiece;
      const std::int64_t count = std::min(kPiece, cols - begin);
      T* to = y.data + row * y.leading + begin;
      if (streamed) {
        compute(piece.data(), row, begin, count);
        stream(piece.data(), to, static_cast<std::size_t>(count) * sizeof(T));
      } else {
        compute(to, row, begin, count);
      }
    }
    if (streamed) hwy::FlushStream();
  }
}

void silu(const float* x, float* y, std::int64_t count) {
  const cpu::FloatTag f;
  const auto silu_of = [&](auto v) {
    return hn::Div(v, hn::Add(hn::Set(f, 1.0f), hn::Exp(f, hn::Neg(v))));
  };
  std::int64_t i = 0;
  for (; i + cpu::kLanes <= count; i += cpu::kLanes) {
    hn::StoreU(silu_of(hn::LoadU(f, x + i)), f, y + i);
  }
  std::array<float, cpu::kLanes> rest{};
  std::copy(x + i, x + count, rest.begin());
  hn::StoreU(silu_of(hn::LoadU(f, rest.data())), f, rest.data());
  std::copy_n(rest.begin(), count - i, y + i);
}

}  // namespace

void add_elements(DType type, const void* a, const void* b, void* sum, std::int64_t n,
                  int threads) {
  with_dtype(type, [&]<class T>(Type<T>) {
    const T* x = static_cast<const T*>(a);
    const T* y = static_cast<const T*>(b);
    each_piece(LoopRows<T>{static_cast<T*>(sum), n}, 1, n, threads,
               [=](T* to, std::int64_t, std::int64_t begin, std::int64_t count) {
#pragma omp simd
                 for (std::int64_t i = 0; i < count; ++i) {
                   to[i] = from_float<T>(to_float(x[begin + i]) + to_float(y[begin + i]));
                 }
               });
  });
}

void silu_rows(LoopRows<const float> x, LoopRows<float> y, std::int64_t rows, std::int64_t cols,
               int threads) {
  each_piece(y, rows, cols, threads,
             [=](float* to, std::int64_t row, std::int64_t begin, std::int64_t count) {
               silu(x.data + row * x.leading + begin, to, count);
             });
}

void multiply_rows(LoopRows<const float> a, LoopRows<const float> b, LoopRows<float> y,
                   std::int64_t rows, std::int64_t cols, int threads) {
  each_piece(y, rows, cols, threads,
             [=](float* to, std::int64_t row, std::int64_t begin, std::int64_t count) {
               const float* left = a.data + row * a.leading + begin;
               const float* right = b.data + row * b.leading + begin;
#pragma omp simd
               for (std::int64_t i = 0; i < count; ++i) to[i] = left[i] * right[i];
             });
}

void negate_second_halves(const float* x, float* y, const HeadShape& shape, int threads) {
  const std::int64_t half = shape.half;
  each_piece(LoopRows<float>{y, half}, shape.tokens * shape.heads, half, threads,
             [=](float* to, std::int64_t head, std::int64_t begin, std::int64_t count) {
               const float* second = x + head * 2 * half + half + begin;
#pragma omp simd
               for (std::int64_t i = 0; i < count; ++i) to[i] = -second[i];
             });
}

void join_halves(const float* first, const float* x, float* y, const HeadShape& shape,
                 int threads) {
  const std::int64_t half = shape.half;
  // Rows of half a head: of the first ones, and behind each the one of x.
  each_piece(LoopRows<float>{y, half}, shape.tokens * shape.heads * 2, half, threads,
             [=](float* to, std::int64_t row, std::int64_t begin, std::int64_t count) {
               const float* from = row % 2 == 0 ? first + row / 2 * half : x + (row - 1) * half;
               std::copy_n(from + begin, count, to);
             });
}

void scale_heads(const float* x, const float* factor, float* y, const HeadShape& shape,
                 int threads) {
  const std::int64_t half = shape.half;
  each_piece(LoopRows<float>{y, half}, shape.tokens * shape.heads * 2, half, threads,
             [=](float* to, std::int64_t row, std::int64_t begin, std::int64_t count) {
               const float* from = x + row * half + begin;
               const float* own = factor + row / 2 / shape.heads * half + begin;
#pragma omp simd
               for (std::int64_t i = 0; i < count; ++i) to[i] = from[i] * own[i];
             });
}

}  // namespace moat
