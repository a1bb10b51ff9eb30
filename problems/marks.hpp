// SPDX-License-Identifier: Apache-2.0
// Marks of functions that a compiler for devices needs.
#pragma once

// MOAT_FN marks what runs inside a block; MOAT_SHARED_FN what runs there and on the host.
#if defined(__CUDACC__) || defined(__HIP__)
#define MOAT_FN __device__ inline __attribute__((always_inline))
#define MOAT_SHARED_FN __host__ __device__ inline __attribute__((always_inline))
#else
#define MOAT_FN inline
#define MOAT_SHARED_FN inline
#endif
