// SPDX-License-Identifier: Apache-2.0
// Lambdas as one visitor of a variant.
#pragma once

namespace moat {

template <class... F>
struct Overloaded : F... {
  using F::operator()...;
};
template <class... F>
Overloaded(F...) -> Overloaded<F...>;

}  // namespace moat
