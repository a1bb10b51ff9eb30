// SPDX-License-Identifier: Apache-2.0
#include "problems/sample.hpp"

#include <fmt/format.h>

namespace moat {

std::vector<SampleProblem> kernels_of(Type<SampleProblem>) { return {SampleProblem{}}; }

Description describe(const SampleProblem&) {
  return {.kernel = "sample",
          .text = "a token of each row of logits: temperature, top-k, top-p, a given random number",
          .example = "sample/f32/r16c129280k50temp0.8p0.95"};
}

Work work(const SampleProblem&) { return Work::elements; }

void shape(SampleProblem& p, ShapeKeys& keys) {
  keys.dimension("r", p.rows);
  keys.dimension("c", p.cols);
  keys.dimension("k", p.k);
  keys.optional_real("temp", p.temperature, SampleProblem{}.temperature);
  keys.optional_real("p", p.top_p, SampleProblem{}.top_p);
}

std::string what_is_wrong(const SampleProblem& p) {
  if (p.k > p.cols) return fmt::format("k{}: a row has only {} elements", p.k, p.cols);
  if (p.top_p > 1) return fmt::format("p{}: a share is at most 1", p.top_p);
  return {};
}

}  // namespace moat
