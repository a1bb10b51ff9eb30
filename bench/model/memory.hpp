// SPDX-License-Identifier: Apache-2.0
// The memory that a model takes of each device that shares it.
#pragma once

#include <vector>

#include "bench/model/plan.hpp"

namespace moat {

// Weights part by part, keys and values of all sequences at their full context, and the largest
// result of an operation, each with its arithmetic. What an engine reserves beside them (further
// results, workspaces, pages in part used) is not counted.
std::vector<ModelMemoryRecord> memory_of(const ModelPlan& plan);

double total_bytes(const std::vector<ModelMemoryRecord>& memory);

}  // namespace moat
