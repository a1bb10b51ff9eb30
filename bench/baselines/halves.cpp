// SPDX-License-Identifier: Apache-2.0
#include "bench/baselines/halves.hpp"

#include <algorithm>

#include "backends/cpu/convert.hpp"

namespace moat {
namespace {

// Calls f(row, first column, columns) for pieces of all rows; rows without gaps are one row.
template <class F>
void in_pieces(std::int64_t rows, std::int64_t cols, std::int64_t stride, int threads, F&& f) {
  constexpr std::int64_t kPiece = 1 << 13;
  if (stride == cols) {
    cols *= rows;
    rows = 1;
  }
  const std::int64_t pieces = ceil_div(cols, kPiece);
#pragma omp parallel for num_threads(threads) schedule(static)
  for (std::int64_t i = 0; i < rows * pieces; ++i) {
    const std::int64_t begin = i % pieces * kPiece;
    f(i / pieces, begin, std::min(kPiece, cols - begin));
  }
}

template <class T>
void widen(const T* from, std::int64_t stride, float* to, std::int64_t rows, std::int64_t cols,
           int threads) {
  in_pieces(rows, cols, stride, threads,
            [&](std::int64_t row, std::int64_t begin, std::int64_t count) {
              const T* x = from + row * stride + begin;
              float* y = to + row * cols + begin;
              std::int64_t i = 0;
              for (; i + cpu::kLanes <= count; i += cpu::kLanes) {
                cpu::hn::StoreU(cpu::load(cpu::FloatTag{}, x + i), cpu::FloatTag{}, y + i);
              }
              for (; i < count; ++i) y[i] = to_float(x[i]);
            });
}

template <class T>
void narrow(const float* from, T* to, std::int64_t stride, std::int64_t rows, std::int64_t cols,
            int threads) {
  in_pieces(rows, cols, stride, threads,
            [&](std::int64_t row, std::int64_t begin, std::int64_t count) {
              const float* x = from + row * cols + begin;
              T* y = to + row * stride + begin;
              std::int64_t i = 0;
              for (; i + cpu::kLanes <= count; i += cpu::kLanes) {
                cpu::store(cpu::FloatTag{}, cpu::hn::LoadU(cpu::FloatTag{}, x + i), y + i);
              }
              for (; i < count; ++i) y[i] = from_float<T>(x[i]);
            });
}

void widen_all(DType type, const void* from, std::int64_t stride, float* to, std::int64_t rows,
               std::int64_t cols, int threads) {
  with_dtype(type, [&]<class T>(Type<T>) {
    widen(static_cast<const T*>(from), stride, to, rows, cols, threads);
  });
}

void narrow_all(DType type, const float* from, void* to, std::int64_t stride, std::int64_t rows,
                std::int64_t cols, int threads) {
  with_dtype(type, [&]<class T>(Type<T>) {
    narrow(from, static_cast<T*>(to), stride, rows, cols, threads);
  });
}

}  // namespace
}  // namespace moat

MOAT_CPU_TABLE(HalvesLoops, moat_halves) = {
    .widen = moat::widen_all,
    .narrow = moat::narrow_all,
};
