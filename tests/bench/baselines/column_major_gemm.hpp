// SPDX-License-Identifier: Apache-2.0
// BLAS's matrix product on host memory, in double.
#pragma once

#include <cstdint>

#include "problems/dtype.hpp"

namespace standin {

struct Matrix {
  moat::DType type;
  std::int64_t leading;
  bool transposed = false;
};

inline double load(moat::DType t, const void* p, std::int64_t at) {
  double value = 0;
  moat::with_dtype(t, [&]<class T>(moat::Type<T>) {
    value = double{moat::to_float(static_cast<const T*>(p)[at])};
  });
  return value;
}

inline void store(moat::DType t, void* p, std::int64_t at, double value) {
  moat::with_dtype(t, [&]<class T>(moat::Type<T>) {
    static_cast<T*>(p)[at] = moat::from_float<T>(static_cast<float>(value));
  });
}

// D = alpha · op(A) · op(B) + beta · C in column order; op(A) is m × k, op(B) k × n, and C, which
// is not read if beta is 0, is as D.
inline void multiply(int m, int n, int k, double alpha, const Matrix& a, const void* a_data,
                     const Matrix& b, const void* b_data, double beta, const void* c_data,
                     const Matrix& d, void* d_data) {
  for (int col = 0; col < n; ++col) {
    for (int row = 0; row < m; ++row) {
      double sum = 0;
      for (int i = 0; i < k; ++i) {
        const std::int64_t at_a = a.transposed ? i + row * a.leading : row + i * a.leading;
        const std::int64_t at_b = b.transposed ? col + i * b.leading : i + col * b.leading;
        sum += load(a.type, a_data, at_a) * load(b.type, b_data, at_b);
      }
      const std::int64_t at = row + col * d.leading;
      const double added = beta == 0 ? 0 : beta * load(d.type, c_data, at);
      store(d.type, d_data, at, alpha * sum + added);
    }
  }
}

}  // namespace standin
