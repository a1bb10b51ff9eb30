// SPDX-License-Identifier: Apache-2.0
// The calls of CUB that nvcc compiles.
#pragma once

#include <cuda_runtime_api.h>

#include <cstddef>

#include "problems/reduction.hpp"

namespace moat::cub_calls {

// CUB_VERSION of the headers.
int version();

// Why these headers lack the reduction; null if they have it.
const char* unsupported(const ReductionProblem& p);

// Enqueues the reduction of a problem that is supported. As in CUB: with `storage` null it only
// sets `storage_bytes`, for this n and any pointers. argmax also writes the maximum, of the
// problem's dtype, to `extremum`.
cudaError_t reduce(const ReductionProblem& p, void* extremum, void* storage,
                   std::size_t& storage_bytes, cudaStream_t stream);

// Whether the current device can run the code of this build.
cudaError_t probe();

}  // namespace moat::cub_calls
