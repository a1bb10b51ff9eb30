// SPDX-License-Identifier: Apache-2.0
#include "problems/rope.hpp"

#include "problems/reference/rope.hpp"
#include "tests/kernels/on_device.hpp"

namespace moat::testing {
namespace {

class RopeTest : public KernelTest {
 protected:
  void check(int tokens, int heads, int dim, bool interleaved, const HostArray& x) {
    SCOPED_TRACE(::testing::Message() << tokens << " x " << heads << " x " << dim);
    const std::int64_t angles = std::int64_t{tokens} * dim / 2;
    const auto cos = random_array(DType::f32, angles, 3);
    const auto sin = random_array(DType::f32, angles, 4);
    HostArray y(dtype(), x.count(), [](std::int64_t) { return std::nanf(""); });
    const RopeProblem p{dtype(),  tokens,     heads,      dim,     interleaved,
                        x.data(), cos.data(), sin.data(), y.data()};
    run_on<RopeProblem>(device(), p,
                        {{&RopeProblem::x, x.size()},
                         {&RopeProblem::cos, cos.size()},
                         {&RopeProblem::sin, sin.size()}},
                        &RopeProblem::y, y.size());
    double worst = 0;
    for (std::int64_t i = 0; i < y.count(); ++i) {
      const auto want = reference::rope_element(
          p, i / dim / heads, static_cast<int>(i / dim % heads), static_cast<int>(i % dim));
      worst = std::max(worst, reference::error_over_bound(y[i], want.y, want.bound, dtype()));
    }
    EXPECT_LE(worst, 1);
  }

  void check(int tokens, int heads, int dim) {
    const auto x = random_array(dtype(), std::int64_t{tokens} * heads * dim, 5, 3);
    for (const bool interleaved : {false, true}) check(tokens, heads, dim, interleaved, x);
  }
};

TEST_P(RopeTest, EveryShortHead) {
  for (int dim = 2; dim <= 140; dim += 2) check(2, 3, dim);
}

TEST_P(RopeTest, ManyHeadsAndTokens) {
  check(1, 128, 64);
  check(70, 8, 128);
  check(301, 1, 64);
  check(3, 5, 1000);
}

TEST_P(RopeTest, SubnormalsAndLargeValues) {
  const float large = dtype() == DType::f16 ? 3e4f : 1e30f;
  for (const bool interleaved : {false, true}) {
    check(3, 2, 64, interleaved,
          {dtype(), 384, [](std::int64_t i) { return 0x1p-140f * static_cast<float>(i % 9); }});
    check(3, 2, 64, interleaved,
          {dtype(), 384, [&](std::int64_t i) { return i % 3 ? large : -large; }});
  }
}

INSTANTIATE_TEST_SUITE_P(Cpu, RopeTest, kAllConfigurations, configuration_name);

}  // namespace
}  // namespace moat::testing
