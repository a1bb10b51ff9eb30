// SPDX-License-Identifier: Apache-2.0
// Shapes alike: what is found out about one of them holds for the others.
#pragma once

#include <string>

#include "problems/problem.hpp"

namespace moat {

// The name of the case's class: that of the largest of its cases. Extents and numbers of heads,
// experts and the like count by the next power of two, so that m17 to m32 are of m32; strides
// (lda, …), constants (eps, scale, limit), types and options count as they are.
std::string shape_class(const Problem& problem);

}  // namespace moat
