// SPDX-License-Identifier: Apache-2.0
#include "problems/gather.hpp"

#include <cstring>

#include "problems/reference/gather.hpp"
#include "tests/kernels/on_device.hpp"

namespace moat::testing {
namespace {

class GatherTest : public KernelTest {
 protected:
  // Rows that no token names are NaN.
  void check(int vocab, int dim, const std::vector<std::int64_t>& ids) {
    SCOPED_TRACE(::testing::Message() << vocab << " x " << dim);
    auto table = random_array(dtype(), std::int64_t{vocab} * dim, static_cast<unsigned>(dim), 9);
    std::vector<bool> named(vocab);
    for (const std::int64_t id : ids) named.at(id) = true;
    for (std::int64_t i = 0; i < table.count(); ++i) {
      if (!named[i / dim]) table.set(i, std::nanf(""));
    }
    const auto tokens = static_cast<int>(ids.size());
    HostArray y(dtype(), std::int64_t{tokens} * dim, [](std::int64_t) { return std::nanf(""); });
    const GatherProblem p{dtype(), vocab, tokens, dim, table.data(), ids.data(), y.data()};
    run_on<GatherProblem>(device(), p,
                          {{&GatherProblem::table, table.size()},
                           {&GatherProblem::ids, ids.size() * sizeof(std::int64_t)}},
                          &GatherProblem::y, y.size());
    for (std::int64_t i = 0; i < y.count(); ++i) {
      ASSERT_EQ(y[i], reference::gather_element(p, i / dim, i % dim)) << i;
    }
  }
};

TEST_P(GatherTest, EveryShortRow) {
  for (int dim = 1; dim <= 70; ++dim) check(9, dim, {8, 0, 3, 3, 7, 0});
}

TEST_P(GatherTest, PartsOfRows) {
  for (const int dim : {2047, 2048, 2049, 7168, 10001}) check(5, dim, {4, 0, 2, 4});
}

TEST_P(GatherTest, ManyTokensOfOneRowAndOfOneTable) {
  check(1, 33, std::vector<std::int64_t>(300, 0));
  std::vector<std::int64_t> backwards(1000);
  for (int i = 0; i < 1000; ++i) backwards[i] = 999 - i;
  check(1000, 64, backwards);
}

// What a wider or narrower type would round.
TEST_P(GatherTest, ExtremeNumbers) {
  const auto largest = static_cast<float>(traits(dtype()).largest);
  const HostArray table(dtype(), 64, [&](std::int64_t i) {
    const float sign = i % 2 == 0 ? 1.0f : -1.0f;
    switch (i / 2 % 4) {
      case 0:
        return sign * largest;
      case 1:
        return sign * std::numeric_limits<float>::infinity();
      case 2:
        return sign * 0x1p-20f;
      default:
        return sign * 0.0f;
    }
  });
  const std::int64_t id = 0;
  HostArray y(dtype(), 64);
  const GatherProblem p{dtype(), 1, 1, 64, table.data(), &id, y.data()};
  run_on<GatherProblem>(device(), p,
                        {{&GatherProblem::table, table.size()}, {&GatherProblem::ids, sizeof id}},
                        &GatherProblem::y, y.size());
  EXPECT_EQ(std::memcmp(y.data(), table.data(), y.size()), 0);
}

// Items are counted in 32 bits.
TEST(Gather, RefusesMorePartsThanItCounts) {
  const auto device = cpu::make_device(1);
  EXPECT_THROW(device->run(GatherProblem{.tokens = 1 << 30, .dim = 8192}), std::invalid_argument);
}

INSTANTIATE_TEST_SUITE_P(Cpu, GatherTest, kAllConfigurations, configuration_name);

}  // namespace
}  // namespace moat::testing
