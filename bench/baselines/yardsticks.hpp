// SPDX-License-Identifier: Apache-2.0
// What moves a problem's bytes and computes nothing: the least that the memory lets anyone need;
// and a product of as many FLOPs: what the cores can do just then.
#pragma once

#include <memory>
#include <vector>

#include "bench/baselines/baselines.hpp"

namespace moat {

// read:  every input once, for reductions and for products with a vector: the exclusive or of
//        all 32-bit words is left in the output's first 4 bytes.
// copy:  the first input to the output, as much as that holds, for what is computed element by
//        element or row by row.
// By this many OpenMP threads, with this build's vectors.
std::vector<std::unique_ptr<Yardstick>> make_yardsticks(int threads);

// product: beside attention of more than one query a GEMM of its type, near a cube, of as many
// FLOPs but for less than a hundredth, and of 4 MFLOP at least.
ProductYardstick make_product_yardstick();

}  // namespace moat
