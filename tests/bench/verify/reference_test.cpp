// SPDX-License-Identifier: Apache-2.0
// The float64 references against values computed by hand.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "problems/reference/attention.hpp"
#include "problems/reference/bound.hpp"
#include "problems/reference/gemm.hpp"
#include "problems/reference/quantise.hpp"
#include "problems/reference/reduction.hpp"
#include "problems/reference/rows.hpp"

namespace moat {
namespace {

constexpr float kInf = std::numeric_limits<float>::infinity();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

TEST(ReferenceGemm, TwoByTwo) {
  const float a[] = {1, 2, 3, 4, 5, 6};      // 2 × 3
  const float b[] = {1, -1, 2, -2, 3, -3};   // 3 × 2
  const float bt[] = {1, 2, 3, -1, -2, -3};  // its transpose
  for (const bool transposed : {false, true}) {
    const GemmProblem p{.m = 2,
                        .n = 2,
                        .k = 3,
                        .order_b = transposed ? Order::transposed : Order::row_major,
                        .a = a,
                        .b = transposed ? bt : b};
    const auto c = reference::gemm(p);
    ASSERT_EQ(c.size(), 4u);
    EXPECT_EQ(c[0].value, 14);
    EXPECT_EQ(c[1].value, -14);
    EXPECT_EQ(c[2].value, 32);
    EXPECT_EQ(c[3].value, -32);
    EXPECT_EQ(c[3].abs, 32);
    EXPECT_EQ(c[3].square, 16 + 100 + 324);
    EXPECT_EQ(reference::gemm_at(p, 1, 0).value, 32);
  }
}

TEST(ReferenceGemm, LeadingDimensionsAndSingleElements) {
  std::vector<float> a(7 * 600);
  std::vector<float> b(19 * 601);
  for (std::size_t i = 0; i < a.size(); ++i) a[i] = static_cast<float>(i % 11) - 5;
  for (std::size_t i = 0; i < b.size(); ++i) b[i] = static_cast<float>(i % 13) - 6;
  const GemmProblem p{.m = 7,
                      .n = 19,
                      .k = 590,
                      .order_b = Order::transposed,
                      .lda = 600,
                      .ldb = 601,
                      .a = a.data(),
                      .b = b.data()};
  const auto all = reference::gemm(p);
  const std::vector<int> rows{0, 3, 6};
  const std::vector<int> cols{1, 18};
  const auto some = reference::gemm(p, rows, cols);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    for (std::size_t j = 0; j < cols.size(); ++j) {
      const auto one = reference::gemm_at(p, rows[i], cols[j]);
      EXPECT_EQ(some[i * 2 + j].value, one.value);
      EXPECT_EQ(some[i * 2 + j].abs, one.abs);
      EXPECT_EQ(some[i * 2 + j].square, one.square);
      EXPECT_EQ(all[rows[i] * p.n + cols[j]].value, one.value);
    }
  }
}

TEST(ReferenceAttention, MeansOfVisibleValues) {
  // All logits of head 0 are 0; head 1 shares its keys. Keys: 3, queries: 2.
  AttentionProblem p{.q_heads = 2, .kv_heads = 1, .q_len = 2, .kv_len = 3, .causal = true};
  std::vector<float> q(2 * 2 * 64);
  std::vector<float> k(3 * 64);
  std::vector<float> v(3 * 64);
  for (int j = 0; j < 3; ++j) {
    k[j * 64] = static_cast<float>(j);
    v[j * 64 + 5] = static_cast<float>(j + 1);
    v[j * 64 + 6] = j == 2 ? -100.0f : 1.0f;
  }
  // Query 1 of head 1: logits 0, 8·0.125·ln 2 = ln 2, 2·ln 2.
  q[(1 * 2 + 1) * 64] = 8 * std::log(2.0f);
  p.q = q.data();
  p.k = k.data();
  p.v = v.data();
  const auto first = reference::attention_row(p, 0, 0, 0);
  EXPECT_EQ(first.logits.visible, 2);
  EXPECT_DOUBLE_EQ(first.out[5].value, 1.5);
  EXPECT_DOUBLE_EQ(first.out[6].value, 1.0);
  EXPECT_EQ(first.value_abs[5], 3);
  const auto last = reference::attention_row(p, 0, 0, 1);
  EXPECT_EQ(last.logits.visible, 3);
  EXPECT_DOUBLE_EQ(last.out[5].value, 2.0);
  const auto skewed = reference::attention_row(p, 0, 1, 1);
  EXPECT_NEAR(skewed.out[5].value, (1 + 2 * 2 + 4 * 3) / 7.0, 1e-7);
  EXPECT_NEAR(skewed.out[6].value, (1 + 2 - 400) / 7.0, 1e-5);
  EXPECT_NEAR(skewed.out[6].abs, 403 / 7.0, 1e-5);
  EXPECT_NEAR(skewed.logits.value, 2 * std::log(2.0), 1e-6);
}

TEST(ReferenceAttention, ARowWithoutKeysIsZero) {
  AttentionProblem p{.q_len = 3, .kv_len = 1, .causal = true};
  const std::vector<float> x(3 * 64, 1.0f);
  p.q = p.k = p.v = x.data();
  EXPECT_EQ(reference::attention_row(p, 0, 0, 1).logits.visible, 0);
  EXPECT_EQ(reference::attention_row(p, 0, 0, 1).out[3].value, 0);
  EXPECT_EQ(reference::attention_row(p, 0, 0, 2).out[3].value, 1);
}

TEST(ReferenceReduction, SumAndPeak) {
  const float x[] = {1, -4, 3, 7, 7, -kInf, kNan};
  EXPECT_EQ(reference::sum({.n = 5, .x = x}).value, 14);
  EXPECT_EQ(reference::sum({.n = 5, .x = x}).abs, 22);
  EXPECT_EQ(reference::sum({.n = 5, .x = x}).square, 1 + 16 + 9 + 49 + 49);
  EXPECT_EQ(reference::max({.n = 7, .x = x}).value, 7);
  EXPECT_EQ(reference::max({.n = 7, .x = x}).index, 3);
  EXPECT_EQ(reference::max({.n = 2, .x = x + 5}).value, -kInf);
  EXPECT_EQ(reference::max({.n = 2, .x = x + 5}).index, 0);
}

TEST(ReferenceRows, SoftmaxAndRmsNorm) {
  const float ln2 = std::log(2.0f);
  const float x[] = {0, ln2, -kInf, -kInf, -kInf, -kInf};
  const RowsProblem s{.rows = 2, .cols = 3, .x = x};
  EXPECT_NEAR(reference::softmax_row(s, 0).y[0], 1 / 3.0, 1e-7);
  EXPECT_NEAR(reference::softmax_row(s, 0).y[1], 2 / 3.0, 1e-7);
  EXPECT_EQ(reference::softmax_row(s, 0).y[2], 0);
  EXPECT_EQ(reference::softmax_row(s, 1).y[0], 0);
  const float z[] = {9, 9, 3, 4};
  const float w[] = {2, -1};
  const RowsProblem r{
      .op = RowsOp::rms_norm, .rows = 2, .cols = 2, .epsilon = 12.5f, .x = z, .weight = w};
  EXPECT_DOUBLE_EQ(reference::rms_norm_row(r, 1)[0], 6 / 5.0);
  EXPECT_DOUBLE_EQ(reference::rms_norm_row(r, 1)[1], -4 / 5.0);
}

template <class T>
std::vector<T> narrowed(const std::vector<float>& x) {
  std::vector<T> out;
  for (const float value : x) out.push_back(from_float<T>(value));
  return out;
}

TEST(Flushed, LeastNormalNumbers) {
  EXPECT_EQ(reference::smallest_normal(DType::f32), 0x1p-126);
  EXPECT_EQ(reference::smallest_normal(DType::f16), 0x1p-14);
  EXPECT_EQ(reference::smallest_normal(DType::bf16), 0x1p-126);
}

// Products with a subnormal factor count once each, and no others.
TEST(Flushed, ProductsWithASubnormalFactor) {
  const float tiny = 0x1p-15f;
  const auto a = narrowed<f16>({1, tiny, -tiny, 0x1p-14f, 3, 4, 5, 6});
  const auto b = narrowed<f16>({tiny, 2, tiny, -4, 1, 1, 1, -1});
  GemmProblem p{.dtype = DType::f16, .m = 2, .n = 2, .k = 4, .order_b = Order::transposed};
  p.a = a.data();
  p.b = b.data();
  const int all[] = {0, 1};
  EXPECT_THAT(reference::gemm_flushed(p, all, all, reference::flushed_below(p.dtype)),
              ::testing::ElementsAre(3 * tiny + tiny * tiny, 2 * tiny, 8 * tiny, 0));
  const reference::Estimate c = reference::gemm_at(p, 0, 0);
  const auto data = reference::Data::any;
  EXPECT_EQ(reference::bound(p, c, data, tiny) - reference::bound(p, c, data),
            tiny * (1 + reference::unit_roundoff(DType::f16)));
  // Not in f32, of which no device flushes operands.
  const std::vector<float> x{0x1p-130f, 1, 1, 1};
  const GemmProblem f32{.m = 1, .n = 1, .k = 4, .a = x.data(), .b = x.data()};
  EXPECT_THAT(
      reference::gemm_flushed(f32, {all, 1}, {all, 1}, reference::flushed_below(DType::f32)),
      ::testing::ElementsAre(0));
}

// Of the logits' products, of weights that are a small share of the largest, and of values.
TEST(Flushed, PartsOfAttention) {
  AttentionProblem p{.dtype = DType::f16, .q_len = 1, .kv_len = 3, .head_dim = 64, .scale = 0.125f};
  std::vector<float> q(64), k(3 * 64), v(3 * 64, 1.0f);
  q[0] = 32;
  k[0] = 4;  // a logit of 16; the others' weights are about exp(−16)
  q[1] = 0x1p-15f;
  k[64 + 1] = 8;
  v[5] = -0x1p-15f;
  const auto narrow_q = narrowed<f16>(q);
  const auto narrow_k = narrowed<f16>(k);
  const auto narrow_v = narrowed<f16>(v);
  p.q = narrow_q.data();
  p.k = narrow_k.data();
  p.v = narrow_v.data();
  const auto row = reference::attention_row(p, 0, 0, 0, true);
  EXPECT_EQ(row.logits.flushed, 0x1p-15);
  EXPECT_NEAR(row.flushed[0], 2 * std::exp(-16.0), 1e-9);
  EXPECT_NEAR(row.flushed[5], 0x1p-15 + 2 * std::exp(-16.0), 1e-9);
  const auto kept = reference::attention_row(p, 0, 0, 0);
  EXPECT_EQ(kept.logits.flushed, 0);
  EXPECT_EQ(kept.flushed[5], 0);
}

TEST(Bound, WorstCaseOfAProduct) {
  const GemmProblem p{.k = 100};
  const double u = 0x1p-24;
  EXPECT_NEAR(reference::bound(p, {3, 50, 40}, reference::Data::any), 100 * u * 50 + 3 * u,
              1e-3 * u);
  // With random signs the smaller: 8 · 10 · u · min(50, 8 · √40).
  EXPECT_NEAR(reference::bound(p, {3, 50, 40}, reference::Data::random_signs), 80 * u * 50 + 3 * u,
              1e-3 * u);
  EXPECT_NEAR(reference::bound(p, {3, 50, 25}, reference::Data::random_signs), 80 * u * 40 + 3 * u,
              1e-3 * u);
}

// Against the distances to all codes, of two equal ones the even code's.
TEST(ReferenceQuantise, NearestCodes) {
  const auto check = [&]<class C>(Type<C>) {
    const auto by_distance = [](double x) {
      int best = 0;
      for (int bits = 0; bits < 0x80; ++bits) {
        const auto distance = [&](int b) {
          return std::abs(x - decode(C{static_cast<std::uint8_t>(b)}));
        };
        const bool nearer = distance(bits) < distance(best);
        if (nearer || (distance(bits) == distance(best) && bits % 2 == 0)) best = bits;
      }
      return best;
    };
    for (int step = 0; step < 3000; ++step) {
      const double x = std::ldexp(1 + step % 64 / 64.0, step / 64 - 36);
      const int want = by_distance(std::min(x, double{kLargest<C>}));
      EXPECT_EQ(reference::nearest_code<C>(x).bits, want) << x;
      EXPECT_EQ(decode(reference::nearest_code<C>(-x)), -decode(reference::nearest_code<C>(x)));
    }
    EXPECT_EQ(decode(reference::nearest_code<C>(kInf)), kLargest<C>);
    EXPECT_TRUE(std::isnan(decode(reference::nearest_code<C>(kNan))));
  };
  check(Type<e4m3>{});
  check(Type<e4m3fnuz>{});
}

TEST(ReferenceQuantise, ScalesAndWhatTheirRoundingMoves) {
  EXPECT_EQ(reference::exact_scale(448, Code::e4m3), 1);
  EXPECT_EQ(reference::exact_scale(0, Code::e4m3), double{1e-4f} / 448);
  EXPECT_EQ(reference::exact_e8m0(1), 127);
  EXPECT_EQ(reference::exact_e8m0(std::nextafter(1.0, 2.0)), 128);
  EXPECT_EQ(reference::exact_e8m0(0.75), 127);
  EXPECT_EQ(reference::exact_e8m0(kInf), 254);
  // Halfway between 1 and 1.125 only the even code is right, unless the quotient was rounded.
  EXPECT_TRUE(reference::is_nearest(e4m3{0x38}, 1.0625, 0));
  EXPECT_FALSE(reference::is_nearest(e4m3{0x39}, 1.0625, 0));
  EXPECT_TRUE(reference::is_nearest(e4m3{0x39}, 1.0625, reference::quotient_error(0.3)));
  EXPECT_FALSE(reference::is_nearest(e4m3{0x39}, 1.0624, reference::quotient_error(0.3)));
  EXPECT_EQ(reference::quotient_error(0.25), 0);
  reference::Difference difference;
  difference.add(1, 1);
  difference.add(2, 1);
  EXPECT_NEAR(difference.value(), 1 - 2 * 3.0 / (5 + 2), 1e-15);
}

TEST(Bound, ErrorOverBound) {
  EXPECT_EQ(reference::error_over_bound(1.5, 1, 1, DType::f32), 0.5);
  EXPECT_EQ(reference::error_over_bound(1, 1, 0, DType::f32), 0);
  EXPECT_EQ(reference::error_over_bound(2, 1, 0, DType::f32), kInf);
  EXPECT_EQ(reference::error_over_bound(kNan, 1, 1, DType::f32), kInf);
  EXPECT_EQ(reference::error_over_bound(kInf, 1, 1, DType::f32), kInf);
  EXPECT_EQ(reference::error_over_bound(kInf, 65510, 10, DType::f16), 0);
  EXPECT_EQ(reference::error_over_bound(-kInf, 65510, 10, DType::f16), kInf);
  EXPECT_EQ(reference::error_over_bound(kInf, 65510, 10, DType::f32), kInf);
}

}  // namespace
}  // namespace moat
