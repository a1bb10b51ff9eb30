// SPDX-License-Identifier: Apache-2.0
// What a fused kernel does in one pass, one operation after the other.
#pragma once

#include "bench/software/chains.hpp"

namespace moat {

// Of these problems, by their own operations or as eager frameworks call them:
// - addrmsnorm: the residual's addition, then RMSNorm
// - addrmsnormquant: addrmsnorm, then quantisation
// - swiglu: silu of the gates, then the product with the values
// - rope: (x · cos) + (rotate_half(x) · sin), as transformers' modeling_llama.py has it
//   (apply_rotary_pos_emb): a negation, a concatenation, two products and a sum
// Results between the steps are rounded to the problem's type, so that where they are no outputs
// only f32 meets the fused kernel's bound.
Chain unfused_chain();

}  // namespace moat
