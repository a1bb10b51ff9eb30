// SPDX-License-Identifier: Apache-2.0
#include "problems/reference/weight_gemm.hpp"

#include <cmath>

#include "bench/verify/fill.hpp"
#include "bench/verify/product.hpp"
#include "bench/verify/random.hpp"
#include "problems/reference/gemm.hpp"

namespace moat {

// Codes are random bits, all of them. Scales differ from group to group, by factors of 2⁻¹⁰ to
// 2⁻⁵, so that one of another row or group shows, and no element of W is subnormal in f16. Rows of
// A are those of GEMM, some small and some large.
void fill(const WeightGemmProblem& p, std::uint64_t seed, int first) {
  fill(GemmProblem{.dtype = p.dtype, .m = p.m, .n = 1, .k = p.k, .a = p.a, .b = p.a}, seed, first);
  const std::int64_t scales = std::int64_t{p.n} * (p.k / group(p));
  const auto exponent = [&](std::int64_t i) {
    return -5 - static_cast<int>(random_bits(seed, static_cast<std::uint64_t>(i)) % 6);
  };
  if (p.code == Code::mxfp4) {
    auto* to = const_cast<e8m0*>(static_cast<const e8m0*>(p.scales));
    for (std::int64_t i = 0; i < scales; ++i) {
      to[i] = {static_cast<std::uint8_t>(127 + exponent(i))};
    }
    return;
  }
  with_dtype(p.dtype, [&]<class T>(Type<T>) {
    T* to = const_cast<T*>(static_cast<const T*>(p.scales));
    for (std::int64_t i = 0; i < scales; ++i) {
      const float size = 1 + std::abs(to_float(to[i])) * 0.99f;
      to[i] = from_float<T>(std::ldexp(size, exponent(i)));
    }
  });
}
int row_kinds(const WeightGemmProblem&) { return 0; }

// An element of W is a code of at most 8 digits times a scale of at most 11, exact in f32; rounded
// to `dtype` it is off by that type's roundoff.
std::unique_ptr<Verifier::Expected> expect(const WeightGemmProblem& host, Data data,
                                           const VerifyOptions& options) {
  const std::vector<float> a =
      reference::widened(host.a, host.dtype, std::int64_t{host.m} * host.k);
  const std::vector<float> w = reference::decoded_weights(host);
  return expect_product({.operands = reference::decoded_product(host.m, host.n, host.k, a, w),
                         .result = host.dtype,
                         .multiplied = host.dtype,
                         .operand_error = reference::unit_roundoff(host.dtype),
                         .problem = host},
                        data, options);
}

}  // namespace moat
