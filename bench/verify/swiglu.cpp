// SPDX-License-Identifier: Apache-2.0
#include "problems/reference/swiglu.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

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

namespace {

// Kinds of gates and of values; 0 is a uniform one. `scaled` ones are drawn around their number,
// others moved by it.
struct Kind {
  float number = 0;
  bool scaled = false;
};
constexpr std::size_t kKinds = 8;
using Kinds = std::array<Kind, kKinds>;

// Beyond a limit on either side and within it, at more than the uniform numbers reach: half as much
// again and three quarters of it, give or take a quarter. What no limit of the type cuts off is
// left out.
struct Placed {
  explicit Placed(const SwigluProblem& p)
      : gates{{{8}, {-8}, {2}, {-2}, {136, true}, {-136, true}}}, values{{{16}, {-16}}} {
    const auto most = static_cast<float>(reference::largest(p.dtype)) / 2;
    if (p.limit <= 0 || p.limit > most) return;
    const Kind beyond{1.5f * p.limit, true};
    const Kind below{-1.5f * p.limit, true};
    gates = {{beyond, below, {0.75f * p.limit, true}, {8}, {-8}, {-2}, {}, {136, true}}};
    values = {{beyond, below, {0.75f * p.limit, true}, {-0.75f * p.limit, true}, {16}, {-16}}};
  }

  Kinds gates;
  Kinds values;
};

float place(const Kind& kind, float uniform) {
  return kind.scaled ? kind.number * (1 + uniform / 4) : kind.number + uniform;
}

}  // namespace

// Each of 8 elements in a row has another kind of gate and another kind of value; which meet, and
// where, changes from 8 to 8. Gates are near 8 and −8, where another sigmoid, or none, shows, and
// beyond ±100, where exponentials overflow; values are near 16 and −16. With a limit both lie on
// either side of it, in all combinations whose product the type holds.
void fill(const SwigluProblem& p, std::uint64_t seed, int) {
  const Placed placed(p);
  const double most = reference::largest(p.dtype) / 2;
  with_dtype(p.dtype, [&]<class T>(Type<T>) {
    T* x = const_cast<T*>(static_cast<const T*>(p.x));
#pragma omp parallel for schedule(static)
    for (int row = 0; row < p.rows; ++row) {
      T* gates = x + std::int64_t{row} * 2 * p.cols;
      T* values = gates + p.cols;
      for (std::int64_t col = 0; col < p.cols; ++col) {
        const auto element = static_cast<std::uint64_t>(std::int64_t{row} * p.cols + col);
        // In the first 8 no value beyond a limit meets a gate that makes it vanish.
        const std::uint64_t bits = element < kKinds ? 3 : random_bits(seed, element / kKinds);
        const float gate = place(placed.gates.at((element + bits) % kKinds), to_float(gates[col]));
        // 3 and 8 have no common factor: every kind comes once.
        const float value =
            place(placed.values.at((3 * element + (bits >> 8)) % kKinds), to_float(values[col]));
        gates[col] = from_float<T>(gate);
        const double largest = p.limit > 0 ? p.limit : std::abs(value);
        if (p.limit <= 0 || std::min<double>(gate, p.limit) * (largest + 1) < most) {
          values[col] = from_float<T>(value);
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
