// SPDX-License-Identifier: Apache-2.0
// Operands of a GEMM with weights in codes, decoded. Pointers of the problem are the host's.
#pragma once

#include <cstdint>
#include <vector>

#include "problems/reference/bound.hpp"
#include "problems/tensor.hpp"
#include "problems/weight_gemm.hpp"

namespace moat::reference {

// `count` elements of `dtype`.
inline std::vector<float> widened(const void* data, DType dtype, std::int64_t count) {
  std::vector<float> wide(count);
  with_dtype(dtype, [&]<class T>(Type<T>) {
#pragma omp parallel for schedule(static)
    for (std::int64_t i = 0; i < count; ++i) wide[i] = to_float(static_cast<const T*>(data)[i]);
  });
  return wide;
}

// W, n × k.
inline std::vector<float> decoded_weights(const WeightGemmProblem& p) {
  const std::int64_t count = std::int64_t{p.n} * p.k;
  const std::int64_t groups = count / group(p);
  std::vector<float> scales;
  if (p.code == Code::mxfp4) {
    scales.resize(groups);
    const auto* codes = static_cast<const e8m0*>(p.scales);
    for (std::int64_t i = 0; i < groups; ++i) scales[i] = decode(codes[i]);
  } else {
    scales = widened(p.scales, p.dtype, groups);
  }
  std::vector<float> w(count);
  with_code(p.code, [&]<class C>(Type<C>) {
    const auto* codes = static_cast<const C*>(p.w);
#pragma omp parallel for schedule(static)
    for (std::int64_t i = 0; i < count; ++i) {
      const float code = decode(codes[i / kPerUnit<C>], static_cast<int>(i % kPerUnit<C>));
      w[i] = code * scales[i / group(p)];
    }
  });
  return w;
}

}  // namespace moat::reference
