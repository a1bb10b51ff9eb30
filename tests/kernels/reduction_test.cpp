// SPDX-License-Identifier: Apache-2.0
#include "problems/reduction.hpp"

#include <cstring>

#include "problems/reference/reduction.hpp"
#include "tests/kernels/on_device.hpp"

namespace moat::testing {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

class ReductionTest : public KernelTest {
 protected:
  // Runs `op` on x; Result is float, or std::int64_t for argmax.
  template <class Result>
  Result reduce(ReductionOp op, const HostArray& x) {
    Result result{};
    std::memset(&result, 0xff, sizeof result);
    const ReductionProblem p{op, dtype(), x.count(), x.data(), &result};
    run_on<ReductionProblem>(device(), p, {{&ReductionProblem::x, x.size()}},
                             &ReductionProblem::result, sizeof result);
    return result;
  }

  void check(const HostArray& x, reference::Data data) {
    SCOPED_TRACE(::testing::Message() << x.count() << " elements");
    const ReductionProblem p{.dtype = dtype(), .n = x.count(), .x = x.data()};
    const auto sum = reference::sum(p);
    const double bound = reference::bound(p, sum, reference::Summation::folded, data);
    EXPECT_LE(reference::error_over_bound(reduce<float>(ReductionOp::sum, x), sum.value, bound,
                                          DType::f32),
              1);
    const auto peak = reference::max(p);
    EXPECT_EQ(reduce<float>(ReductionOp::max, x), peak.value);
    EXPECT_EQ(reduce<std::int64_t>(ReductionOp::argmax, x), peak.index);
  }
};

class LongReductionTest : public ReductionTest {};

TEST_P(ReductionTest, EveryShortLength) {
  for (int n = 1; n <= 300; ++n) {
    check(random_array(dtype(), n, static_cast<unsigned>(n)), reference::Data::random_signs);
  }
}

TEST_P(ReductionTest, PrimeLengths) {
  for (const int n : {4093, 4099, 8191, 65537, 1000003}) {
    check(random_array(dtype(), n, 3), reference::Data::random_signs);
  }
}

TEST_P(ReductionTest, FirstOfEqualMaximaWins) {
  for (const std::int64_t n : {64, 1000, 20000, 300000}) {
    for (const std::int64_t first : {std::int64_t{0}, std::int64_t{15}, n / 3, n - 2}) {
      const HostArray x(dtype(), n, [&](std::int64_t i) {
        return i == first || i == n - 1 || i == (first + n) / 2 ? 2.0f : -1.0f;
      });
      EXPECT_EQ(reduce<std::int64_t>(ReductionOp::argmax, x), first);
    }
    const HostArray equal(dtype(), n, [](std::int64_t) { return -3.0f; });
    EXPECT_EQ(reduce<std::int64_t>(ReductionOp::argmax, equal), 0);
  }
}

TEST_P(ReductionTest, Infinities) {
  for (const std::int64_t n : {1, 17, 5000, 20000}) {
    const HostArray none(dtype(), n, [](std::int64_t) { return -kInfinity; });
    EXPECT_EQ(reduce<float>(ReductionOp::max, none), -kInfinity);
    EXPECT_EQ(reduce<std::int64_t>(ReductionOp::argmax, none), 0);
    EXPECT_EQ(reduce<float>(ReductionOp::sum, none), -kInfinity);
    const HostArray one(dtype(), n, [&](std::int64_t i) { return i == n / 2 ? kInfinity : 1.0f; });
    EXPECT_EQ(reduce<float>(ReductionOp::max, one), kInfinity);
    EXPECT_EQ(reduce<std::int64_t>(ReductionOp::argmax, one), n / 2);
    EXPECT_EQ(reduce<float>(ReductionOp::sum, one), kInfinity);
  }
}

TEST_P(ReductionTest, MaximumPassesOverNan) {
  for (const std::int64_t n : {5, 1000, 9001}) {
    const HostArray x(dtype(), n, [&](std::int64_t i) {
      return i == n / 3 ? 1.0f : i % 2 ? std::nanf("") : -1.0f;
    });
    EXPECT_EQ(reduce<float>(ReductionOp::max, x), 1.0f);
    EXPECT_EQ(reduce<std::int64_t>(ReductionOp::argmax, x), n / 3);
    EXPECT_TRUE(std::isnan(reduce<float>(ReductionOp::sum, x)));
  }
}

TEST_P(ReductionTest, Subnormals) {
  check({dtype(), 3001, [](std::int64_t i) { return 0x1p-140f * static_cast<float>(i % 100); }},
        reference::Data::any);
}

// 2²⁴ + 1 is not a float: a plain sum in f32 would stop there.
TEST_P(LongReductionTest, HundredMillionOnes) {
  constexpr std::int64_t kCount = 100'000'000;
  HostArray x(dtype(), kCount);
  with_dtype(dtype(), [&]<class T>(Type<T>) {
    std::fill_n(static_cast<T*>(x.data()), kCount, from_float<T>(1.0f));
  });
  EXPECT_EQ(reduce<float>(ReductionOp::sum, x), 1e8f);
}

TEST_P(LongReductionTest, HundredMillionRandomValues) {
  constexpr std::int64_t kCount = 100'000'000;
  HostArray x(dtype(), kCount);
  with_dtype(dtype(), [&]<class T>(Type<T>) {
    auto* values = static_cast<T*>(x.data());
    std::uint32_t state = 1;
    for (std::int64_t i = 0; i < kCount; ++i) {
      state = state * 1664525u + 1013904223u;
      values[i] = from_float<T>(static_cast<float>(state >> 8) * 0x1p-23f - 1.0f);
    }
  });
  const ReductionProblem p{.dtype = dtype(), .n = kCount, .x = x.data()};
  const auto want = reference::sum(p);
  const double bound =
      reference::bound(p, want, reference::Summation::folded, reference::Data::random_signs);
  EXPECT_LE(reference::error_over_bound(reduce<float>(ReductionOp::sum, x), want.value, bound,
                                        DType::f32),
            1);
}

// A part's value must not depend on when its worker ran.
TEST_P(ReductionTest, RepeatedRunsAgree) {
  const auto x = random_array(dtype(), 777777, 5);
  const float first = reduce<float>(ReductionOp::sum, x);
  for (int i = 0; i < 10; ++i) EXPECT_EQ(reduce<float>(ReductionOp::sum, x), first);
}

INSTANTIATE_TEST_SUITE_P(Cpu, ReductionTest, kAllConfigurations, configuration_name);
INSTANTIATE_TEST_SUITE_P(Cpu, LongReductionTest,
                         ::testing::Combine(::testing::Values(DType::f32, DType::bf16),
                                            ::testing::Values(2)),
                         configuration_name);

}  // namespace
}  // namespace moat::testing
