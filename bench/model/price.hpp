// SPDX-License-Identifier: Apache-2.0
// What tokens cost, from what the user says that an hour of a device costs and that it draws.
#pragma once

#include <optional>
#include <string>

#include "bench/record/record.hpp"

namespace moat {

// What was given on the command line.
struct PriceOptions {
  std::optional<std::string> price{};        // "2.40USD/h", of one device
  std::optional<std::string> source{};       // of the price: a text or a URL
  std::optional<std::string> power_price{};  // "0.30USD/kWh"
  std::optional<double> watts{};             // of one device
};

// None if nothing was given. Throws UsageError for what is no price, two currencies, a source
// without a price, and a price of power without watts.
std::optional<ModelPriceRecord> price_of(const PriceOptions& options);

// The step's cost and energy, where it has a time: of `tp` devices for as long as the step takes.
// FLOPs are those of the operations with a case.
void add_cost(ModelStepRecord& step, const ModelPriceRecord& price, int tp);

}  // namespace moat
