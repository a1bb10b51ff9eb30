// SPDX-License-Identifier: Apache-2.0
// A product of FP8 codes and the quantisation that has to come before it.
#pragma once

#include "bench/software/chains.hpp"

namespace moat {

// Of scaledgemm: as many activations as A has are quantised, in a scale for each 128 of a row, then
// the problem is solved with its own A, whose codes the harness chose. What is quantised is checked
// when the chain is prepared; it lies in the cache, as what the operation before has left.
Chain quantising_chain();

}  // namespace moat
