// SPDX-License-Identifier: Apache-2.0
#include "bench/software/crossing.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <vector>

#include "bench/software/text.hpp"

namespace moat {
namespace {

struct Point {
  double length;
  Json ratio;
  double slow, fast;  // floors
};

// Pairings of one series as a document has them.
Json series(const std::vector<Point>& points) {
  Json pairings = Json::array();
  pairings.push_back({{"name", "other"}, {"device", "cpu:0"}, {"ways", Json::array()}});
  for (const Point& p : points) {
    pairings.push_back({{"name", "a"},
                        {"device", "cpu:0"},
                        {"series", "lists"},
                        {"length", p.length},
                        {"ways",
                         {{{"name", "full"}, {"floor_seconds", p.slow}},
                          {{"name", "sparse"}, {"floor_seconds", p.fast}}}},
                        {"comparisons", {{{"measured", p.ratio}}}}});
  }
  return pairings;
}

TEST(Crossings, LieBetweenTheLastLossAndGainsThatStay) {
  // The gain at 10 does not stay. The floors meet where 30 + 10 · share is their difference, 0.
  const Json all = crossings(
      series({{40, 1.5, 8, 5}, {10, 1.1, 1, 3}, {20, 0.9, 2, 4}, {30, 1.01, 4, 5}, {50, 2, 9, 5}}));
  ASSERT_EQ(all.size(), 1u);
  const Json& c = all.at(0);
  EXPECT_EQ(c.at("series"), "lists");
  EXPECT_EQ(c.at("plain"), "full");
  EXPECT_EQ(c.at("way"), "sparse");
  EXPECT_EQ(c.at("measured"), Json({{"above", 20.0}, {"up_to", 30.0}}));
  EXPECT_EQ(c.at("predicted").at("above"), 30);
  EXPECT_EQ(c.at("predicted").at("up_to"), 40);
  EXPECT_DOUBLE_EQ(c.at("predicted").at("length").get<double>(), 32.5);
}

TEST(Crossings, MayLieBeyondWhatWasMeasured) {
  const Json none = crossings(series({{10, 0.5, 1, 2}, {20, 1.0, 1, 2}})).at(0);
  EXPECT_EQ(none.at("measured"), Json({{"above", 20.0}, {"up_to", nullptr}}));
  const Json always = crossings(series({{10, 1.5, 2, 1}, {20, 2.0, 4, 1}})).at(0);
  EXPECT_EQ(always.at("predicted"), Json({{"above", nullptr}, {"up_to", 10.0}}));
  const Json unknown = crossings(series({{10, 1.5, 2, 1}, {20, nullptr, 4, 1}})).at(0);
  EXPECT_TRUE(unknown.at("measured").contains("reason"));
}

TEST(Crossings, AreTold) {
  Json document = {
      {"devices", Json::array()}, {"pairings", Json::array()}, {"skipped_backends", Json::array()}};
  document["crossings"] =
      crossings(series({{2048, 0.9, 1, 2}, {4096, 1.2, 3, 2}, {8192, 1.5, 9, 2}}));
  EXPECT_THAT(comparison_text(document, false),
              testing::HasSubstr("lists on cpu:0: sparse takes less time than full\n"
                                 "  - measured: from a length between 2048 and 4096 on\n"
                                 "  - predicted by the ceilings: from a length between 2048 and "
                                 "4096 on, about 3072\n"));
  document["crossings"] = crossings(series({{2048, 0.9, 2, 1}, {4096, 0.9, 3, 2}}));
  EXPECT_THAT(comparison_text(document, false),
              testing::AllOf(testing::HasSubstr("measured: at no length up to 4096\n"),
                             testing::HasSubstr("ceilings: from 2048 on or less\n")));
}

}  // namespace
}  // namespace moat
