// SPDX-License-Identifier: Apache-2.0
#include "bench/software/loops.hpp"

#include <hwy/cache_control.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>
#include <type_traits>

#include "backends/cpu/lanes.hpp"
#include "backends/cpu/math.hpp"

namespace moat {
namespace {

namespace hn = cpu::hn;

// Results of so many elements bypass the caches, as those of the kernels do that the loops stand
// beside (backends/cpu/reduce.hpp): a store that does not fetch its line first is no merit of a
// fused kernel.
constexpr std::int64_t kStreamedElements = std::int64_t{1} << 21;

constexpr float kMinusLog2E = -1.44269504f;
constexpr std::int64_t kPiece = 1024;
constexpr std::size_t kLine = 64;

bool starts_a_line(const void* p) { return reinterpret_cast<std::uintptr_t>(p) % kLine == 0; }

// to[i] = op(a[i], b[i]). A vector that is not whole is computed beside it.
template <class Op>
void apply(const float* a, const float* b, float* to, std::int64_t count, bool streamed, Op op) {
  const cpu::FloatTag f;
  const auto at = [&](std::int64_t i) {
    return op(cpu::FloatLanes(hn::LoadU(f, a + i)), cpu::FloatLanes(hn::LoadU(f, b + i))).v;
  };
  std::int64_t i = 0;
  if (streamed && starts_a_line(to)) {
#pragma GCC unroll 4
    for (; i + cpu::kLanes <= count; i += cpu::kLanes) hn::Stream(at(i), f, to + i);
  } else {
#pragma GCC unroll 4
    for (; i + cpu::kLanes <= count; i += cpu::kLanes) hn::StoreU(at(i), f, to + i);
  }
  if (i == count) return;
  std::array<float, cpu::kLanes> x{};
  std::array<float, cpu::kLanes> y{};
  std::copy(a + i, a + count, x.begin());
  std::copy(b + i, b + count, y.begin());
  hn::StoreU(op(cpu::FloatLanes(hn::LoadU(f, x.data())), cpu::FloatLanes(hn::LoadU(f, y.data()))).v,
             f, x.data());
  std::copy_n(x.begin(), count - i, to + i);
}

// compute(row, first column, count, streamed) of pieces of rows × cols elements of a result: whole
// units of so many columns, of which a row has any number.
template <class Compute>
void each_piece(std::int64_t rows, std::int64_t cols, std::int64_t unit, int threads,
                const Compute& compute) {
  const std::int64_t size = std::max(kPiece / unit, std::int64_t{1}) * unit;
  const std::int64_t pieces = ceil_div(cols, size);
  const bool streamed = rows * cols >= kStreamedElements;
#pragma omp parallel num_threads(threads)
  {
#pragma omp for schedule(static) nowait
    for (std::int64_t item = 0; item < rows * pieces; ++item) {
      const std::int64_t begin = item % pieces * size;
      compute(item / pieces, begin, std::min(size, cols - begin), streamed);
    }
    if (streamed) hwy::FlushStream();
  }
}

// Copies past the caches; whole lines at their own alignment, else as memcpy does.
void stream(const void* from, void* to, std::size_t bytes) {
  using Words = hn::ScalableTag<std::uint32_t>;
  if (!starts_a_line(to) || bytes % kLine != 0) {
    std::memcpy(to, from, bytes);
    return;
  }
  const auto* source = static_cast<const std::uint32_t*>(from);
  auto* target = static_cast<std::uint32_t*>(to);
  for (std::size_t i = 0; i < bytes / sizeof *source; i += cpu::kLanes) {
    hn::Stream(hn::LoadU(Words(), source + i), Words(), target + i);
  }
}

// Of 1 … kPiece elements.
template <class T>
void add(const T* a, const T* b, T* to, std::int64_t count, bool streamed) {
  if constexpr (std::is_same_v<T, float>) {
    apply(a, b, to, count, streamed, [](auto x, auto y) { return x + y; });
  } else {
    alignas(kLine) std::array<T, kPiece> sums;
#pragma omp simd
    for (std::int64_t i = 0; i < count; ++i)
      sums[i] = from_float<T>(to_float(a[i]) + to_float(b[i]));
    const std::size_t bytes = static_cast<std::size_t>(count) * sizeof(T);
    if (streamed) {
      stream(sums.data(), to, bytes);
    } else {
      std::memcpy(to, sums.data(), bytes);
    }
  }
}

void add_elements(DType type, const void* a, const void* b, void* sum, std::int64_t n,
                  int threads) {
  with_dtype(type, [&]<class T>(Type<T>) {
    each_piece(1, n, 1, threads, [&](std::int64_t, std::int64_t at, std::int64_t count, bool s) {
      add(static_cast<const T*>(a) + at, static_cast<const T*>(b) + at, static_cast<T*>(sum) + at,
          count, s);
    });
  });
}

void silu_rows(LoopRows<const float> x, LoopRows<float> y, std::int64_t rows, std::int64_t cols,
               int threads) {
  each_piece(rows, cols, 1, threads,
             [&](std::int64_t row, std::int64_t at, std::int64_t count, bool streamed) {
               const float* from = x.data + row * x.leading + at;
               apply(from, from, y.data + row * y.leading + at, count, streamed,
                     [](auto v, auto) { return v / (cpu::exp2(v * kMinusLog2E) + 1.0f); });
             });
}

void multiply_rows(LoopRows<const float> a, LoopRows<const float> b, LoopRows<float> y,
                   std::int64_t rows, std::int64_t cols, int threads) {
  each_piece(rows, cols, 1, threads,
             [&](std::int64_t row, std::int64_t at, std::int64_t count, bool streamed) {
               apply(a.data + row * a.leading + at, b.data + row * b.leading + at,
                     y.data + row * y.leading + at, count, streamed,
                     [](auto u, auto v) { return u * v; });
             });
}

void negate_second_halves(const float* x, float* y, const HeadShape& shape, int threads) {
  const std::int64_t half = shape.half;
  const std::int64_t cols = shape.heads * half;
  each_piece(shape.tokens, cols, half, threads,
             [&](std::int64_t token, std::int64_t begin, std::int64_t count, bool streamed) {
               const std::int64_t own = token * cols + begin;
               for (std::int64_t at = own; at < own + count; at += half) {
                 const float* second = x + 2 * at + half;
                 apply(second, second, y + at, half, streamed, [](auto v, auto) { return -v; });
               }
             });
}

void join_halves(const float* first, const float* x, float* y, const HeadShape& shape,
                 int threads) {
  const std::int64_t half = shape.half;
  const std::int64_t cols = shape.heads * 2 * half;
  const auto same = [](auto v, auto) { return v; };
  each_piece(shape.tokens, cols, 2 * half, threads,
             [&](std::int64_t token, std::int64_t begin, std::int64_t count, bool streamed) {
               const std::int64_t own = token * cols + begin;
               for (std::int64_t at = own; at < own + count; at += 2 * half) {
                 apply(first + at / 2, first + at / 2, y + at, half, streamed, same);
                 apply(x + at, x + at, y + at + half, half, streamed, same);
               }
             });
}

void scale_heads(const float* x, const float* factor, float* y, const HeadShape& shape,
                 int threads) {
  const std::int64_t half = shape.half;
  const std::int64_t cols = shape.heads * 2 * half;
  each_piece(shape.tokens, cols, 2 * half, threads,
             [&](std::int64_t token, std::int64_t begin, std::int64_t count, bool streamed) {
               const std::int64_t own = token * cols + begin;
               for (std::int64_t at = own; at < own + count; at += half) {
                 apply(x + at, factor + token * half, y + at, half, streamed,
                       [](auto u, auto v) { return u * v; });
               }
             });
}

}  // namespace
}  // namespace moat

MOAT_CPU_TABLE(SoftwareLoops, moat_software_loops) = {
    .add_elements = moat::add_elements,
    .silu_rows = moat::silu_rows,
    .multiply_rows = moat::multiply_rows,
    .negate_second_halves = moat::negate_second_halves,
    .join_halves = moat::join_halves,
    .scale_heads = moat::scale_heads,
};
