// SPDX-License-Identifier: Apache-2.0
// How long sums are added, which kernels and the bound of their error have to agree on.
#pragma once

namespace moat {

// Additions in plain f32 between two compensated ones; enters the error bound of a sum.
inline constexpr int kFoldInterval = 64;

}  // namespace moat
