// SPDX-License-Identifier: Apache-2.0
// The sum of two matrices as a plain loop, for a host: a step that no kernel takes by itself.
#pragma once

#include <cstdint>

#include "problems/dtype.hpp"

namespace moat {

// sum[i] = a[i] + b[i], rounded to the type, for n elements, by this many OpenMP threads with this
// build's vectors.
void add_elements(DType type, const void* a, const void* b, void* sum, std::int64_t n, int threads);

}  // namespace moat
