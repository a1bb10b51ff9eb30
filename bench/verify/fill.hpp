// SPDX-License-Identifier: Apache-2.0
// The values of inputs: random, with rows and elements among them that decide what uniform numbers
// cannot. Pointers of the problem are the host's, its inputs are uniform in (−1, 1) before and are
// changed in place. The result depends on the problem and the seed alone.
#pragma once

#include <cstdint>

#include "kernels/problem.hpp"

namespace moat {

// Of every 16 rows of A and columns of B one is small, one large (by powers of two) and one has a
// single large element, at steps that spread over all of k: the slice which holds it decides the
// whole row or column.
void fill(const GemmProblem& p, std::uint64_t seed);

// Of every 8 queries one has logits near 100 and one near −100, all of them, so that exponentials
// overflow or vanish without the maximum, and a key of zeros outweighs all others. Keys point to a
// query that is to see them or, just beyond the causal edge, is not to: their weight exceeds those
// of thousands of other keys, so that the maximum rises early in some rows and late in others.
// Some dimensions of V are large, some small and some of one sign.
void fill(const AttentionProblem& p, std::uint64_t seed, int first = 0);

// Sum: multiples of 2⁻¹⁸ in [2⁻¹¹, 1), positive and negative in turns of kSignRun elements, so that
// partial sums are large and lose digits but sums of kFoldInterval elements are exact.
// Max and argmax: negative throughout, with the maximum at many places. It is a subnormal number in
// f16 (max), and −0 at its first place, later ±0 (argmax).
void fill(const ReductionProblem& p, std::uint64_t seed);
inline constexpr std::int64_t kSignRun = std::int64_t{1} << 16;

// RMSNorm: rows with a mean square near epsilon, far below and far above, of zeros, of equal values
// and with one large element. Softmax: rows near 100 and −120, of equal values, with a range of 40,
// with one element that outweighs the others or leaves nothing of them, rising to the end, and with
// −∞ at places. With kNothing as the first kind all of softmax's rows are −∞ throughout.
void fill(const RowsProblem& p, std::uint64_t seed, int first = 0);

inline constexpr int kNothing = -1;

// Rows and queries are of kinds in turn, of which `first` is the first one's. How many there are; 0
// for other problems.
int row_kinds(const Problem& problem);

}  // namespace moat
