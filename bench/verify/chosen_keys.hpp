// SPDX-License-Identifier: Apache-2.0
// What the lists of sparse attention name in all inputs of a shape.
#pragma once

#include <vector>

#include "problems/paged_attention.hpp"

namespace moat {

struct ChosenKeys {
  std::vector<std::vector<int>> slots;  // of the cache: of each sequence, by position
  std::vector<std::vector<int>> lists;  // positions: of each query, in the order of their scores
};

// Of a problem with `top`. The keys of a list are scattered over its sequence: it goes on where
// that of the query before ended in an order of all keys, without those behind its query. Slots are
// those of scattered pages of kLatentPage.
ChosenKeys choose_keys(const PagedAttentionProblem& p);

}  // namespace moat
