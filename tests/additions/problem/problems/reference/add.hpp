// SPDX-License-Identifier: Apache-2.0
// The sum of two matrices in float64. Pointers of the problem are the host's.
#pragma once

#include <cmath>

#include "problems/add.hpp"

namespace moat::reference {

struct SumOfTwo {
  double value;
  double bound;  // a rounding in f32 and one to the type
};

inline SumOfTwo add_element(const AddProblem& p, std::int64_t i) {
  return with_dtype(p.dtype, [&]<class T>(Type<T>) -> SumOfTwo {
    const double value = double{to_float(static_cast<const T*>(p.x)[i])} +
                         double{to_float(static_cast<const T*>(p.y)[i])};
    const DTypeTraits type = traits(p.dtype);
    const double f32 = std::abs(value) * traits(DType::f32).roundoff();
    return {.value = value,
            .bound = f32 + (std::abs(value) + f32) * type.roundoff() + type.underflow};
  });
}

}  // namespace moat::reference
