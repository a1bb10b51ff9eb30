// SPDX-License-Identifier: Apache-2.0
// Sparse attention with all that it takes to choose its keys.
#pragma once

#include "bench/software/chains.hpp"

namespace moat {

// Of sparsemla with one query, as DeepSeek-V3.2 decodes: the indexer's scores of all keys, the
// largest of them, the slots in which those lie, and the attention over these. The indexer has 64
// heads and inputs of its own, whose scores order the keys as the problem's list does, so that the
// result is the problem's.
Chain indexed_chain();

}  // namespace moat
