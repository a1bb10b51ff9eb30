// SPDX-License-Identifier: Apache-2.0
#include "problems/reference/add.hpp"

#include <fmt/format.h>

#include "bench/verify/expected.hpp"
#include "bench/verify/fill.hpp"

namespace moat {
namespace {

class ExpectedAdd : public Verifier::Expected {
 public:
  explicit ExpectedAdd(const AddProblem& p) : p_(p), problem_(p) {}

  const Problem& problem() const override { return problem_; }

  Check check(const std::byte* output, bool guarded, Summation) const override {
    const std::int64_t elements = std::int64_t{p_.rows} * p_.cols;
    const auto name = [](std::int64_t row, std::int64_t col) {
      return fmt::format("row {}, column {}", row, col);
    };
    Check result{.passed = true, .elements = elements};
    check_written(result, output, p_.dtype, p_.rows, p_.cols, p_.cols, guarded, name);
    if (!result.passed) return result;
    with_dtype(p_.dtype, [&]<class T>(Type<T>) {
      const T* z = reinterpret_cast<const T*>(output);
      judge_all(elements, p_.dtype, [&](std::int64_t i, Judge& judge) {
        const reference::SumOfTwo want = reference::add_element(p_, i);
        judge.compare(i, to_float(z[i]), want.value, want.bound);
      }).report(result, [&](std::int64_t i) { return name(i / p_.cols, i % p_.cols); });
    });
    return result;
  }

 private:
  AddProblem p_;
  Problem problem_;
};

}  // namespace

// Uniform numbers decide it.
void fill(const AddProblem&, std::uint64_t, int) {}
int row_kinds(const AddProblem&) { return 0; }

std::unique_ptr<Verifier::Expected> expect(const AddProblem& host, Data, const VerifyOptions&) {
  return std::make_unique<ExpectedAdd>(host);
}

}  // namespace moat
