// SPDX-License-Identifier: Apache-2.0
#include "problems/reference/scaled_gemm.hpp"

#include <cmath>

#include "bench/verify/fill.hpp"
#include "bench/verify/product.hpp"
#include "bench/verify/random.hpp"
#include "problems/reference/gemm.hpp"

namespace moat {
namespace {

// Of numbers uniform in (−448, 448), of which every eighth is smaller by a factor of 2⁻¹⁴, where
// codes are subnormal or 0; of every eight rows of `cols` one is so throughout.
template <class C>
void fill_codes(const void* data, std::int64_t count, std::int64_t cols, std::uint64_t seed) {
  C* to = const_cast<C*>(static_cast<const C*>(data));
#pragma omp parallel for schedule(static)
  for (std::int64_t i = 0; i < count; ++i) {
    const std::uint64_t bits = random_bits(seed, static_cast<std::uint64_t>(i));
    const float x = 448 * symmetric_uniform(static_cast<std::uint32_t>(bits));
    const bool small = (bits >> 32) % 8 == 0 || i / cols % 8 == 3;
    to[i] = encode<C>(small ? x * 0x1p-14f : x);
  }
}

// Positive, from 2⁻¹⁶ to 2⁻⁹ times a factor below 2: of its own for each.
void fill_scales(const void* data, bool ue8m0, std::int64_t count, std::uint64_t seed) {
  with_scale(ue8m0, [&]<class Scale>(Type<Scale>) {
    auto* to = const_cast<Scale*>(static_cast<const Scale*>(data));
    for (std::int64_t i = 0; i < count; ++i) {
      const std::uint64_t bits = random_bits(seed, static_cast<std::uint64_t>(i));
      const float size = 1 + std::abs(symmetric_uniform(static_cast<std::uint32_t>(bits)));
      to[i] = round_up<Scale>(std::ldexp(size, -9 - static_cast<int>((bits >> 32) % 8)));
    }
  });
}

}  // namespace

// Scales are those of numbers up to 1, which 448 stands for, and of smaller ones.
void fill(const ScaledGemmProblem& p, std::uint64_t seed, int) {
  with_scaled_code(p.code, [&]<class C>(Type<C>) {
    fill_codes<C>(p.a, std::int64_t{p.m} * p.k, p.k, stream_seed(seed, 0));
    fill_codes<C>(p.b, std::int64_t{p.n} * p.k, p.k, stream_seed(seed, 1));
  });
  const std::int64_t blocks = ceil_div(p.k, kPerScale);
  fill_scales(p.a_scales, p.ue8m0, p.m * blocks, stream_seed(seed, 2));
  fill_scales(p.b_scales, p.ue8m0, ceil_div(p.n, kPerScale) * blocks, stream_seed(seed, 3));
}
int row_kinds(const ScaledGemmProblem&) { return 0; }

// Codes are exact in whatever they are multiplied in, so that only f32 rounds: the two scales'
// product, its product with a block's sum, the sum over blocks, and here the decoded operands. Of
// powers of two all products are exact, and the sum is one of k terms. What a device loses besides
// that adds up codes in fewer bits, problems/reference/code_sums.hpp bounds; the instructions that
// do multiply e4m3 and not e4m3fnuz.
std::unique_ptr<Verifier::Expected> expect(const ScaledGemmProblem& host, Data data,
                                           const VerifyOptions& options) {
  const std::vector<float> a = reference::decoded_a(host);
  const std::vector<float> b = reference::decoded_b(host);
  const double roundings = host.ue8m0 ? 0 : 5;
  std::optional<CodeSums> sums;
  if (options.code_sum_bits && host.code == Code::e4m3) sums = {host, *options.code_sum_bits};
  return expect_product({.operands = reference::decoded_product(host.m, host.n, host.k, a, b),
                         .result = host.dtype,
                         .multiplied = DType::f32,
                         .operand_error = roundings * reference::kRoundoffF32,
                         .problem = host,
                         .sums = sums},
                        data, options);
}

}  // namespace moat
