// SPDX-License-Identifier: Apache-2.0
// cuBLASLt's products of 8-bit floats with a scale for each block of 128.
//
// Of a product D = op(A)·B one matrix may have scales for 128 steps of k and the other for
// 128 × 128, from release 12.9 on and on compute capability 9.0 alone; A is transposed, D is in
// f32, f16 or bf16 (cuBLAS documentation, "Scaling Mode Support Overview" and "128-element 1D and
// 128x128 2D Block Scaling For FP8 Data Types"). Our row-major C = A·Bᵀ is its Cᵀ = op(B)·A, so
// that its A is our B.
//
// Scales of 128 steps it takes with those of one step's blocks side by side, m × ⌈k/128⌉ in column
// order; scales of 128 × 128 as ours lie, with a multiple of 4 of them from one row of blocks to
// the next (the same, "Scaling factors layouts"; torch._scaled_mm checks for both,
// github.com/pytorch/pytorch, aten/src/ATen/native/cuda/ScaledBlas.cpp,
// _scaled_block1x128_block128x128). Where ours lie otherwise each call brings them there first, by
// the library's own cublasLtMatrixTransform: they are inputs, which may change between calls.
//
// It is taken to add up the 128 products of a block in the bits of the device's instructions and
// the scaled blocks in f32, as its documentation defines the product and as the bound allows
// (problems/reference/code_sums.hpp): a running sum over blocks could not be scaled.
// CUBLASLT_MATMUL_DESC_FAST_ACCUM stays off.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "bench/baselines/cublaslt_library.hpp"
#include "problems/problem.hpp"

namespace moat::cublaslt {

// Why this build, release or device cannot be asked for it; empty if it can, which does not tell
// whether there is an algorithm.
std::optional<std::string> no_blocks(const Library& library, const ScaledGemmProblem& p);

// What runs, in order; empty if the library has no algorithm. Throws std::runtime_error.
std::optional<std::string> scaled_kernel(const Library& library, const ScaledGemmProblem& p);

// Solves problems of the shape of `p`. The library outlives the function. Throws
// std::runtime_error, also if there is no algorithm.
std::function<void(const Problem&)> prepare_scaled(const Library& library,
                                                   const ScaledGemmProblem& p);

}  // namespace moat::cublaslt
