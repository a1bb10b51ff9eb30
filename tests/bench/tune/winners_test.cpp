// SPDX-License-Identifier: Apache-2.0
#include "bench/tune/winners.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "bench/run/case_records.hpp"

namespace moat {
namespace {

// `samples` samples around `seconds`, within 1 %.
CaseRecord solved(const std::string& problem, const std::string& implementation, double seconds,
                  int samples = 20) {
  CaseRecord c;
  c.problem = problem;
  c.kernel = "gemm";
  c.backend = "cpu";
  c.implementation = implementation;
  c.name = problem + "/cpu/" + implementation;
  c.status = Status::ok;
  c.median_seconds = Reading<double>::of(seconds);
  SeriesRecord series;
  for (int i = 0; i < samples; ++i) series.seconds.push_back(seconds * (1 + 0.001 * (i % 5 - 2)));
  c.series.push_back(series);
  if (implementation == kOurs) c.schedule = "own";
  return c;
}

Record record(std::vector<CaseRecord> cases) {
  Record r;
  DeviceRecord d;
  d.backend = "cpu";
  d.name = "Some CPU";
  d.architecture = "avx2";
  d.compute_units = 2;
  r.devices.push_back(d);
  r.cases = std::move(cases);
  return r;
}

constexpr const char* kNine = "gemm/f32/m9n64k64";
constexpr const char* kTen = "gemm/f32/m10n64k64";
constexpr const char* kClass = "gemm/f32/m16n64k64";

TunedDevice winners_of(std::vector<CaseRecord> cases) {
  const std::vector<TunedDevice> devices = winners(record(std::move(cases)));
  EXPECT_EQ(devices.size(), 1u);
  EXPECT_EQ(devices.at(0).name, "Some CPU");
  EXPECT_EQ(devices.at(0).compute_units, 2);
  return devices.at(0);
}

TEST(Winners, TheFastestOfAClassWins) {
  const TunedDevice d = winners_of({solved(kNine, kOurs, 1.0), solved(kNine, "moat.a", 0.9),
                                    solved(kNine, "moat.b", 0.8), solved(kNine, "other", 0.1)});
  ASSERT_EQ(d.classes.size(), 1u);
  EXPECT_EQ(d.classes[0].shape_class, kClass);
  EXPECT_EQ(d.classes[0].schedule, "b");
  EXPECT_EQ(d.classes[0].instead_of, "own");
  EXPECT_NEAR(d.classes[0].speed, 1.25, 0.01);
  ASSERT_EQ(d.classes[0].cases.size(), 1u);
  EXPECT_EQ(d.classes[0].cases[0].name, kNine);
  EXPECT_LE(d.classes[0].cases[0].lower, 1.25);
  EXPECT_GE(d.classes[0].cases[0].upper, 1.25);
  EXPECT_TRUE(d.kept.empty());
}

TEST(Winners, LessThanTwoPercentIsKept) {
  const TunedDevice d = winners_of({solved(kNine, kOurs, 1.0), solved(kNine, "moat.a", 0.985)});
  EXPECT_TRUE(d.classes.empty());
  EXPECT_EQ(d.kept, std::vector<std::string>{kClass});
}

// What wins one case must not lose another of its class.
TEST(Winners, NoCaseOfTheClassMayBeSlower) {
  const TunedDevice d = winners_of({solved(kNine, kOurs, 1.0), solved(kNine, "moat.a", 0.5),
                                    solved(kNine, "moat.b", 0.9), solved(kTen, kOurs, 1.0),
                                    solved(kTen, "moat.a", 1.1), solved(kTen, "moat.b", 0.9)});
  ASSERT_EQ(d.classes.size(), 1u);
  EXPECT_EQ(d.classes[0].schedule, "b");
  EXPECT_EQ(d.classes[0].cases.size(), 2u);
}

// Ten loses a tenth, if its interval is to be believed or not.
TEST(Winners, ACaseThatLosesMuchIsSlowerHoweverNoisy) {
  CaseRecord noisy = solved(kTen, "moat.a", 1.1);
  for (std::size_t i = 0; i < noisy.series[0].seconds.size(); ++i) {
    noisy.series[0].seconds[i] *= i % 2 == 0 ? 0.6 : 1.4;
  }
  const TunedDevice d = winners_of(
      {solved(kNine, kOurs, 1.0), solved(kNine, "moat.a", 0.5), solved(kTen, kOurs, 0.6), noisy});
  EXPECT_TRUE(d.classes.empty());
}

// Where it is the table's own for some of the cases, it wins by the others.
TEST(Winners, WhatTheTableChoosesForACaseMayWinTheClass) {
  CaseRecord own = solved(kTen, kOurs, 1.0);
  own.schedule = "a";
  const TunedDevice d = winners_of({solved(kNine, kOurs, 1.0), solved(kNine, "moat.a", 0.5), own,
                                    solved(kTen, "moat.own", 1.2)});
  ASSERT_EQ(d.classes.size(), 1u);
  EXPECT_EQ(d.classes[0].schedule, "a");
  EXPECT_EQ(d.classes[0].cases.size(), 2u);
}

// Nor lack one: it may have been wrong, disturbed or not reached there.
TEST(Winners, AllCasesOfTheClassMustHaveIt) {
  CaseRecord wrong = solved(kTen, "moat.a", 0.5);
  wrong.status = Status::failed;
  const TunedDevice d = winners_of(
      {solved(kNine, kOurs, 1.0), solved(kNine, "moat.a", 0.5), solved(kTen, kOurs, 1.0), wrong});
  EXPECT_TRUE(d.classes.empty());
}

TEST(Winners, FewSamplesDecideNothing) {
  const TunedDevice d = winners_of({solved(kNine, kOurs, 1.0, 9), solved(kNine, "moat.a", 0.5, 9)});
  EXPECT_TRUE(d.classes.empty());
  EXPECT_TRUE(d.kept.empty());
  EXPECT_EQ(d.undecided, std::vector<std::string>{kClass});
}

// Nothing is known of a class whose own choice has no time.
TEST(Winners, AClassWithoutATimeIsInNeitherList) {
  CaseRecord busy = solved(kNine, kOurs, 1.0);
  busy.status = Status::disturbed;
  const TunedDevice d = winners_of({busy, solved(kNine, "moat.a", 0.5)});
  EXPECT_TRUE(d.classes.empty());
  EXPECT_TRUE(d.kept.empty());
}

}  // namespace
}  // namespace moat
