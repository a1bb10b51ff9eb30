// SPDX-License-Identifier: Apache-2.0
// How the outputs of a problem lie in the memory that an implementation writes.
#pragma once

#include <cstddef>
#include <vector>

#include "problems/problem.hpp"

namespace moat {

// Every byte of an output before it is written: a NaN in every dtype, −1 as a position.
inline constexpr unsigned char kPoison = 0xff;

// Poisoned bytes behind every output, which must stay so. Inputs on
// the host have NaN up to the next multiple, so that what is read behind their end shows; other
// devices have tools that watch their bounds, for which an allocation must end where it does.
inline constexpr std::size_t kGuardBytes = 256;

struct OutputPlace {
  Operand operand;
  std::size_t offset;  // a multiple of kGuardBytes
  std::size_t bytes;   // with the gaps between rows
};

// One behind the other, with guards between them, in the order of the operands.
std::vector<OutputPlace> output_places(const Problem& problem);

// Bytes of all outputs and the guards between them; the last has another behind it.
std::size_t outputs_bytes(const Problem& problem);

// Points the problem's outputs to their places in memory that begins at `base`; to null if that is.
void set_outputs(Problem& problem, void* base);

}  // namespace moat
