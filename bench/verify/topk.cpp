// SPDX-License-Identifier: Apache-2.0
#include "problems/reference/topk.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "bench/verify/expected.hpp"
#include "bench/verify/fill.hpp"
#include "bench/verify/random.hpp"

namespace moat {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();

class ExpectedTopk : public Verifier::Expected {
 public:
  explicit ExpectedTopk(const TopkProblem& p) : p_(p), problem_(p) {}

  const Problem& problem() const override { return problem_; }

  Check check(const std::byte* output, bool guarded, Summation) const override {
    const std::vector<OutputPlace> places = output_places(problem_);
    const std::byte* values = output + places.at(0).offset;
    const std::byte* positions = output + places.at(1).offset;
    Check result{.passed = true, .elements = 2 * std::int64_t{p_.rows} * p_.k};
    check_guard(result, values, places.at(0).bytes);
    if (guarded) check_guard(result, positions, places.at(1).bytes);
    const auto where = [&](std::int64_t i) {
      return fmt::format("row {}, rank {}", i / p_.k, i % p_.k);
    };
    // Both of a row, so that its reference is found once.
    Judge of_positions(DType::f32);
    Judge of_values(p_.dtype);
#pragma omp parallel
    {
      Judge my_positions(DType::f32);
      Judge my_values(p_.dtype);
#pragma omp for schedule(dynamic, 16) nowait
      for (int row = 0; row < p_.rows; ++row) {
        const std::vector<std::int64_t> want = reference::largest_of_row(p_, row);
        for (int rank = 0; rank < p_.k; ++rank) {
          const std::int64_t i = std::int64_t{row} * p_.k + rank;
          std::int64_t position = 0;
          std::memcpy(&position, positions + i * sizeof position, sizeof position);
          my_positions.compare(i, static_cast<double>(position), static_cast<double>(want[rank]),
                               0);
          compare_value(i, values, std::int64_t{row} * p_.cols + want[rank], my_values);
        }
      }
#pragma omp critical(moat_topk)
      {
        of_positions.merge(my_positions);
        of_values.merge(my_values);
      }
    }
    of_positions.report(result, [&](std::int64_t i) { return "position, " + where(i); });
    of_values.report(result, [&](std::int64_t i) { return "value, " + where(i); });
    return result;
  }

 private:
  // A value is that of its element of x: NaN for NaN, but not the one that was there before.
  void compare_value(std::int64_t i, const std::byte* values, std::int64_t element,
                     Judge& judge) const {
    const double want = reference::read(p_.x, p_.dtype, element);
    const double got = reference::read(values, p_.dtype, i);
    const std::byte* bytes = values + i * static_cast<std::int64_t>(size_of(p_.dtype));
    const bool unwritten = std::all_of(bytes, bytes + size_of(p_.dtype),
                                       [](std::byte b) { return b == std::byte{kPoison}; });
    const bool both = std::isnan(want) && std::isnan(got) && !unwritten;
    judge.compare(i, both ? 0 : got, both ? 0 : want, 0);
  }

  TopkProblem p_;
  Problem problem_;
};

constexpr int kRowKinds = 8;

}  // namespace

// Rows of uniform numbers, of few values and of one, whose equals decide by their columns, rising
// and falling to the end, with the largest at both ends, with fewer numbers above −∞ than are
// taken, and of 0 and −0 above all others. With kNotANumber as the kind, NaN is half of what is
// taken or more than that.
void fill(const TopkProblem& p, std::uint64_t seed, int first) {
  with_dtype(p.dtype, [&]<class T>(Type<T>) {
    T* x = const_cast<T*>(static_cast<const T*>(p.x));
#pragma omp parallel for schedule(static)
    for (int r = 0; r < p.rows; ++r) {
      T* row = x + std::int64_t{r} * p.cols;
      const std::uint64_t stream = stream_seed(seed, static_cast<std::uint64_t>(r));
      const auto bits = [&](int i) { return random_bits(stream, static_cast<std::uint64_t>(i)); };
      const auto each = [&](auto f) {
        for (int i = 0; i < p.cols; ++i) row[i] = from_float<T>(f(to_float(row[i]), i));
      };
      // One in so many: half of what is taken, or twice as much.
      const auto one_in = [&](int count) {
        return static_cast<std::uint64_t>(std::max(1, p.cols / std::max(1, count)));
      };
      if (first == kNotANumber) {
        const std::uint64_t share = one_in(r % 2 == 0 ? p.k / 2 : 2 * p.k);
        each([&](float v, int i) { return bits(i) % share == 0 ? kNaN : v; });
        continue;
      }
      const auto at = [&](int i) { return static_cast<float>(i) / static_cast<float>(p.cols); };
      switch ((r + first) % kRowKinds) {
        case 1:
          each([](float v, int) { return std::round(v * 8); });
          break;
        case 2:
          each([](float, int) { return 0.5f; });
          break;
        case 3:
          each([&](float v, int i) { return at(i) + v * 0x1p-10f; });
          break;
        case 4:
          each([&](float v, int i) { return v * 0x1p-10f - at(i); });
          break;
        case 5:
          each([&](float v, int i) {
            const int from_end = std::min(i, p.cols - 1 - i);
            return from_end < (p.k + 1) / 2 ? 2 + v : v;
          });
          break;
        case 6:
          each([&](float v, int i) { return bits(i) % one_in(p.k / 2) == 0 ? v : -kInfinity; });
          break;
        case 7:
          each([&](float v, int i) {
            return bits(i) % one_in(2 * p.k) == 0 ? std::copysign(0.0f, v) : -std::abs(v);
          });
          break;
        default:
          break;
      }
    }
  });
}
int row_kinds(const TopkProblem&) { return kRowKinds; }

std::unique_ptr<Verifier::Expected> expect(const TopkProblem& host, Data, const VerifyOptions&) {
  return std::make_unique<ExpectedTopk>(host);
}

}  // namespace moat
