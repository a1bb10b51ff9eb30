// SPDX-License-Identifier: Apache-2.0
// From the times of cases to a model's rates.
#pragma once

#include <optional>
#include <vector>

#include "bench/compare/record_set.hpp"
#include "bench/model/plan.hpp"
#include "bench/record/record.hpp"

namespace moat {

// The model on each device of `own`, with times of its cases and, where it has none, of `others`
// (times.hpp). A step of which one operation with a case has no time has none either.
ModelRecord put_together(const ModelPlan& plan, const std::optional<ModelPriceRecord>& price,
                         const Record& own, const std::vector<NamedRecord>& others);

}  // namespace moat
