// SPDX-License-Identifier: Apache-2.0
#include "problems/reference/moe_unpermute.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "bench/verify/expected.hpp"
#include "bench/verify/fill.hpp"
#include "bench/verify/random.hpp"

namespace moat {
namespace {

std::string name(std::int64_t row, std::int64_t col) {
  return fmt::format("row {}, column {}", row, col);
}

class ExpectedSums : public Verifier::Expected {
 public:
  explicit ExpectedSums(const MoeUnpermuteProblem& p) : p_(p), problem_(p) {}

  const Problem& problem() const override { return problem_; }

  Check check(const std::byte* output, bool guarded, Summation) const override {
    const std::int64_t elements = std::int64_t{p_.tokens} * p_.cols;
    Check result{.passed = true, .elements = elements};
    check_written(result, output, p_.dtype, p_.tokens, p_.cols, p_.cols, guarded, name);
    if (!result.passed) return result;
    with_dtype(p_.dtype, [&]<class T>(Type<T>) {
      const T* y = reinterpret_cast<const T*>(output);
      judge_all(elements, p_.dtype, [&](std::int64_t i, Judge& judge) {
        const auto want = reference::weighted_sum(p_, i / p_.cols, i % p_.cols);
        judge.compare(i, to_float(y[i]), want.value, want.bound);
      }).report(result, [&](std::int64_t i) { return name(i / p_.cols, i % p_.cols); });
    });
    return result;
  }

 private:
  MoeUnpermuteProblem p_;
  Problem problem_;
};

}  // namespace

// Positions are all rows of x, at random. Weights of a token differ by up to 2⁶, so that those of
// another row show, and so does one that is left out.
void fill(const MoeUnpermuteProblem& p, std::uint64_t seed, int) {
  const std::int64_t count = std::int64_t{p.tokens} * p.top;
  auto* positions = const_cast<std::int64_t*>(static_cast<const std::int64_t*>(p.positions));
  auto* weights = const_cast<float*>(static_cast<const float*>(p.weights));
  std::iota(positions, positions + count, 0);
  for (std::int64_t i = count - 1; i > 0; --i) {
    const std::uint64_t bits = random_bits(seed, static_cast<std::uint64_t>(i));
    std::swap(positions[i], positions[bits % static_cast<std::uint64_t>(i + 1)]);
  }
  for (std::int64_t i = 0; i < count; ++i) {
    const std::uint64_t bits = random_bits(stream_seed(seed, 1), static_cast<std::uint64_t>(i));
    weights[i] = std::ldexp(1 + std::abs(weights[i]), -static_cast<int>(bits % 7));
  }
}
int row_kinds(const MoeUnpermuteProblem&) { return 0; }

std::unique_ptr<Verifier::Expected> expect(const MoeUnpermuteProblem& host, Data,
                                           const VerifyOptions&) {
  return std::make_unique<ExpectedSums>(host);
}

}  // namespace moat
