// SPDX-License-Identifier: Apache-2.0
// Inputs of matrix instructions.
#pragma once

#include <random>
#include <vector>

#include "problems/dtype.hpp"

namespace moat::emulator {

// `count` elements, uniform in [−1, 1) and rounded to T.
template <class T>
std::vector<T> random_matrix(int count, unsigned seed) {
  std::mt19937 generator(seed);
  std::uniform_real_distribution<float> uniform(-1, 1);
  std::vector<T> out(static_cast<std::size_t>(count));
  for (T& x : out) x = from_float<T>(uniform(generator));
  return out;
}

}  // namespace moat::emulator
