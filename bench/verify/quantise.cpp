// SPDX-License-Identifier: Apache-2.0
#include "problems/quantise.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "bench/verify/expected.hpp"
#include "bench/verify/fill.hpp"
#include "bench/verify/quantised.hpp"
#include "bench/verify/random.hpp"

namespace moat {
namespace {

class ExpectedQuantise : public Verifier::Expected {
 public:
  explicit ExpectedQuantise(const QuantiseProblem& p) : p_(p), problem_(p) {}

  const Problem& problem() const override { return problem_; }

  Check check(const std::byte* output, bool guarded, Summation) const override {
    const std::vector<OutputPlace> places = output_places(problem_);
    const OutputPlace& codes = places.at(0);
    const OutputPlace& scales = places.at(1);
    Check result{.passed = true,
                 .elements = static_cast<std::int64_t>(codes.bytes + elements(scales.operand))};
    check_guard(result, output + codes.offset, codes.bytes);
    if (guarded) check_guard(result, output + scales.offset, scales.bytes);
    if (!result.passed) return result;
    const auto numbers = [&](std::int64_t row, std::span<Number> to) {
      with_dtype(p_.dtype, [&]<class T>(Type<T>) {
        const T* x = static_cast<const T*>(p_.x) + row * p_.cols;
        for (int i = 0; i < p_.cols; ++i) to[i] = {.value = to_float(x[i])};
      });
    };
    check_quantised(result,
                    {.code = p_.code,
                     .ue8m0 = p_.ue8m0,
                     .rows = p_.rows,
                     .cols = p_.cols,
                     .block_rows = p_.per_block ? kPerScale : 1,
                     .numbers = numbers},
                    output + codes.offset, output + scales.offset);
    return result;
  }

 private:
  QuantiseProblem p_;
  Problem problem_;
};

// Number `which` of those that decide how to round: of each code but the largest it has the code
// itself, what lies halfway to the next one, and that with the least more and less that T tells.
template <class C, class T>
float boundary(std::uint64_t which) {
  constexpr std::uint64_t kLargestCode = C::kFnuz ? 0x7f : 0x7e;
  const auto code = static_cast<std::uint8_t>(which / 4 % kLargestCode);
  const float here = decode(C{code});
  const float half = (here + decode(C{static_cast<std::uint8_t>(code + 1)})) / 2;
  const float least = std::ldexp(1.0f, std::ilogb(half) + 1 - traits(kDType<T>).digits);
  switch (which % 4) {
    case 0:
      return here;
    case 1:
      return half;
    case 2:
      return half + least;
    default:
      return half - least;
  }
}

// What becomes of a block.
constexpr std::uint64_t kBlockKinds = 8;

template <class C, class T>
void fill_blocks(const QuantiseProblem& p, std::uint64_t seed, int first) {
  T* x = const_cast<T*>(static_cast<const T*>(p.x));
  const std::int64_t block_rows = p.per_block ? kPerScale : 1;
  const std::int64_t across = ceil_div(p.cols, kPerScale);
  const bool narrow = traits(kDType<T>).largest < 0x1p100;
#pragma omp parallel for schedule(static)
  for (std::int64_t row = 0; row < p.rows; ++row) {
    for (std::int64_t col = 0; col < p.cols; ++col) {
      const std::int64_t down = row / block_rows;
      const auto block = static_cast<std::uint64_t>(down * across + col / kPerScale);
      const std::uint64_t bits = random_bits(seed, block);
      const auto in_block =
          static_cast<std::uint64_t>(row % block_rows * kPerScale + col % kPerScale);
      T& to = x[row * p.cols + col];
      const float uniform = to_float(to);
      const float sign = uniform < 0 ? -1.0f : 1.0f;
      const float power = std::ldexp(1.0f, static_cast<int>((bits >> 8) % 16) - 8);
      // The first of a block decides its scale, where it is not left to chance.
      const bool decides = in_block == 0;
      const float largest = kLargest<C> * 0x1p-2f;
      float value = uniform * power;
      switch ((static_cast<std::uint64_t>(down) + 5 * static_cast<std::uint64_t>(col / kPerScale)) %
              kBlockKinds) {
        case 1:  // a scale of 1/4: all boundaries in turn
          value = decides ? largest
                          : sign * 0x1p-2f * boundary<C, T>(block / kBlockKinds * 127 + in_block);
          break;
        case 2:  // below kLeastAmax
          value = uniform * 0x1p-20f;
          break;
        case 3:
          value = 0;
          break;
        case 4:  // one large element: the others' codes are subnormal
          value = in_block == bits % 97 ? 48 * power : uniform * power * 0x1p-6f;
          break;
        case 5:
          value = uniform * (narrow ? 0x1p13f : 0x1p90f);
          break;
        case 6:  // the next power of two after 1/4
          value = decides ? largest * (1 + std::ldexp(1.0f, 1 - traits(kDType<T>).digits))
                          : uniform * largest;
          break;
        default:
          break;
      }
      if (first == kNotANumber && in_block == bits % 89) {
        value = std::numeric_limits<float>::quiet_NaN();
      }
      if (first == kNotANumber && bits % 3 == 0 && in_block == bits % 83) {
        value = sign * std::numeric_limits<float>::infinity();
      }
      to = from_float<T>(value);
    }
  }
}

}  // namespace

// Blocks differ by powers of two, so that the scale of another one shows. Of eight one has every
// boundary between codes, exactly, as its scale is a power of two; one is a little larger; one is
// near 10⁻⁶, below what a scale is made for, and one 0; one has a large element and one is large
// throughout. With kNotANumber a third of them has an infinity and each a NaN.
void fill(const QuantiseProblem& p, std::uint64_t seed, int first) {
  with_scaled_code(p.code, [&]<class C>(Type<C>) {
    with_dtype(p.dtype, [&]<class T>(Type<T>) { fill_blocks<C, T>(p, seed, first); });
  });
}
int row_kinds(const QuantiseProblem&) { return 0; }

std::unique_ptr<Verifier::Expected> expect(const QuantiseProblem& host, Data,
                                           const VerifyOptions&) {
  return std::make_unique<ExpectedQuantise>(host);
}

}  // namespace moat
