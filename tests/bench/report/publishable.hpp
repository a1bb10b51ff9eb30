// SPDX-License-Identifier: Apache-2.0
// A record that a document may show.
#pragma once

#include <string>

#include "tests/bench/record/sample_record.hpp"

namespace moat {

// A record of a run on a machine that did nothing else.
inline Record publishable() {
  Record record = sample_record();
  CaseRecord ours = record.cases[0];
  for (int i = 0; i < 3; ++i) {
    ours.series[0].seconds.insert(ours.series[0].seconds.end(), {2e-3, 1e-3, 3e-3});
  }
  record.cases = {ours, record.cases[1]};
  for (int i = 1; i < 8; ++i) {
    ours.problem = "gemm/f32/m64n64k" + std::to_string(i);
    ours.name = ours.problem + "/cpu/moat";
    record.cases.push_back(ours);
  }
  record.run.planned = 9;
  record.build.flags = "-O3 -DNDEBUG (CPU kernels: native)";
  record.run.scheduling.value->steal_seconds = Reading<double>::of(0.5);
  return record;
}

}  // namespace moat
