// oneDNN's primitives: matmul, softmax, and attention as a chain of them.
#pragma once

#include "bench/baselines/baselines.hpp"

namespace moat {

// Adds the baseline, or why it is absent. RMSNorm is left out: oneDNN's layer normalisation
// subtracts the mean, which is another function, and its reductions of squares are reference code.
void open_onednn(int threads, Baselines& baselines);

}  // namespace moat
