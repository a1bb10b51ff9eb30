// SPDX-License-Identifier: Apache-2.0
// The operand type by which a schedule asks for f32 products on matrix units.
#pragma once

namespace moat::cuda {

// f32 in two TF32 parts, high + low with 11 significant bits each: a · b is taken as
// low · high + high · low + high · high. What is dropped is below 2⁻²¹ |a · b|, 8 roundoffs of f32.
// An infinity makes NaN.
struct SplitF32;

}  // namespace moat::cuda
