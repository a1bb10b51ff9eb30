// SPDX-License-Identifier: Apache-2.0
#include "problems/reference/rope.hpp"

#include <fmt/format.h>

#include "bench/verify/expected.hpp"
#include "bench/verify/fill.hpp"
#include "bench/verify/random.hpp"

namespace moat {
namespace {

class ExpectedRope : public Verifier::Expected {
 public:
  explicit ExpectedRope(const RopeProblem& p) : p_(p), problem_(p) {}

  const Problem& problem() const override { return problem_; }

  Check check(const std::byte* output, bool guarded, Summation) const override {
    const std::int64_t width = std::int64_t{p_.heads} * p_.head_dim;
    const std::int64_t elements = p_.tokens * width;
    const auto name = [&](std::int64_t token, std::int64_t col) {
      return fmt::format("token {}, head {}, element {}", token, col / p_.head_dim,
                         col % p_.head_dim);
    };
    Check result{.passed = true, .elements = elements};
    check_written(result, output, p_.dtype, p_.tokens, width, width, guarded, name);
    if (!result.passed) return result;
    with_dtype(p_.dtype, [&]<class T>(Type<T>) {
      const T* y = reinterpret_cast<const T*>(output);
      judge_all(elements, p_.dtype, [&](std::int64_t i, Judge& judge) {
        const auto col = static_cast<int>(i % width);
        const auto want =
            reference::rope_element(p_, i / width, col / p_.head_dim, col % p_.head_dim);
        judge.compare(i, to_float(y[i]), want.y, want.bound);
      }).report(result, [&](std::int64_t i) { return name(i / width, i % width); });
    });
    return result;
  }

 private:
  RopeProblem p_;
  Problem problem_;
};

}  // namespace

// Of every 16 elements one is large and one small, by powers of two, so that a pair's sum does not
// hide either; cos and sin are any numbers in (−1, 1), which need not lie on the circle.
void fill(const RopeProblem& p, std::uint64_t seed, int) {
  with_dtype(p.dtype, [&]<class T>(Type<T>) {
    T* x = const_cast<T*>(static_cast<const T*>(p.x));
    const std::int64_t elements = std::int64_t{p.tokens} * p.heads * p.head_dim;
#pragma omp parallel for schedule(static)
    for (std::int64_t i = 0; i < elements; ++i) {
      const std::uint64_t kind = random_bits(seed, static_cast<std::uint64_t>(i)) % 16;
      if (kind < 2) x[i] = from_float<T>(to_float(x[i]) * (kind == 0 ? 0x1p6f : 0x1p-6f));
    }
  });
}
int row_kinds(const RopeProblem&) { return 0; }

std::unique_ptr<Verifier::Expected> expect(const RopeProblem& host, Data, const VerifyOptions&) {
  return std::make_unique<ExpectedRope>(host);
}

}  // namespace moat
