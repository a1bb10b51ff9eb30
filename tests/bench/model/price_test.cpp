// SPDX-License-Identifier: Apache-2.0
#include "bench/model/price.hpp"

#include <gtest/gtest.h>

#include "bench/run/usage_error.hpp"

namespace moat {
namespace {

// Half a second for two tokens and 10^10 FLOP.
ModelStepRecord half_a_second() {
  ModelStepRecord step{.step = "decode", .tokens = 2, .keys = 1};
  step.operations = {{.what = "a", .problem = "x", .count = 4, .flops = 2.5e9},
                     {.what = "not measured", .count = 1, .flops = 7e9}};
  step.seconds_at_least = Reading<double>::of(0.5);
  step.tokens_per_second_at_most = Reading<double>::of(4);
  return step;
}

TEST(Price, CostFollowsFromTheHour) {
  ModelStepRecord step = half_a_second();
  add_cost(step, *price_of({.price = "2.40USD/h"}), 1);
  // 0.5 s of 3600 for 2.40, a half of it for a token, a million times.
  EXPECT_NEAR(*step.cost_per_million_tokens_at_least, 2.40 / 3600 * 0.5 / 2 * 1e6, 1e-9);
  EXPECT_NEAR(*step.cost_per_million_tokens_at_least, 166.6667, 1e-4);
  EXPECT_NEAR(*step.cost_per_exaflop_at_least, 33333.33, 0.01);
  EXPECT_FALSE(step.joules_per_token_at_least);
}

TEST(Price, PowerIsAddedAndDevicesThatShareTheModelCountEach) {
  const auto price = price_of({.price = "2.40 EUR/h", .power_price = "0.36EUR/kWh", .watts = 300});
  EXPECT_EQ(price->currency, "EUR");
  ModelStepRecord one = half_a_second();
  add_cost(one, *price, 1);
  EXPECT_DOUBLE_EQ(*one.joules_per_token_at_least, 75);
  // 75 J are 75 ÷ 3.6e6 kWh, for 7.5e-6 a token.
  EXPECT_NEAR(*one.cost_per_million_tokens_at_least, 166.6667 + 7.5, 1e-4);
  ModelStepRecord two = half_a_second();
  add_cost(two, *price, 2);
  EXPECT_DOUBLE_EQ(*two.joules_per_token_at_least, 150);
  EXPECT_NEAR(*two.cost_per_million_tokens_at_least, 2 * *one.cost_per_million_tokens_at_least,
              1e-9);
  // They compute twice as much, too.
  EXPECT_NEAR(*two.cost_per_exaflop_at_least, *one.cost_per_exaflop_at_least, 1e-6);
}

TEST(Price, WattsAloneGiveEnergyAndNoCost) {
  ModelStepRecord step = half_a_second();
  add_cost(step, *price_of({.watts = 40}), 1);
  EXPECT_DOUBLE_EQ(*step.joules_per_token_at_least, 10);
  EXPECT_FALSE(step.cost_per_million_tokens_at_least);
  EXPECT_FALSE(price_of({}));
}

TEST(Price, AStepWithoutATimeHasNoCost) {
  ModelStepRecord step = half_a_second();
  step.seconds_at_least = Reading<double>::none("a case failed");
  add_cost(step, *price_of({.price = "2.40USD/h", .watts = 40}), 1);
  EXPECT_FALSE(step.cost_per_million_tokens_at_least);
  EXPECT_FALSE(step.joules_per_token_at_least);
}

TEST(Price, RefusesWhatIsNone) {
  for (const char* text : {"2.40", "2.40USD", "USD/h", "2.40usd/h", "-1USD/h", "2,40USD/h",
                           "2.40USD/kWh", "/h", "nanUSD/h", "2.40$/h"}) {
    EXPECT_THROW(price_of({.price = text}), UsageError) << text;
  }
  EXPECT_THROW(price_of({.source = "somewhere"}), UsageError);
  EXPECT_THROW(price_of({.power_price = "0.3USD/kWh"}), UsageError);
  EXPECT_THROW(price_of({.price = "2USD/h", .power_price = "0.3EUR/kWh", .watts = 1}), UsageError);
}

}  // namespace
}  // namespace moat
