// SPDX-License-Identifier: Apache-2.0
#include "problems/add_norm_quantise.hpp"

#include <fmt/format.h>

#include <cmath>
#include <vector>

#include "bench/verify/expected.hpp"
#include "bench/verify/fill.hpp"
#include "bench/verify/quantised.hpp"
#include "bench/verify/random.hpp"
#include "problems/reference/add_norm.hpp"

namespace moat {
namespace {

AddNormProblem without_codes(const AddNormQuantiseProblem& p) {
  return {.dtype = p.dtype,
          .rows = p.rows,
          .cols = p.cols,
          .epsilon = p.epsilon,
          .x = p.x,
          .residual = p.residual,
          .weight = p.weight};
}

class ExpectedAddNormQuantise : public Verifier::Expected {
 public:
  ExpectedAddNormQuantise(const AddNormQuantiseProblem& p, Data data)
      : p_(p), norm_(without_codes(p)), problem_(p), data_(data) {}

  const Problem& problem() const override { return problem_; }

  Check check(const std::byte* output, bool guarded, Summation summation) const override {
    const std::vector<OutputPlace> places = output_places(problem_);
    const OutputPlace& codes = places.at(1);
    const OutputPlace& scales = places.at(2);
    const std::byte* sums = output + places.at(0).offset;
    const std::int64_t count = std::int64_t{p_.rows} * p_.cols;
    Check result{.passed = true,
                 .elements = 2 * count + static_cast<std::int64_t>(elements(scales.operand))};
    const auto name = [](std::int64_t row, std::int64_t col) {
      return fmt::format("sum, row {}, column {}", row, col);
    };
    check_written(result, sums, p_.dtype, p_.rows, p_.cols, p_.cols, true, name);
    check_guard(result, output + codes.offset, codes.bytes);
    if (guarded) check_guard(result, output + scales.offset, scales.bytes);
    if (!result.passed) return result;
    judge_all(count, p_.dtype, [&](std::int64_t i, Judge& judge) {
      const auto want = reference::residual_sum(norm_, i);
      judge.compare(i, reference::read(sums, p_.dtype, i), want.value, want.bound);
    }).report(result, [&](std::int64_t i) { return name(i / p_.cols, i % p_.cols); });
    // y of the stored sums, as RMSNorm in f32 gives it.
    const RowsProblem in_f32{.op = RowsOp::rms_norm, .dtype = DType::f32, .cols = p_.cols};
    const auto numbers = [&](std::int64_t row, std::span<Number> to) {
      std::vector<double> row_of_sums(p_.cols);
      for (int i = 0; i < p_.cols; ++i) {
        row_of_sums[i] = reference::read(sums, p_.dtype, row * p_.cols + i);
      }
      const std::vector<double> y = reference::norm_of_sums(norm_, row_of_sums);
      for (int i = 0; i < p_.cols; ++i) {
        to[i] = {.value = y[i], .error = reference::bound(in_f32, y[i], summation, data_)};
      }
    };
    check_quantised(result,
                    {.code = p_.code,
                     .ue8m0 = p_.ue8m0,
                     .rows = p_.rows,
                     .cols = p_.cols,
                     .block_rows = 1,
                     .numbers = numbers},
                    output + codes.offset, output + scales.offset);
    return result;
  }

 private:
  AddNormQuantiseProblem p_;
  AddNormProblem norm_;
  Problem problem_;
  Data data_;
};

}  // namespace

// x, residual and weight as for AddNormProblem, but the weights of each 128 columns are smaller by
// a power of two, so that scales differ; of every eighth they leave less than what a scale is made
// for.
void fill(const AddNormQuantiseProblem& p, std::uint64_t seed, int first) {
  fill(without_codes(p), seed, first);
  with_dtype(p.dtype, [&]<class T>(Type<T>) {
    T* weight = const_cast<T*>(static_cast<const T*>(p.weight));
    for (int i = 0; i < p.cols; ++i) {
      const int group = i / kPerScale;
      const int power = group % 8 == 5 ? -16 : -(group * 3 % 7);
      weight[i] = from_float<T>(std::ldexp(to_float(weight[i]), power));
    }
  });
}
int row_kinds(const AddNormQuantiseProblem& p) { return row_kinds(without_codes(p)); }

std::unique_ptr<Verifier::Expected> expect(const AddNormQuantiseProblem& host, Data data,
                                           const VerifyOptions&) {
  return std::make_unique<ExpectedAddNormQuantise>(host, data);
}

}  // namespace moat
