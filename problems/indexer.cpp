// SPDX-License-Identifier: Apache-2.0
#include "problems/indexer.hpp"

namespace moat {

std::vector<IndexerProblem> kernels_of(Type<IndexerProblem>) { return {IndexerProblem{}}; }

Description describe(const IndexerProblem&) {
  return {.kernel = "indexer",
          .text =
              "scores by which sparse attention chooses its keys: weighted sums of rectified "
              "products",
          .example = "indexer/bf16/b1q1kv65536h64",
          .types = kHalves};
}

// A key meets all heads.
Work work(const IndexerProblem&) { return Work::products; }

void shape(IndexerProblem& p, ShapeKeys& keys) {
  keys.dimension("b", p.batch);
  keys.dimension("q", p.q_len);
  keys.dimension("kv", p.kv_len);
  keys.dimension("h", p.heads);
}

std::string what_is_wrong(const IndexerProblem&) { return {}; }

}  // namespace moat
