// SPDX-License-Identifier: Apache-2.0
#include "problems/grouped_gemm.hpp"

#include <fmt/format.h>

#include <limits>
#include <numeric>

namespace moat {

std::vector<std::int64_t> expert_rows(const GroupedGemmProblem& p) {
  const std::int64_t most = most_rows(p);
  std::int64_t left = std::int64_t{p.tokens} * p.top;
  std::vector<std::int64_t> rows(p.experts);
  const auto give = [&](int expert, std::int64_t wanted) {
    const std::int64_t given =
        std::clamp<std::int64_t>(wanted, 0, std::min(left, most - rows[expert]));
    rows[expert] += given;
    left -= given;
  };
  const int large = p.experts / 2;
  const int single = p.experts - 1;
  give(large, left / 3);
  if (single != large) give(single, 1);
  const auto is_ordinary = [&](int e) { return e % 8 != 0 && e != large && e != single; };
  std::int64_t weights = 0;
  for (int e = 0; e < p.experts; ++e) weights += is_ordinary(e) ? 1 + e % 3 : 0;
  const std::int64_t shared = left;
  for (int e = 0; e < p.experts; ++e) {
    if (is_ordinary(e)) give(e, shared * (1 + e % 3) / weights);
  }
  // What rounding left, one by one; what is beyond the most of those, to all others.
  for (int e = 0; e < p.experts; ++e) {
    if (is_ordinary(e)) give(e, 1);
  }
  for (int e = 0; e < p.experts; ++e) {
    if (is_ordinary(e)) give(e, left);
  }
  for (int e = 0; e < p.experts; ++e) give(e, left);
  return rows;
}

std::vector<GroupedGemmProblem> kernels_of(Type<GroupedGemmProblem>) {
  return {GroupedGemmProblem{}};
}

Description describe(const GroupedGemmProblem&) {
  return {.kernel = "groupedgemm",
          .text = "C = A·Bₑᵀ for the rows of each expert e of a mixture, sorted or masked",
          .example = "groupedgemm/bf16/t4096e64top6n2048k1024"};
}

Work work(const GroupedGemmProblem&) { return Work::products; }

void shape(GroupedGemmProblem& p, ShapeKeys& keys) {
  keys.dimension("t", p.tokens);
  keys.dimension("e", p.experts);
  keys.dimension("top", p.top);
  keys.dimension("n", p.n);
  keys.dimension("k", p.k);
  keys.optional_dimension("masked", p.masked);
}

std::string what_is_wrong(const GroupedGemmProblem& p) {
  if (p.top > p.experts) {
    return fmt::format("a token goes to top={} of {} experts", p.top, p.experts);
  }
  const std::int64_t total = std::int64_t{p.tokens} * p.top;
  if (const std::int64_t held = std::max(total, p.masked * p.experts);
      held > std::numeric_limits<int>::max()) {
    return fmt::format("{} rows are more than 32 bits count", held);
  }
  if (p.masked > 0 && p.masked * p.experts < total) {
    return fmt::format("{} experts of masked={} rows have no room for {} rows", p.experts, p.masked,
                       total);
  }
  return {};
}

}  // namespace moat
