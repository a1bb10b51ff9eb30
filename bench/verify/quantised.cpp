// SPDX-License-Identifier: Apache-2.0
#include "bench/verify/quantised.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "problems/reference/quantise.hpp"

namespace moat {
namespace {

// Largest absolute value of a block: of its numbers, and between which bounds an implementation's
// lies.
struct Largest {
  double value = 0;
  double least = 0;
  double most = 0;

  void add(const Number& x) {
    if (std::isnan(x.value)) return;
    const double size = std::abs(x.value);
    value = std::max(value, size);
    least = std::max(least, size - x.error);
    most = std::max(most, size + x.error);
  }
};

template <class C, class Scale>
class Comparison {
 public:
  Comparison(const Quantised& want, const std::byte* codes, const std::byte* scales)
      : want_(want),
        codes_(reinterpret_cast<const C*>(codes)),
        scales_(reinterpret_cast<const Scale*>(scales)),
        across_(ceil_div(want.cols, kPerScale)),
        down_(ceil_div(want.rows, want.block_rows)),
        differences_(down_) {}

  void run(Check& check) {
    judge_all(down_, DType::f32, [&](std::int64_t block, Judge& judge) {
      compare_scales(block, judge);
    }).report(check, [&](std::int64_t i) {
      return fmt::format("scale of row {}, column {}", i / across_ * want_.block_rows,
                         i % across_ * kPerScale);
    });
    judge_all(down_, DType::f32, [&](std::int64_t block, Judge& judge) {
      compare_codes(block, judge);
    }).report(check, [&](std::int64_t i) {
      return fmt::format("code of row {}, column {}", i / want_.cols, i % want_.cols);
    });
    reference::Difference all;
    for (const reference::Difference& d : differences_) all.merge(d);
    check.quantisation_loss = all.value();
  }

 private:
  // Calls f(row, its numbers) for the rows of a block.
  template <class F>
  void for_each_row(std::int64_t block, F f) const {
    std::vector<Number> numbers(want_.cols);
    const std::int64_t begin = block * want_.block_rows;
    const std::int64_t end = std::min<std::int64_t>(begin + want_.block_rows, want_.rows);
    for (std::int64_t row = begin; row < end; ++row) {
      want_.numbers(row, numbers);
      f(row, numbers);
    }
  }

  void compare_scales(std::int64_t block, Judge& judge) const {
    std::vector<Largest> largest(across_);
    for_each_row(block, [&](std::int64_t, const std::vector<Number>& numbers) {
      for (int i = 0; i < want_.cols; ++i) largest[i / kPerScale].add(numbers[i]);
    });
    for (std::int64_t i = 0; i < across_; ++i) {
      const auto exact = [&](double amax) { return reference::exact_scale(amax, want_.code); };
      const Largest& amax = largest[i];
      const double got = decode(scales_[block * across_ + i]);
      if constexpr (std::is_same_v<Scale, e8m0>) {
        const auto power = [&](double x) {
          return std::ldexp(1.0, reference::exact_e8m0(exact(x)) - 127);
        };
        const bool other = got == power(amax.least) || got == power(amax.most);
        judge.compare(block * across_ + i, got, other ? got : power(amax.value), 0);
      } else {
        const double want = exact(amax.value);
        const double bound = reference::kScaleError * want + exact(amax.most) - exact(amax.least);
        judge.compare(block * across_ + i, got, want, std::isfinite(want) ? bound : 0);
      }
    }
  }

  void compare_codes(std::int64_t block, Judge& judge) {
    reference::Difference& difference = differences_[block];
    for_each_row(block, [&](std::int64_t row, const std::vector<Number>& numbers) {
      for (int i = 0; i < want_.cols; ++i) {
        const std::int64_t at = row * want_.cols + i;
        const double scale = decode(scales_[block * across_ + i / kPerScale]);
        const C code = codes_[at];
        const Number& x = numbers[i];
        compare_code(at, code, x, scale, judge);
        const double y = decode(code) * scale;
        if (std::isfinite(x.value) && std::isfinite(y)) difference.add(x.value, y);
      }
    });
  }

  static void compare_code(std::int64_t at, C code, const Number& x, double scale, Judge& judge) {
    const C nearest = reference::nearest_code<C>(x.value / scale);
    const double got = decode(code);
    const double want = decode(nearest);
    bool right = code.bits == nearest.bits || (std::isnan(got) && std::isnan(want));
    const double error = reference::quotient_error(scale);
    if (!right && (error > 0 || x.error > 0)) {
      const double low = (x.value - x.error) / scale;
      const double high = (x.value + x.error) / scale;
      right = reference::nearest_code<C>(low - std::abs(low) * error).bits == code.bits ||
              reference::nearest_code<C>(high + std::abs(high) * error).bits == code.bits;
    }
    if (right) {
      judge.compare(at, 0, 0, 0);
    } else {
      judge.compare(at, got, want, 0);
    }
  }

  const Quantised& want_;
  const C* codes_;
  const Scale* scales_;
  std::int64_t across_;
  std::int64_t down_;
  std::vector<reference::Difference> differences_;  // of each row of blocks
};

}  // namespace

void check_quantised(Check& check, const Quantised& want, const std::byte* codes,
                     const std::byte* scales) {
  with_scaled_code(want.code, [&]<class C>(Type<C>) {
    with_scale(want.ue8m0, [&]<class Scale>(Type<Scale>) {
      Comparison<C, Scale>(want, codes, scales).run(check);
    });
  });
}

}  // namespace moat
