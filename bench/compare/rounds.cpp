// SPDX-License-Identifier: Apache-2.0
#include "bench/compare/rounds.hpp"

#include <cstddef>
#include <utility>

namespace moat {

void keep_common_rounds(std::vector<double>& a, const Rounds& a_rounds, std::vector<double>& b,
                        const Rounds& b_rounds) {
  const auto round = [](const Rounds& rounds, std::size_t i) {
    return rounds.empty() ? static_cast<int>(i) : rounds[i];
  };
  std::vector<double> common_a;
  std::vector<double> common_b;
  for (std::size_t i = 0, j = 0; i < a.size() && j < b.size();) {
    const int x = round(a_rounds, i);
    const int y = round(b_rounds, j);
    if (x == y) {
      common_a.push_back(a[i]);
      common_b.push_back(b[j]);
    }
    i += x <= y ? 1 : 0;
    j += y <= x ? 1 : 0;
  }
  a = std::move(common_a);
  b = std::move(common_b);
}

}  // namespace moat
