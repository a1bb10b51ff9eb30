// SPDX-License-Identifier: Apache-2.0
#include "problems/reference/reduction.hpp"

#include <fmt/format.h>

#include "bench/verify/expected.hpp"

namespace moat {
namespace {

constexpr std::int64_t kPart = std::int64_t{1} << 20;

// Calls f(part problem, its first index, its number) for parts of the vector on all threads.
template <class F>
std::int64_t for_each_part(const ReductionProblem& p, F&& f) {
  const std::int64_t parts = ceil_div(p.n, kPart);
#pragma omp parallel for schedule(dynamic)
  for (std::int64_t i = 0; i < parts; ++i) {
    ReductionProblem part = p;
    part.n = std::min(kPart, p.n - i * kPart);
    part.x = static_cast<const std::byte*>(p.x) +
             i * kPart * static_cast<std::int64_t>(size_of(p.dtype));
    f(part, i * kPart, i);
  }
  return parts;
}

class ExpectedReduction : public Verifier::Expected {
 public:
  ExpectedReduction(const ReductionProblem& p, Data data) : p_(p), problem_(p), data_(data) {
    const std::int64_t parts = ceil_div(p.n, kPart);
    if (p.op == ReductionOp::sum) {
      std::vector<reference::SumEstimate> sums(parts);
      for_each_part(p, [&](const ReductionProblem& part, std::int64_t, std::int64_t i) {
        sums[i] = reference::sum(part);
      });
      for (const auto& s : sums) sum_.append(s);
      return;
    }
    std::vector<reference::Peak> peaks(parts);
    for_each_part(p, [&](const ReductionProblem& part, std::int64_t begin, std::int64_t i) {
      peaks[i] = reference::max(part);
      peaks[i].index += begin;
    });
    peak_ = peaks.front();
    for (const auto& peak : peaks) {
      if (peak.value > peak_.value) peak_ = peak;
    }
  }

  const Problem& problem() const override { return problem_; }

  Check check(const std::byte* output, bool guarded, Summation summation) const override {
    Check result{.passed = true, .elements = 1};
    Judge judge(DType::f32);
    switch (p_.op) {
      case ReductionOp::sum:
        judge.compare(0, read_float(result, output, guarded), sum_.value,
                      reference::bound(p_, sum_, summation, data_));
        break;
      case ReductionOp::max:
        judge.compare(0, read_float(result, output, guarded), peak_.value, 0);
        break;
      case ReductionOp::argmax: {
        std::int64_t got = 0;
        std::memcpy(&got, output, sizeof got);
        if (guarded) check_guard(result, output, sizeof got);
        if (got == -1) fail(result, "the result was never written");
        judge.compare(0, static_cast<double>(got), static_cast<double>(peak_.index), 0);
        break;
      }
    }
    judge.report(result, [](std::int64_t) { return "the result"; });
    return result;
  }

 private:
  // The result, after the check that it was written.
  static float read_float(Check& result, const std::byte* output, bool guarded) {
    check_written(result, output, DType::f32, 1, 1, 1, guarded,
                  [](std::int64_t, std::int64_t) { return "the result"; });
    float got = 0;
    std::memcpy(&got, output, sizeof got);
    return got;
  }

  ReductionProblem p_;
  Problem problem_;
  Data data_;
  reference::SumEstimate sum_;
  reference::Peak peak_;
};

}  // namespace

std::unique_ptr<Verifier::Expected> expect(const ReductionProblem& host, Data data,
                                           const VerifyOptions&) {
  return std::make_unique<ExpectedReduction>(host, data);
}

}  // namespace moat
