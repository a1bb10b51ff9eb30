// SPDX-License-Identifier: Apache-2.0
// A plan of two sums, and records that have them.
#pragma once

#include <string>
#include <vector>

#include "bench/cases/case.hpp"
#include "bench/model/plan.hpp"
#include "tests/bench/compare/synthetic.hpp"

namespace moat {

inline constexpr const char* kLarge = "sum/f32/n1000";
inline constexpr const char* kSmall = "max/f32/n10";

// Three times the large one, twice the small one, and once what nothing measures: of 4 tokens.
inline ModelPlan plan_of_sums() {
  ModelPlan plan{.query = {.model = "sums", .batch = 4}};
  plan.source = "none";
  plan.shape.layers.all = 2;
  plan.steps.push_back(
      {.name = "decode",
       .tokens = 4,
       .keys = 16,
       .operations = {
           {.what = "large",
            .problem = parse_case(kLarge),
            .count = 3,
            .in_layers = true,
            .flops = 100,
            .bytes = 10},
           {.what = "small", .problem = parse_case(kSmall), .count = 2, .flops = 50, .bytes = 5},
           {.what = "other", .count = 1, .flops = 100, .bytes = 20, .why = "no kernel"}}});
  plan.memory = {{.what = "weights", .arithmetic = "4 × 2 bytes", .bytes = 8}};
  return plan;
}

// 1 ms and 0.5 ms: 4 ms in all.
inline NamedRecord sums_record(const std::string& path = "x.json") {
  NamedRecord r = timed_record(
      {{kLarge, std::vector<double>(10, 1e-3)}, {kSmall, std::vector<double>(10, 5e-4)}}, path);
  r.record.devices[0].memory_bytes = 1 << 30;
  return r;
}

}  // namespace moat
