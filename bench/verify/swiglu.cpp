// SPDX-License-Identifier: Apache-2.0
#include "problems/reference/swiglu.hpp"

#include <fmt/format.h>

#include <array>

#include "bench/verify/expected.hpp"
#include "bench/verify/fill.hpp"
#include "bench/verify/random.hpp"

namespace moat {
namespace {

std::string name(std::int64_t row, std::int64_t col) {
  return fmt::format("row {}, column {}", row, col);
}

class ExpectedSwiglu : public Verifier::Expected {
 public:
  explicit ExpectedSwiglu(const SwigluProblem& p) : p_(p), problem_(p) {}

  const Problem& problem() const override { return problem_; }

  Check check(const std::byte* output, bool guarded, Summation) const override {
    const std::int64_t elements = std::int64_t{p_.rows} * p_.cols;
    Check result{.passed = true, .elements = elements};
    check_written(result, output, p_.dtype, p_.rows, p_.cols, p_.cols, guarded, name);
    if (!result.passed) return result;
    with_dtype(p_.dtype, [&]<class T>(Type<T>) {
      const T* y = reinterpret_cast<const T*>(output);
      judge_all(elements, p_.dtype, [&](std::int64_t i, Judge& judge) {
        const auto want = reference::swiglu_element(p_, i / p_.cols, i % p_.cols);
        judge.compare(i, to_float(y[i]), want.y, want.bound);
      }).report(result, [&](std::int64_t i) { return name(i / p_.cols, i % p_.cols); });
    });
    return result;
  }

 private:
  SwigluProblem p_;
  Problem problem_;
};

}  // namespace

// Of every 8 gates one is near 8 and one near −8, where another sigmoid, or none, shows; one is
// beyond ±100, where exponentials overflow; of every 8 values one is near 16 and one near −16. What
// a limit cuts off are these, on both sides, in all combinations.
void fill(const SwigluProblem& p, std::uint64_t seed, int) {
  with_dtype(p.dtype, [&]<class T>(Type<T>) {
    T* x = const_cast<T*>(static_cast<const T*>(p.x));
    const auto add = [](T& to, float much) { to = from_float<T>(to_float(to) + much); };
#pragma omp parallel for schedule(static)
    for (int row = 0; row < p.rows; ++row) {
      T* gates = x + std::int64_t{row} * 2 * p.cols;
      for (std::int64_t col = 0; col < p.cols; ++col) {
        const std::int64_t element = std::int64_t{row} * p.cols + col;
        const std::uint64_t bits = random_bits(seed, static_cast<std::uint64_t>(element));
        constexpr std::array kGates = {8.0f, -8.0f, 2.0f, -2.0f};
        constexpr std::array kValues = {16.0f, -16.0f};
        if (const auto kind = bits % 8; kind < kGates.size()) {
          add(gates[col], kGates.at(kind));
        } else if (kind == kGates.size()) {
          gates[col] = from_float<T>(to_float(gates[col]) < 0 ? -120.0f : 120.0f);
        }
        if (const auto kind = (bits >> 8) % 8; kind < kValues.size()) {
          add(gates[p.cols + col], kValues.at(kind));
        }
      }
    }
  });
}
int row_kinds(const SwigluProblem&) { return 0; }

std::unique_ptr<Verifier::Expected> expect(const SwigluProblem& host, Data, const VerifyOptions&) {
  return std::make_unique<ExpectedSwiglu>(host);
}

}  // namespace moat
