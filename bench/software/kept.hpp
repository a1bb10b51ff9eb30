// SPDX-License-Identifier: Apache-2.0
// What stays in memory from call to call: weights, and caches of keys and values.
#pragma once

#include "problems/problem.hpp"

namespace moat {

// Bytes of matrices of weights with their scales, of tables, and of the keys and values of all
// tokens, without a cache's spare pages.
double kept_bytes(const Problem& problem);

// Tokens whose keys and values a problem's cache has, of all sequences together; 0 if it has none.
double cached_tokens(const Problem& problem);

}  // namespace moat
