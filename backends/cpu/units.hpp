// SPDX-License-Identifier: Apache-2.0
// Instructions of this processor that compute faster than f32 FMAs.
#pragma once

#include <string>

#include "problems/dtype.hpp"

namespace moat::cpu {

// A unit for products of 16-bit type `t` that kernels on f32 FMAs do not use, such as "AMX"; empty
// if there is none. f32 has none.
std::string unit_beyond_fma(DType t);

}  // namespace moat::cpu
