// SPDX-License-Identifier: Apache-2.0
// Records around given samples.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "bench/compare/record_set.hpp"
#include "bench/measure/statistics.hpp"
#include "tests/bench/record/sample_record.hpp"

namespace moat {

struct Timed {
  std::string problem;
  std::vector<double> seconds;
  std::string implementation = "moat";
};

inline CaseRecord timed_case(const Timed& timed) {
  CaseRecord c = sample_case(timed.problem, timed.implementation);
  c.series[0].seconds = timed.seconds;
  c.series[0].discarded.clear();
  const Summary s = summarize(timed.seconds);
  c.median_seconds = Reading<double>::of(s.median);
  c.lower_quartile_seconds = Reading<double>::of(s.lower_quartile);
  c.upper_quartile_seconds = Reading<double>::of(s.upper_quartile);
  c.relative_error = Reading<double>::of(s.relative_error);
  return c;
}

inline NamedRecord timed_record(const std::vector<Timed>& cases, std::string path = "x.json") {
  NamedRecord r{std::move(path), sample_record()};
  r.record.cases.clear();
  for (const auto& c : cases) r.record.cases.push_back(timed_case(c));
  r.record.run.planned = static_cast<int>(cases.size());
  return r;
}

}  // namespace moat
