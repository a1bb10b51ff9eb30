// SPDX-License-Identifier: Apache-2.0
#include "problems/reference/gather.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <numeric>
#include <utility>
#include <vector>

#include "bench/verify/expected.hpp"
#include "bench/verify/fill.hpp"
#include "bench/verify/random.hpp"

namespace moat {
namespace {

std::string name(std::int64_t row, std::int64_t col) {
  return fmt::format("token {}, element {}", row, col);
}

class ExpectedGather : public Verifier::Expected {
 public:
  explicit ExpectedGather(const GatherProblem& p) : p_(p), problem_(p) {}

  const Problem& problem() const override { return problem_; }

  Check check(const std::byte* output, bool guarded, Summation) const override {
    const std::int64_t elements = std::int64_t{p_.tokens} * p_.dim;
    Check result{.passed = true, .elements = elements};
    check_written(result, output, p_.dtype, p_.tokens, p_.dim, p_.dim, guarded, name);
    if (!result.passed) return result;
    judge_all(p_.tokens, p_.dtype, [&](std::int64_t token, Judge& judge) {
      for (int col = 0; col < p_.dim; ++col) {
        const std::int64_t i = token * p_.dim + col;
        judge.compare(i, reference::read(output, p_.dtype, i),
                      reference::gather_element(p_, token, col), 0);
      }
    }).report(result, [&](std::int64_t i) { return name(i / p_.dim, i % p_.dim); });
    return result;
  }

 private:
  GatherProblem p_;
  Problem problem_;
};

// Rows of the table that tokens may name, spread over all of it with both ends: no more than there
// are tokens, but enough to choose from. The same for every seed, so that inputs may be mixed.
class NamedRows {
 public:
  explicit NamedRows(const GatherProblem& p)
      : last_(p.vocab - 1), count_(std::min(p.vocab, std::max(p.tokens, 4))) {}

  std::int64_t count() const { return count_; }
  std::int64_t row(std::int64_t i) const { return count_ == 1 ? 0 : i * last_ / (count_ - 1); }

 private:
  std::int64_t last_;
  std::int64_t count_;
};

}  // namespace

// Rows that no token may name are NaN. Tokens name the others in turn, shuffled, but one in
// sixteen, which names any of them once more.
void fill(const GatherProblem& p, std::uint64_t seed, int) {
  const NamedRows named(p);
  std::vector<std::int64_t> turns(named.count());
  std::iota(turns.begin(), turns.end(), 0);
  for (std::size_t i = turns.size(); i > 1; --i) {
    std::swap(turns[i - 1], turns[random_bits(seed, i) % i]);
  }
  auto* ids = const_cast<std::int64_t*>(static_cast<const std::int64_t*>(p.ids));
  const auto count = static_cast<std::uint64_t>(named.count());
  for (int token = 0; token < p.tokens; ++token) {
    const std::int64_t own = turns[static_cast<std::uint64_t>(token) % count];
    const bool is_end = own == 0 || own + 1 == named.count();
    const std::uint64_t bits = random_bits(seed, count + 1 + static_cast<std::uint64_t>(token));
    const auto other = static_cast<std::int64_t>(bits / 16 % count);
    ids[token] = named.row(!is_end && bits % 16 == 0 ? other : own);
  }
  with_dtype(p.dtype, [&]<class T>(Type<T>) {
    T* table = const_cast<T*>(static_cast<const T*>(p.table));
    const T nothing = from_float<T>(std::numeric_limits<float>::quiet_NaN());
#pragma omp parallel for schedule(static)
    for (std::int64_t i = 1; i < named.count(); ++i) {
      std::fill(table + (named.row(i - 1) + 1) * p.dim, table + named.row(i) * p.dim, nothing);
    }
  });
}
int row_kinds(const GatherProblem&) { return 0; }

std::unique_ptr<Verifier::Expected> expect(const GatherProblem& host, Data, const VerifyOptions&) {
  return std::make_unique<ExpectedGather>(host);
}

}  // namespace moat
