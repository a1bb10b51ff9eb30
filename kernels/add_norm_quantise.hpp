// SPDX-License-Identifier: Apache-2.0
// Residual addition, RMSNorm and quantisation over the rows of a matrix: every element comes from
// memory once, and none goes there that is not quantised but the sums.
#pragma once

#include "kernels/add_norm.hpp"
#include "kernels/quantise.hpp"
#include "problems/add_norm_quantise.hpp"

namespace moat {

// What is left of a normalised row: codes and their scales.
template <class T, class C, class Scale>
struct QuantisedRow {
  C* codes;
  Scale* scales;

  template <class B>
  MOAT_FN void finish(B& block, int row, const T* sum, float scale, const T* weight,
                      int cols) const {
    C* to = codes + std::int64_t{row} * cols;
    Scale* to_scales = scales + std::int64_t{row} * ceil_div(cols, kPerScale);
    block.template groups<kPerScale>(
        AbsMax{}, cols, [&](auto at) { return at.load(sum) * scale * at.load(weight); },
        [&](auto group, const auto& state) {
          const Scale of_group = scale_of<B, C, Scale>(state);
          group.store(to_scales, of_group);
          return 1.0f / decode(of_group);
        },
        [&](auto at, const auto& y, float inverse) { at.store(to, y * inverse); });
  }
};

template <class Backend>
void launch(Backend& backend, const AddNormQuantiseProblem& p) {
  with_dtype(p.dtype, [&]<class T>(Type<T>) {
    with_scaled_code(p.code, [&]<class C>(Type<C>) {
      with_scale(p.ue8m0, [&]<class Scale>(Type<Scale>) {
        launch_add_norm<T>(
            backend, p,
            QuantisedRow<T, C, Scale>{static_cast<C*>(p.codes), static_cast<Scale*>(p.scales)});
      });
    });
  });
}

}  // namespace moat
