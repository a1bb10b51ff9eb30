// SPDX-License-Identifier: Apache-2.0
#include "problems/reference/add_norm.hpp"

#include <fmt/format.h>

#include <vector>

#include "bench/verify/expected.hpp"
#include "bench/verify/fill.hpp"
#include "bench/verify/random.hpp"

namespace moat {
namespace {

class ExpectedAddNorm : public Verifier::Expected {
 public:
  ExpectedAddNorm(const AddNormProblem& p, Data data) : p_(p), problem_(p), data_(data) {}

  const Problem& problem() const override { return problem_; }

  Check check(const std::byte* output, bool guarded, Summation summation) const override {
    const std::vector<OutputPlace> places = output_places(problem_);
    const std::byte* sums = output + places.at(0).offset;
    const std::byte* ys = output + places.at(1).offset;
    const std::int64_t elements = std::int64_t{p_.rows} * p_.cols;
    Check result{.passed = true, .elements = 2 * elements};
    const auto name = [](const char* operand) {
      return [operand](std::int64_t row, std::int64_t col) {
        return fmt::format("{}, row {}, column {}", operand, row, col);
      };
    };
    check_written(result, sums, p_.dtype, p_.rows, p_.cols, p_.cols, true, name("sum"));
    check_written(result, ys, p_.dtype, p_.rows, p_.cols, p_.cols, guarded, name("y"));
    if (!result.passed) return result;
    with_dtype(p_.dtype, [&]<class T>(Type<T>) {
      const T* sum = reinterpret_cast<const T*>(sums);
      const T* y = reinterpret_cast<const T*>(ys);
      judge_all(elements, p_.dtype, [&](std::int64_t i, Judge& judge) {
        const auto want = reference::residual_sum(p_, i);
        judge.compare(i, to_float(sum[i]), want.value, want.bound);
      }).report(result, [&](std::int64_t i) { return name("sum")(i / p_.cols, i % p_.cols); });
      judge_all(p_.rows, p_.dtype, [&](std::int64_t row, Judge& judge) {
        const std::int64_t begin = row * p_.cols;
        std::vector<double> row_of_sums(p_.cols);
        for (int i = 0; i < p_.cols; ++i) row_of_sums[i] = to_float(sum[begin + i]);
        const std::vector<double> want = reference::norm_of_sums(p_, row_of_sums);
        for (int i = 0; i < p_.cols; ++i) {
          judge.compare(begin + i, to_float(y[begin + i]), want[i],
                        reference::bound(p_, want[i], summation, data_));
        }
      }).report(result, [&](std::int64_t i) { return name("y")(i / p_.cols, i % p_.cols); });
    });
    return result;
  }

 private:
  AddNormProblem p_;
  Problem problem_;
  Data data_;
};

RowsProblem norm_of(const AddNormProblem& p, const void* x) {
  return {.op = RowsOp::rms_norm,
          .dtype = p.dtype,
          .rows = p.rows,
          .cols = p.cols,
          .epsilon = p.epsilon,
          .x = x,
          .weight = p.weight};
}

}  // namespace

// x and residual are rows of the kinds that RMSNorm has, the same kind in both, so that their sum
// is of it too.
void fill(const AddNormProblem& p, std::uint64_t seed, int first) {
  fill(norm_of(p, p.x), stream_seed(seed, 0), first);
  fill(norm_of(p, p.residual), stream_seed(seed, 1), first);
}
int row_kinds(const AddNormProblem& p) { return row_kinds(norm_of(p, nullptr)); }

std::unique_ptr<Verifier::Expected> expect(const AddNormProblem& host, Data data,
                                           const VerifyOptions&) {
  return std::make_unique<ExpectedAddNorm>(host, data);
}

}  // namespace moat
