// SPDX-License-Identifier: Apache-2.0
#include "bench/compare/beside.hpp"

#include <gtest/gtest.h>

#include "tests/bench/compare/synthetic.hpp"

namespace moat {
namespace {

std::vector<double> around(double seconds, std::size_t n) {
  std::vector<double> samples(n);
  for (std::size_t i = 0; i < n; ++i) {
    samples[i] = seconds * (1 + 0.001 * (static_cast<double>(i * 7 % 5) - 2));
  }
  return samples;
}

const Beside& find(const std::vector<Beside>& list, const std::string& problem,
                   const std::string& other) {
  for (const auto& b : list) {
    if (b.problem == problem && b.other == other) return b;
  }
  throw std::out_of_range(problem + " beside " + other);
}

TEST(Beside, GivesEachOtherItsInterval) {
  const Record r = timed_record({{"sum/f32/n1", around(1e-3, 20)},
                                 {"sum/f32/n1", around(2e-3, 20), "onednn"},
                                 {"sum/f32/n1", around(0.9e-3, 20), "read"},
                                 {"sum/f32/n1", around(1e-3, 9), "plain"},
                                 {"max/f32/n1", around(1e-3, 20)}})
                       .record;
  const auto list = beside(r, "", 0.02, {});
  ASSERT_EQ(list.size(), 3u);
  const Beside& library = find(list, "sum/f32/n1", "onednn");
  EXPECT_EQ(library.verdict, Verdict::faster);
  EXPECT_NEAR(library.speed->ratio, 2, 1e-9);
  EXPECT_LE(library.speed->lower, 2);
  EXPECT_GE(library.speed->upper, 2);
  EXPECT_GT(library.speed->lower, 1.95);
  EXPECT_EQ(library.samples, 20);
  EXPECT_EQ(find(list, "sum/f32/n1", "read").verdict, Verdict::slower) << "yardsticks, too";
  const Beside& few = find(list, "sum/f32/n1", "plain");
  EXPECT_EQ(few.verdict, Verdict::too_few_samples);
  EXPECT_EQ(few.reason, "9 samples; 10 are needed: give the run more --budget");
  EXPECT_TRUE(few.speed.has_value());
}

// A product that has half as many FLOPs and takes half as long is as fast.
TEST(Beside, AProductIsComparedByItsFlops) {
  Record r = timed_record({{"attention/f32/b1q64kv64h1hkv1d64", around(1e-3, 20)},
                           {"attention/f32/b1q64kv64h1hkv1d64", around(0.5e-3, 20), "product"}})
                 .record;
  r.cases[0].flops = 4e9;
  r.cases[1].flops = 2e9;
  auto list = beside(r, "", 0.02, {});
  ASSERT_EQ(list.size(), 1u);
  EXPECT_EQ(list[0].other, "product");
  EXPECT_NEAR(list[0].speed->ratio, 1, 1e-9);
  EXPECT_EQ(list[0].verdict, Verdict::same);
  r.cases[0].flops = 2e9;
  list = beside(r, "", 0.02, {});
  EXPECT_NEAR(list[0].speed->ratio, 0.5, 1e-9);
  EXPECT_EQ(list[0].verdict, Verdict::slower);
}

TEST(Beside, TheIntervalIsThatOfTwoRecordsCompared) {
  const Timed ours = {"sum/f32/n1", {1, 3, 2, 5, 4, 1, 3, 2, 4, 5, 2, 3}};
  const Timed library = {"sum/f32/n1", {4, 4, 6, 5, 8, 7, 4, 5, 6, 7, 5, 4}, "onednn"};
  const auto list = beside(timed_record({ours, library}).record, "", 0.02, {.seed = 3});
  const RatioEstimate time = ratio_of_medians({library.seconds}, {ours.seconds},
                                              {.seed = seed_of(3, "sum/f32/n1/cpu/moatonednn")});
  EXPECT_DOUBLE_EQ(list[0].speed->lower, 1 / time.upper);
  EXPECT_DOUBLE_EQ(list[0].speed->upper, 1 / time.lower);
}

TEST(Beside, WithoutAResultThereIsNoRatio) {
  Record r =
      timed_record({{"sum/f32/n1", around(1e-3, 20)}, {"sum/f32/n1", around(1e-3, 20), "onednn"}})
          .record;
  r.cases[1] = without_times(r.cases[1], Status::failed, "wrong at 3");
  const auto list = beside(r, "", 0.02, {});
  EXPECT_EQ(list[0].verdict, Verdict::unverified);
  EXPECT_EQ(list[0].reason, "onednn failed: wrong at 3");
  EXPECT_FALSE(list[0].speed.has_value());
}

TEST(Beside, OnlyWhatRanOnTheSameDevice) {
  Record r =
      timed_record({{"sum/f32/n1", around(1e-3, 20)}, {"sum/f32/n1", around(1e-3, 20), "onednn"}})
          .record;
  r.cases[1].device = 1;
  EXPECT_TRUE(beside(r, "", 0.02, {}).empty());
  EXPECT_EQ(samples_beside(r, r.cases[0], "onednn"), 20) << "that of another device is not it";
  r.cases[1] =
      without_times(timed_case({"sum/f32/n1", around(1, 20), "onednn"}), Status::error, "x");
  EXPECT_EQ(samples_beside(r, r.cases[0], "onednn"), 0);
}

TEST(Beside, RelatesRates) {
  Record r =
      timed_record({{"sum/f32/n1", around(2e-3, 20)}, {"max/f32/n1", around(1e-3, 20)}}).record;
  r.cases[0].flops = 8e6;
  r.cases[1].flops = 2e6;
  const auto list = beside(r, "max/f32/n1", 0.02, {});
  ASSERT_EQ(list.size(), 1u);
  EXPECT_NEAR(list[0].speed->ratio, 2, 1e-9) << "4 times the work in twice the time";
  EXPECT_EQ(list[0].verdict, Verdict::faster);
}

}  // namespace
}  // namespace moat
