// SPDX-License-Identifier: Apache-2.0
#include "problems/reference/moe_permute.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "bench/verify/expected.hpp"
#include "bench/verify/fill.hpp"
#include "bench/verify/random.hpp"

namespace moat {
namespace {

// Everything is exact.
class ExpectedPermutation : public Verifier::Expected {
 public:
  explicit ExpectedPermutation(const MoePermuteProblem& p)
      : p_(p), problem_(p), sorted_(reference::sorted_by_expert(p)) {}

  const Problem& problem() const override { return problem_; }

  Check check(const std::byte* output, bool guarded, Summation) const override {
    const std::vector<OutputPlace> places = output_places(problem_);
    const std::int64_t rows = std::int64_t{p_.tokens} * p_.top;
    const std::int64_t elements = rows * (p_.cols + 1) + p_.experts + 1;
    Check result{.passed = true, .elements = elements, .checked = elements};
    const auto size = static_cast<std::int64_t>(size_of(p_.dtype)) * p_.cols;
    for (std::int64_t i = 0; i < rows; ++i) {
      const std::byte* want = static_cast<const std::byte*>(p_.x) + i / p_.top * size;
      const std::byte* got = output + sorted_.positions[i] * size;
      if (std::memcmp(want, got, static_cast<std::size_t>(size)) != 0) {
        fail(result,
             fmt::format("row {} of y is not that of token {}", sorted_.positions[i], i / p_.top));
        break;
      }
    }
    check_numbers(result, output + places.at(1).offset, sorted_.bounds, "bound");
    check_numbers(result, output + places.at(2).offset, sorted_.positions, "position");
    for (std::size_t i = 0; i < places.size(); ++i) {
      if (i + 1 < places.size() || guarded) {
        check_guard(result, output + places[i].offset, places[i].bytes);
      }
    }
    return result;
  }

 private:
  static void check_numbers(Check& result, const std::byte* output,
                            const std::vector<std::int64_t>& want, const char* name) {
    const auto* got = reinterpret_cast<const std::int64_t*>(output);
    for (std::size_t i = 0; i < want.size(); ++i) {
      if (got[i] != want[i]) {
        return fail(result, fmt::format("{} {}: got {}, want {}", name, i, got[i], want[i]));
      }
    }
  }

  MoePermuteProblem p_;
  Problem problem_;
  reference::SortedRows sorted_;
};

}  // namespace

// A token's experts differ. Those of low numbers have the most rows and the last eighth has none,
// unless all are needed; in runs of tokens every token goes to the same ones, so that an expert's
// rows come from whole parts of the indices, and from none of others.
void fill(const MoePermuteProblem& p, std::uint64_t seed, int) {
  auto* indices = const_cast<std::int64_t*>(static_cast<const std::int64_t*>(p.indices));
  const int chosen_from = std::max(p.top, p.experts - p.experts / 8);
  constexpr int kRun = 48;
  for (int token = 0; token < p.tokens; ++token) {
    std::int64_t* row = indices + std::int64_t{token} * p.top;
    const bool in_run = token / kRun % 4 == 1;
    const auto draw = static_cast<std::uint64_t>(in_run ? token / kRun * kRun : token);
    for (int i = 0; i < p.top; ++i) {
      const std::uint64_t bits =
          random_bits(stream_seed(seed, draw), static_cast<std::uint64_t>(i));
      const double uniform = static_cast<double>(bits >> 11) * 0x1p-53;
      auto expert = static_cast<std::int64_t>(uniform * uniform * chosen_from);
      while (std::find(row, row + i, expert) != row + i) expert = (expert + 1) % chosen_from;
      row[i] = expert;
    }
  }
}
int row_kinds(const MoePermuteProblem&) { return 0; }

std::unique_ptr<Verifier::Expected> expect(const MoePermuteProblem& host, Data,
                                           const VerifyOptions&) {
  return std::make_unique<ExpectedPermutation>(host);
}

}  // namespace moat
