// SPDX-License-Identifier: Apache-2.0
#include "backends/vocabulary/menu.hpp"

#include <gtest/gtest.h>

namespace moat {

template <int kNumber>
struct Numbered {
  static constexpr int number = kNumber;
};
template <int kNumber>
std::string schedule_name(Type<Numbered<kNumber>>) {
  return "number-" + std::to_string(kNumber);
}

namespace {

using Names = std::vector<std::string>;

// The second is best, the third fits, the fourth does not.
constexpr Menu<Numbered<1>, Numbered<2>, Numbered<3>, Numbered<4>> kMenu{
    {.best = false}, {}, {}, {.fits = false}};

template <class M>
int chosen(const M& menu, const ScheduleChoice* choice = nullptr) {
  int number = 0;
  int calls = 0;
  choose(choice, menu, [&]<class S>(Type<S>) {
    number = S::number;
    ++calls;
  });
  EXPECT_LE(calls, 1);
  return number;
}

int chosen_by_name(const std::string& name) {
  const ScheduleChoice choice{.wanted = name};
  return chosen(kMenu, &choice);
}

TEST(Menu, TheFirstOfTheBestRuns) { EXPECT_EQ(chosen(kMenu), 2); }

TEST(Menu, WhatDoesNotFitIsNotBest) {
  EXPECT_EQ(chosen(Menu<Numbered<1>, Numbered<2>>{{.fits = false}, {}}), 2);
}

TEST(Menu, AChoiceRunsInsteadIfItFits) {
  EXPECT_EQ(chosen_by_name("number-1"), 1);
  EXPECT_EQ(chosen_by_name("number-3"), 3);
  EXPECT_EQ(chosen_by_name("number-4"), 2);
  EXPECT_EQ(chosen_by_name("of another menu"), 2);
}

TEST(Menu, OffersWhatFitsTheBestFirstAndRunsNothing) {
  Names names;
  const ScheduleChoice choice{.wanted = "number-3", .offered = &names};
  EXPECT_EQ(chosen(kMenu, &choice), 0);
  EXPECT_EQ(names, (Names{"number-2", "number-1", "number-3"}));
  // A launch that asks a second table has no second menu.
  EXPECT_EQ(chosen(Menu<Numbered<5>>{}, &choice), 0);
  EXPECT_EQ(names.size(), 3u);
}

TEST(Menu, OneScheduleTwiceIsOfferedOnce) {
  Names names;
  const ScheduleChoice choice{.wanted = {}, .offered = &names};
  chosen(Menu<Numbered<1>, Numbered<1>, Numbered<2>>{}, &choice);
  EXPECT_EQ(names, (Names{"number-1", "number-2"}));
}

TEST(Menu, SizesThatAreNotChosenAreLeftOut) {
  EXPECT_EQ(sizes_text(128, 64, 32), "128x64x32");
  EXPECT_EQ(sizes_text(128, 64), "128x64");
}

}  // namespace
}  // namespace moat
