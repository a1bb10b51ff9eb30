// SPDX-License-Identifier: Apache-2.0
// Sums over k that blocks share.
#include "backends/simt/split_k.hpp"

#include <set>

#include "backends/cuda/reference_devices.hpp"
#include "backends/hip/reference_devices.hpp"
#include "tests/backends/simt/emulated.hpp"

namespace moat::testing {
namespace {

class EmulatedSplitK : public EmulatedTest {
 protected:
  // Two and three parts, more parts than steps, and parts of which the last is shorter; one block
  // that has all parts of a tile, and several.
  static void check(const Problem& problem) {
    for (const int splits : {2, 3, 7}) {
      for (const int blocks : {1, 5}) {
        SCOPED_TRACE(::testing::Message() << splits << " splits, " << blocks << " blocks");
        expect_verified(problem, {.max_blocks = blocks, .splits = splits});
      }
    }
  }
};

TEST_P(EmulatedSplitK, FewRows) {
  for (const Order order : {Order::row_major, Order::transposed}) {
    check(GemmProblem{.dtype = dtype(), .m = 1, .n = 136, .k = 520, .order_b = order});
    check(GemmProblem{.dtype = dtype(), .m = 16, .n = 72, .k = 391, .order_b = order});
  }
}

// All schedules of large tiles, with edges.
TEST_P(EmulatedSplitK, ManyRows) {
  for (const int units : {1, 2, 0}) {
    SCOPED_TRACE(::testing::Message() << units << " units");
    const GemmProblem p{
        .dtype = dtype(), .m = 140, .n = 264, .k = 200, .order_b = Order::transposed};
    expect_verified(p, {.max_blocks = 4, .splits = 2, .units = units});
    expect_verified(p, {.max_blocks = 1, .splits = 3, .units = units});
  }
}

// What is summed first does not depend on which block comes last.
TEST_P(EmulatedSplitK, SameBitsWhicheverBlockIsLast) {
  const GemmProblem shape{.dtype = dtype(), .m = 20, .n = 70, .k = 1000};
  const Inputs inputs(shape, 5);
  std::set<std::vector<std::byte>> results;
  for (const int blocks : {1, 2, 3, 4, 7}) {
    std::vector<std::byte> c(outputs_bytes(shape));
    auto p = std::get<GemmProblem>(inputs.problem());
    p.c = c.data();
    solve(p, {.max_blocks = blocks, .splits = 5});
    results.insert(c);
  }
  EXPECT_EQ(results.size(), 1U);
}

INSTANTIATE_TEST_SUITE_P(Architectures, EmulatedSplitK, all_architectures, architecture_name);

class EmulatedSplitCodes : public EmulatedSplitK {};

TEST_P(EmulatedSplitCodes, Weights) {
  for (const Code code : {Code::int8, Code::int4, Code::mxfp4}) {
    check(WeightGemmProblem{.dtype = dtype(), .code = code, .m = 3, .n = 72, .k = 640});
  }
}

// Parts are whole blocks of 128: of 5, two and a shorter one.
TEST_P(EmulatedSplitCodes, ScaledBlocks) {
  for (const int m : {2, 70}) {
    for (const int k : {600, 592}) {  // rows of whole chunks or not
      check(ScaledGemmProblem{.dtype = dtype(), .code = Code::e4m3, .m = m, .n = 136, .k = k});
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Architectures, EmulatedSplitCodes, architectures_of_halves,
                         architecture_name);

using simt::split_k_cost;
using simt::SplitShape;
using simt::steps_per_part;

// Of tiles of 16 × 64, whose sums are two fifths of what a step of 64 loads in 16 bits.
SplitShape few_rows(std::int64_t tiles, int steps, int grain = 1) {
  return {.tiles = tiles, .steps = steps, .grain = grain, .beside = 3, .sum_quarters = 2};
}
// Of tiles of 128 × 128, four times what a step of 32 loads.
SplitShape many_rows(std::int64_t tiles, int steps) {
  return {.tiles = tiles, .steps = steps, .grain = 1, .beside = 2, .sum_quarters = 16};
}

TEST(StepsPerPart, NoneWhereUnitsSuffice) {
  for (const int units : {78, 104, 132, 304}) {
    for (const int tiles : {units, 2 * units, 2 * units - 8, 6 * units + 1, 1000 * units}) {
      EXPECT_EQ(steps_per_part(few_rows(tiles, 64), units), 64) << tiles << " of " << units;
      EXPECT_EQ(steps_per_part(many_rows(tiles, 512), units), 512) << tiles << " of " << units;
    }
  }
}

// 128 tiles on 108 units are two rounds, of which the second is nearly empty: three parts of each
// are four rounds of a third.
TEST(StepsPerPart, SharesALastRoundThatIsNearlyEmpty) {
  EXPECT_EQ(steps_per_part(many_rows(128, 128), 108), 43);
  EXPECT_LT(steps_per_part(many_rows(133, 512), 132), 512);
  EXPECT_EQ(steps_per_part(many_rows(128, 16), 108), 16) << "sharing costs more";
}

TEST(StepsPerPart, NoneWhereSharingCostsMore) {
  for (const int steps : {1, 2, 4, 8}) {
    EXPECT_EQ(steps_per_part(few_rows(64, steps), 132), steps) << steps;
  }
  EXPECT_EQ(steps_per_part(many_rows(64, 16), 132), 16);
  EXPECT_EQ(steps_per_part(few_rows(131, 64), 132), 64);
}

TEST(StepsPerPart, FillsTheUnits) {
  EXPECT_EQ(steps_per_part(few_rows(64, 64), 132), 32);  // 128 parts of 132 units
  EXPECT_EQ(steps_per_part(many_rows(64, 512), 132), 256);
  for (const int units : {78, 84, 104, 108, 132, 304}) {
    for (const int tiles : {1, 2, 5, 16, 32, 40, 64}) {
      const SplitShape p = few_rows(tiles, 256);
      const int each = steps_per_part(p, units);
      const auto parts = std::int64_t{tiles} * ceil_div(p.steps, each);
      const double rounds = static_cast<double>(ceil_div(parts, std::int64_t{units}));
      // Of few tiles as many parts as sharing them is worth.
      EXPECT_GE(static_cast<double>(parts) / (rounds * units), tiles <= 5 ? 0.05 : 0.75)
          << tiles << " tiles on " << units;
    }
  }
}

// By the model, whatever the grain: at most what no split costs, and no split for a small gain.
TEST(StepsPerPart, IsTheModelsChoice) {
  for (const int grain : {1, 2, 4}) {
    for (const int steps : {1, 3, 31, 64, 100, 1000}) {
      for (const int tiles : {1, 3, 64, 100, 131}) {
        const SplitShape p = few_rows(tiles, steps, grain);
        const int each = steps_per_part(p, 132);
        ASSERT_GE(each, 1);
        ASSERT_LE(each, steps);
        EXPECT_TRUE(each % grain == 0 || each == steps) << each << " of " << steps;
        const int splits = ceil_div(steps, each);
        if (splits == 1) continue;
        EXPECT_LE(16 * split_k_cost(p, 132, splits), 15 * split_k_cost(p, 132, 1));
      }
    }
  }
}

}  // namespace
}  // namespace moat::testing
