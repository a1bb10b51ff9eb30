// SPDX-License-Identifier: Apache-2.0
#include "bench/software/loops.hpp"

#include <hwy/cache_control.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>
#include <vector>

#include "backends/cpu/lanes.hpp"
#include "backends/cpu/math.hpp"

namespace moat {
namespace {

namespace hn = cpu::hn;

// Elements that a thread computes before it stores them.
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

// compute(to, row, first column, count) of pieces of y's rows, which it writes to `to`: whole units
// of so many columns, of which a row has any number.
template <class T, class Compute>
void each_piece(LoopRows<T> y, std::int64_t rows, std::int64_t cols, std::int64_t unit, int threads,
                const Compute& compute) {
  const std::int64_t size = std::max(kPiece / unit, std::int64_t{1}) * unit;
  const std::int64_t pieces = ceil_div(cols, size);
  const bool streamed = rows * cols >= kStreamedElements;
#pragma omp parallel num_threads(threads)
  {
    std::vector<T> piece(static_cast<std::size_t>(streamed ? size : 0));
#pragma omp for schedule(static) nowait
    for (std::int64_t item = 0; item < rows * pieces; ++item) {
      const std::int64_t row = item / pieces;
      const std::int64_t begin = item % pieces * size;
      const std::int64_t count = std::min(size, cols - begin);
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
  constexpr float kMinusLog2E = -1.44269504f;
  const cpu::FloatTag f;
  const auto silu_of = [](cpu::FloatLanes v) {
    return (v / (cpu::exp2(v * kMinusLog2E) + 1.0f)).v;
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
    each_piece(LoopRows<T>{static_cast<T*>(sum), n}, 1, n, 1, threads,
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
  each_piece(y, rows, cols, 1, threads,
             [=](float* to, std::int64_t row, std::int64_t begin, std::int64_t count) {
               silu(x.data + row * x.leading + begin, to, count);
             });
}

void multiply_rows(LoopRows<const float> a, LoopRows<const float> b, LoopRows<float> y,
                   std::int64_t rows, std::int64_t cols, int threads) {
  each_piece(y, rows, cols, 1, threads,
             [=](float* to, std::int64_t row, std::int64_t begin, std::int64_t count) {
               const float* left = a.data + row * a.leading + begin;
               const float* right = b.data + row * b.leading + begin;
#pragma omp simd
               for (std::int64_t i = 0; i < count; ++i) to[i] = left[i] * right[i];
             });
}

void negate_second_halves(const float* x, float* y, const HeadShape& shape, int threads) {
  const std::int64_t half = shape.half;
  const std::int64_t row = shape.heads * half;
  each_piece(LoopRows<float>{y, row}, shape.tokens, row, half, threads,
             [=](float* to, std::int64_t token, std::int64_t begin, std::int64_t count) {
               const float* heads = x + 2 * (token * row + begin);
               for (std::int64_t at = 0; at < count; at += half) {
                 const float* second = heads + 2 * at + half;
#pragma omp simd
                 for (std::int64_t i = 0; i < half; ++i) to[at + i] = -second[i];
               }
             });
}

void join_halves(const float* first, const float* x, float* y, const HeadShape& shape,
                 int threads) {
  const std::int64_t half = shape.half;
  const std::int64_t row = shape.heads * 2 * half;
  each_piece(LoopRows<float>{y, row}, shape.tokens, row, 2 * half, threads,
             [=](float* to, std::int64_t token, std::int64_t begin, std::int64_t count) {
               const std::int64_t own = token * row + begin;
               for (std::int64_t at = 0; at < count; at += 2 * half) {
                 std::copy_n(first + (own + at) / 2, half, to + at);
                 std::copy_n(x + own + at, half, to + at + half);
               }
             });
}

void scale_heads(const float* x, const float* factor, float* y, const HeadShape& shape,
                 int threads) {
  const std::int64_t half = shape.half;
  const std::int64_t row = shape.heads * 2 * half;
  each_piece(LoopRows<float>{y, row}, shape.tokens, row, 2 * half, threads,
             [=](float* to, std::int64_t token, std::int64_t begin, std::int64_t count) {
               const float* from = x + token * row + begin;
               const float* own = factor + token * half;
               for (std::int64_t at = 0; at < count; at += half) {
#pragma omp simd
                 for (std::int64_t i = 0; i < half; ++i) to[at + i] = from[at + i] * own[i];
               }
             });
}

}  // namespace moat
