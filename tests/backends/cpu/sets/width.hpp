// SPDX-License-Identifier: Apache-2.0
// What two instruction sets have in different sizes.
#pragma once

#include "backends/cpu/sets.hpp"

namespace moat::testing {

struct Width {
  int (*bytes)();
  // By way of an inline function and of a static of one, in another file.
  int (*bytes_elsewhere)();
  const int* (*where)();
};

}  // namespace moat::testing
