// SPDX-License-Identifier: Apache-2.0
#include "problems/gemm.hpp"

#include <cstring>
#include <limits>

#include "problems/reference/gemm.hpp"
#include "tests/kernels/on_device.hpp"

namespace moat::testing {
namespace {

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

struct Shape {
  int m, n, k;
  int pad_a = 0, pad_b = 0, pad_c = 0;
};

class GemmTest : public KernelTest {
 protected:
  // Values come from `value`; what lies between the rows is NaN and must neither be read nor, in C,
  // be written.
  void check(const Shape& s, Order order, reference::Data data,
             const std::function<float(std::int64_t)>& value) {
    SCOPED_TRACE(::testing::Message() << s.m << " x " << s.n << " x " << s.k
                                      << (order == Order::transposed ? " transposed" : ""));
    const bool transposed = order == Order::transposed;
    const int b_rows = transposed ? s.n : s.k;
    const int b_cols = transposed ? s.k : s.n;
    const auto matrix = [&](int rows, int cols, int pad) {
      const std::int64_t stride = cols + pad;
      return HostArray(dtype(), rows * stride,
                       [&](std::int64_t i) { return i % stride < cols ? value(i) : kNan; });
    };
    const auto a = matrix(s.m, s.k, s.pad_a);
    const auto b = matrix(b_rows, b_cols, s.pad_b);
    const std::int64_t ldc = s.n + s.pad_c;
    HostArray c(dtype(), s.m * ldc, [](std::int64_t) { return kNan; });

    const GemmProblem p{dtype(),          s.m, s.n,      s.k,      order,   s.k + s.pad_a,
                        b_cols + s.pad_b, ldc, a.data(), b.data(), c.data()};
    run_on<GemmProblem>(device(), p, {{&GemmProblem::a, a.size()}, {&GemmProblem::b, b.size()}},
                        &GemmProblem::c, c.size());

    const auto want = reference::gemm(p);
    double worst = 0;
    for (int row = 0; row < s.m; ++row) {
      for (int col = 0; col < s.n; ++col) {
        const auto& w = want[std::int64_t{row} * s.n + col];
        worst = std::max(worst, reference::error_over_bound(c[row * ldc + col], w.value,
                                                            reference::bound(p, w, data), dtype()));
      }
      for (std::int64_t i = s.n; i < ldc; ++i) {
        ASSERT_TRUE(std::isnan(c[row * ldc + i])) << "wrote beside C in row " << row;
      }
    }
    EXPECT_LE(worst, 1);
  }

  void check_random(const Shape& s) {
    std::mt19937 generator(7);
    std::uniform_real_distribution<float> uniform(-1, 1);
    for (const Order order : {Order::row_major, Order::transposed}) {
      check(s, order, reference::Data::random_signs,
            [&](std::int64_t) { return uniform(generator); });
    }
  }
};

TEST_P(GemmTest, SmallAndPrimeShapes) {
  for (const Shape& s : {Shape{1, 1, 1},
                         {1, 1, 300},
                         {1, 97, 31},
                         {97, 1, 31},
                         {2, 3, 5},
                         {7, 11, 13},
                         {31, 37, 41},
                         {47, 53, 59},
                         {48, 64, 256},
                         {49, 65, 257},
                         {16, 8, 4},
                         {101, 103, 107}}) {
    check_random(s);
  }
}

TEST_P(GemmTest, SeveralTiles) {
  check_random({193, 521, 263});
  check_random({385, 1031, 67});
  // Sums of more steps than the deepest schedule takes at once.
  check_random({37, 71, 2 * 512 + 65});
}

// At least eight large tiles, the last of each row, column and step only just begun.
TEST_P(GemmTest, LargeTilesWithEdges) { check_random({192 * 4 + 1, 512 + 1, 256 + 1}); }

TEST_P(GemmTest, LeadingDimensions) {
  check_random({33, 65, 19, 5, 3, 7});
  check_random({200, 70, 300, 1, 0, 2});
}

TEST_P(GemmTest, Subnormals) {
  for (const Order order : {Order::row_major, Order::transposed}) {
    check({17, 19, 23}, order, reference::Data::any, [](std::int64_t i) {
      return i % 2 ? 0x1p-20f * static_cast<float>(i % 31) : 0x1p-120f * static_cast<float>(i % 17);
    });
  }
}

// Results that overflow the dtype become infinite, and only they.
TEST_P(GemmTest, LargeValues) {
  const float large = dtype() == DType::f16 ? 200.0f : 0x1p60f;
  for (const Order order : {Order::row_major, Order::transposed}) {
    check({21, 22, 23}, order, reference::Data::any,
          [&](std::int64_t i) { return i % 3 ? large : -large; });
  }
}

TEST_P(GemmTest, RepeatedRunsAgree) {
  const auto a = random_array(dtype(), 300 * 200, 1);
  const auto b = random_array(dtype(), 200 * 700, 2);
  HostArray first(dtype(), 300 * 700);
  HostArray second(dtype(), 300 * 700);
  for (HostArray* c : {&first, &second}) {
    const GemmProblem p{.dtype = dtype(),
                        .m = 300,
                        .n = 700,
                        .k = 200,
                        .a = a.data(),
                        .b = b.data(),
                        .c = c->data()};
    run_on<GemmProblem>(device(), p, {{&GemmProblem::a, a.size()}, {&GemmProblem::b, b.size()}},
                        &GemmProblem::c, c->size());
  }
  EXPECT_EQ(std::memcmp(first.data(), second.data(), first.size()), 0);
}

TEST(Gemm, OperandsAreOfOneType) {
  const auto device = cpu::make_device(1);
  EXPECT_THROW(device->run(GemmProblem{.dtype_b = DType::f16}), std::invalid_argument);
  EXPECT_THROW(device->run(GemmProblem{.dtype = DType::f16, .dtype_c = DType::f32}),
               std::invalid_argument);
}

INSTANTIATE_TEST_SUITE_P(Cpu, GemmTest, kAllConfigurations, configuration_name);

}  // namespace
}  // namespace moat::testing
