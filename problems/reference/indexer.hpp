// SPDX-License-Identifier: Apache-2.0
// Scores of the lightning indexer in float64, one at a time. Pointers of the problem are the
// host's.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>

#include "problems/indexer.hpp"
#include "problems/reference/bound.hpp"

namespace moat::reference {

struct IndexerScore {
  double value, bound;
};

// Of a key for a query. A product of d terms is off by the roundings of its sum, and no more when
// it is rectified, which moves no two numbers apart. Its product with the weight is rounded, and so
// is each addition of the heads, whatever their order: heads + 1 times u of what the weighted
// products may be at most. Costs heads · kIndexDim products. If `flushes`, subnormal factors may
// count as zero.
inline IndexerScore indexer_score(const IndexerProblem& p, std::int64_t batch, std::int64_t query,
                                  std::int64_t key, Data data, bool flushes = false) {
  if (key >= visible_keys(p, static_cast<int>(query))) {
    return {-std::numeric_limits<double>::infinity(), 0};
  }
  return with_dtype(p.dtype, [&]<class T>(Type<T>) {
    const double least = flushes ? flushed_below(kDType<T>) : 0;
    const std::int64_t row = (batch * p.q_len + query) * p.heads;
    const T* q = static_cast<const T*>(p.q) + row * kIndexDim;
    const T* k = static_cast<const T*>(p.k) + (batch * p.kv_len + key) * kIndexDim;
    const float* weights = static_cast<const float*>(p.weights) + row;
    double value = 0;
    double error = 0;
    double most = 0;
    for (int h = 0; h < p.heads; ++h, q += kIndexDim) {
      Estimate product;
      double flushed = 0;
      for (int d = 0; d < kIndexDim; ++d) {
        const double x = to_float(q[d]);
        const double y = to_float(k[d]);
        product.add(x * y);
        if (std::min(std::abs(x), std::abs(y)) < least) flushed += std::abs(x * y);
      }
      const double off = growth(kIndexDim, data) * spread(product, data) +
                         kIndexDim * underflow(DType::f32) + flushed;
      const double rectified = std::max(product.value, 0.0);
      const double weight = weights[h];
      value += weight * rectified;
      error += std::abs(weight) * off;
      most += std::abs(weight) * (rectified + off);
    }
    return IndexerScore{
        value, error + growth(p.heads + 1, Data::any) * most + p.heads * underflow(DType::f32)};
  });
}

}  // namespace moat::reference
