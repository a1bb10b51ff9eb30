// SPDX-License-Identifier: Apache-2.0
#include "problems/reference/sample.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <optional>
#include <vector>

#include "bench/verify/expected.hpp"
#include "bench/verify/fill.hpp"
#include "bench/verify/random.hpp"

namespace moat {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

// A token is right if float64 gives it, or would if its sums were off by no more than a kernel's
// may be: u lies that near to the token's part of the distribution, for a number of kept logits
// that top_p may leave.
class ExpectedSample : public Verifier::Expected {
 public:
  explicit ExpectedSample(const SampleProblem& p) : p_(p), problem_(p), rows_(p.rows) {
#pragma omp parallel for schedule(dynamic, 1)
    for (int row = 0; row < p.rows; ++row) rows_[row] = reference::sampled_row(p, row);
  }

  const Problem& problem() const override { return problem_; }

  Check check(const std::byte* output, bool guarded, Summation) const override {
    Check result{.passed = true, .elements = p_.rows};
    if (guarded) check_guard(result, output, sizeof(std::int64_t) * rows_.size());
    std::vector<std::int64_t> tokens(rows_.size());
    std::memcpy(tokens.data(), output, tokens.size() * sizeof(std::int64_t));
    Judge judge(DType::f32);
    for (int row = 0; row < p_.rows; ++row) {
      const auto place = place_of(row, tokens[row]);
      if (!place) {
        fail(result,
             fmt::format("row {}: token {} is not among those that are kept", row, tokens[row]));
        continue;
      }
      judge.compare(row, place->place, place->nearest, place->bound);
    }
    judge.report(result, [&](std::int64_t row) {
      return fmt::format("row {}, place of token {} in the distribution", row, tokens[row]);
    });
    return result;
  }

 private:
  // Its place where that is least wrong; none if it is not kept at all.
  std::optional<reference::PlaceOfToken> place_of(int row, std::int64_t token) const {
    const reference::SampledRow& want = rows_[row];
    const auto [fewest, most] = reference::kept_counts(p_, want);
    const auto end = want.columns.begin() + most;
    const auto found = std::find(want.columns.begin(), end, token);
    const std::int64_t element = std::int64_t{row} * p_.cols + token;
    if (found == end || reference::read(p_.logits, p_.dtype, element) == -kInfinity) return {};
    const auto rank = static_cast<int>(found - want.columns.begin());
    std::optional<reference::PlaceOfToken> best;
    for (int kept = std::max(fewest, rank + 1); kept <= most; ++kept) {
      const auto place = reference::place_of(p_, want, row, rank, kept);
      if (!best || place.error_over_bound() < best->error_over_bound()) best = place;
    }
    return best;
  }

  SampleProblem p_;
  Problem problem_;
  std::vector<reference::SampledRow> rows_;
};

constexpr int kRowKinds = 8;

}  // namespace

// Rows of which many tokens are likely, few or one, of equals, near 100 and −120, where
// exponentials overflow or vanish without the largest, with fewer logits above −∞ than are kept,
// and rising. u is any number below 1, 0 or the largest.
void fill(const SampleProblem& p, std::uint64_t seed, int first) {
  auto* uniform = const_cast<float*>(static_cast<const float*>(p.uniform));
  for (int row = 0; row < p.rows; ++row) {
    const std::uint64_t bits = random_bits(seed, static_cast<std::uint64_t>(row));
    uniform[row] = std::abs(uniform[row]);
    if (bits % 16 == 0) uniform[row] = 0;
    if (bits % 16 == 1) uniform[row] = 1 - 0x1p-24f;
  }
  with_dtype(p.dtype, [&]<class T>(Type<T>) {
    T* logits = const_cast<T*>(static_cast<const T*>(p.logits));
#pragma omp parallel for schedule(static)
    for (int r = 0; r < p.rows; ++r) {
      T* row = logits + std::int64_t{r} * p.cols;
      const std::uint64_t stream = stream_seed(seed, static_cast<std::uint64_t>(r));
      const auto bits = [&](int i) { return random_bits(stream, static_cast<std::uint64_t>(i)); };
      const auto each = [&](auto f) {
        for (int i = 0; i < p.cols; ++i) row[i] = from_float<T>(f(to_float(row[i]), i));
      };
      // A few stand out by up to `height`.
      const auto peaks = [&](float v, int i, float height) {
        const bool peak = bits(i) % static_cast<std::uint64_t>(p.cols / p.k + 1) == 0;
        return peak ? height * std::abs(v) : v;
      };
      switch ((r + first) % kRowKinds) {
        case 0:
          each([](float v, int) { return 4 * v; });
          break;
        case 1:
          each([&](float v, int i) { return peaks(v, i, 6); });
          break;
        case 2:
          each([&](float v, int i) { return peaks(v, i, 24); });
          break;
        case 3:
          each([](float v, int) { return std::round(2 * v); });
          break;
        case 4:
          each([&](float v, int i) { return 100 + peaks(v, i, 4); });
          break;
        case 5:
          each([&](float v, int i) { return peaks(v, i, 4) - 120; });
          break;
        case 6:
          each([&](float v, int i) {
            const int share = std::max(1, 2 * p.cols / p.k);
            const bool number = i == 0 || bits(i) % static_cast<std::uint64_t>(share) == 0;
            return number ? 3 * v : -kInfinity;
          });
          break;
        default:
          each([&](float v, int i) {
            return v + 8 * static_cast<float>(i) / static_cast<float>(p.cols);
          });
          break;
      }
    }
  });
}
int row_kinds(const SampleProblem&) { return kRowKinds; }

std::unique_ptr<Verifier::Expected> expect(const SampleProblem& host, Data, const VerifyOptions&) {
  return std::make_unique<ExpectedSample>(host);
}

}  // namespace moat
