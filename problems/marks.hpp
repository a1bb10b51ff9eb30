// SPDX-License-Identifier: Apache-2.0
// Marks of functions that a compiler for devices needs.
#pragma once

// A backend whose compiler defines neither of these gives it MOAT_DEVICE_COMPILER.
#if !defined(MOAT_DEVICE_COMPILER) && (defined(__CUDACC__) || defined(__HIP__))
#define MOAT_DEVICE_COMPILER
#endif

// MOAT_FN marks what runs inside a block; MOAT_SHARED_FN what runs there and on the host.
#ifdef MOAT_DEVICE_COMPILER
#define MOAT_FN __device__ inline __attribute__((always_inline))
#define MOAT_SHARED_FN __host__ __device__ inline __attribute__((always_inline))
#else
#define MOAT_FN inline
#define MOAT_SHARED_FN inline
#endif
