// SPDX-License-Identifier: Apache-2.0
#include "bench/model/price.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "bench/run/number_check.hpp"
#include "bench/run/usage_error.hpp"

namespace moat {
namespace {

constexpr double kSecondsPerHour = 3600;
constexpr double kJoulesPerKilowattHour = 3.6e6;
constexpr double kMillion = 1e6;
constexpr double kExa = 1e18;

struct Amount {
  double value = 0;
  std::string currency;
};

// "2.40USD/h", with or without a blank before the currency.
Amount amount_of(const std::string& option, const std::string& text, const std::string& unit,
                 const std::string& example) {
  const auto refuse = [&] {
    throw UsageError(
        fmt::format("{} {}: a number, the currency's three letters and {}, as in {}, are needed",
                    option, text, unit, example));
  };
  const auto is_capital = [](char c) { return c >= 'A' && c <= 'Z'; };
  constexpr std::size_t kLetters = 3;
  if (!text.ends_with(unit) || text.size() < unit.size() + kLetters) refuse();
  std::string number = text.substr(0, text.size() - unit.size() - kLetters);
  Amount amount{.currency = text.substr(number.size(), kLetters)};
  if (number.ends_with(' ')) number.pop_back();
  const auto value = plain_number<double>(number);
  if (!value || *value < 0 || !std::ranges::all_of(amount.currency, is_capital)) refuse();
  amount.value = *value;
  return amount;
}

}  // namespace

std::optional<ModelPriceRecord> price_of(const PriceOptions& options) {
  if (options.source && !options.price) {
    throw UsageError("--price-source: of what --price says, which is missing");
  }
  if (options.power_price && !options.watts) {
    throw UsageError("--power-price needs --watts W, what a device draws: nothing measures it");
  }
  if (!options.price && !options.watts) return std::nullopt;
  ModelPriceRecord price{.source = options.source, .watts = options.watts};
  if (options.price) {
    const Amount hour = amount_of("--price", *options.price, "/h", "2.40USD/h");
    price.per_hour = hour.value;
    price.currency = hour.currency;
  }
  if (options.power_price) {
    const Amount power = amount_of("--power-price", *options.power_price, "/kWh", "0.30USD/kWh");
    if (options.price && power.currency != price.currency) {
      throw UsageError(fmt::format("--price is in {} and --power-price in {}: give both in one",
                                   price.currency, power.currency));
    }
    price.per_kilowatt_hour = power.value;
    price.currency = power.currency;
  }
  return price;
}

void add_cost(ModelStepRecord& step, const ModelPriceRecord& price, int tp) {
  if (!step.seconds_at_least.value) return;
  const double seconds = *step.seconds_at_least.value * tp;  // of devices
  double flops = 0;
  for (const ModelOperationRecord& o : step.operations) {
    if (o.problem) flops += o.count * o.flops * tp;
  }
  const double watts = price.watts.value_or(0);
  if (price.watts) step.joules_per_token_at_least = watts * seconds / step.tokens;
  if (!price.per_hour && !price.per_kilowatt_hour) return;
  const double cost =
      seconds * (price.per_hour.value_or(0) / kSecondsPerHour +
                 watts * price.per_kilowatt_hour.value_or(0) / kJoulesPerKilowattHour);
  step.cost_per_million_tokens_at_least = cost / step.tokens * kMillion;
  if (flops > 0) step.cost_per_exaflop_at_least = cost / flops * kExa;
}

}  // namespace moat
