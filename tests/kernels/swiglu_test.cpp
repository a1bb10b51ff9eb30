// SPDX-License-Identifier: Apache-2.0
#include "problems/swiglu.hpp"

#include "problems/reference/swiglu.hpp"
#include "tests/kernels/on_device.hpp"

namespace moat::testing {
namespace {

class SwigluTest : public KernelTest {
 protected:
  void check(int rows, int cols, float limit, const HostArray& x) {
    SCOPED_TRACE(::testing::Message() << rows << " x " << cols << ", limit " << limit);
    HostArray y(dtype(), std::int64_t{rows} * cols, [](std::int64_t) { return std::nanf(""); });
    const SwigluProblem p{dtype(), rows, cols, limit, x.data(), y.data()};
    run_on<SwigluProblem>(device(), p, {{&SwigluProblem::x, x.size()}}, &SwigluProblem::y,
                          y.size());
    double worst = 0;
    for (std::int64_t i = 0; i < y.count(); ++i) {
      const auto want = reference::swiglu_element(p, i / cols, i % cols);
      worst = std::max(worst, reference::error_over_bound(y[i], want.y, want.bound, dtype()));
    }
    EXPECT_LE(worst, 1);
  }

  void check(int rows, int cols, float limit, float scale) {
    check(rows, cols, limit,
          random_array(dtype(), std::int64_t{rows} * 2 * cols, static_cast<unsigned>(cols), scale));
  }
};

TEST_P(SwigluTest, EveryShortLength) {
  for (int cols = 1; cols <= 70; ++cols) {
    check(3, cols, 0, 4);
    check(3, cols, 7, 16);
  }
}

TEST_P(SwigluTest, PartsOfRows) {
  for (const int cols : {4095, 4096, 4097, 12289, 100003}) {
    check(2, cols, 0, 8);
    check(1, cols, 7, 16);
  }
  check(1000, 3, 0, 8);
}

// Exponentials that overflow leave a gate of 0, or the gate itself.
TEST_P(SwigluTest, LargeGates) {
  const float largest = dtype() == DType::f16 ? 6e4f : 1e30f;
  for (const float gate : {90.0f, 104.0f, 130.0f, 1000.0f, largest}) {
    const auto both = [&](std::int64_t i) { return i / 50 % 2 ? 0.75f : i % 2 ? gate : -gate; };
    check(2, 50, 0, {dtype(), 200, both});
    check(2, 50, 7, {dtype(), 200, both});
  }
}

TEST_P(SwigluTest, ZerosAndSubnormals) {
  check(2, 50, 0, {dtype(), 200, [](std::int64_t) { return 0.0f; }});
  check(2, 50, 7, {dtype(), 200, [](std::int64_t i) { return i % 2 ? -0.0f : 0.0f; }});
  check(2, 50, 0,
        {dtype(), 200, [](std::int64_t i) { return 0x1p-130f * static_cast<float>(i % 9); }});
}

// Items are counted in 32 bits.
TEST(Swiglu, RefusesMorePartsThanItCounts) {
  const auto device = cpu::make_device(1);
  EXPECT_THROW(device->run(SwigluProblem{.rows = 1 << 30, .cols = 8192}), std::invalid_argument);
}

INSTANTIATE_TEST_SUITE_P(Cpu, SwigluTest, kAllConfigurations, configuration_name);

}  // namespace
}  // namespace moat::testing
