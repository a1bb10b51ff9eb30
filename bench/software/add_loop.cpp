// SPDX-License-Identifier: Apache-2.0
#include "bench/software/add_loop.hpp"

namespace moat {

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

}  // namespace moat
