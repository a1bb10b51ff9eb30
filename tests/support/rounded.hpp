// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "problems/codes.hpp"

namespace moat {

// An element of T, a type of numbers or of codes for them.
template <class T>
T rounded(float x) {
  if constexpr (Float8<T>) {
    return encode<T>(x);
  } else {
    return from_float<T>(x);
  }
}

}  // namespace moat
