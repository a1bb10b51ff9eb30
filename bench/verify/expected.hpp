// SPDX-License-Identifier: Apache-2.0
// The parts that verifiers of all kernels share.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <functional>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "bench/verify/verify.hpp"

namespace moat {

// What one kernel's output must be.
class Verifier::Expected {
 public:
  virtual ~Expected() = default;

  // `output` holds outputs_bytes(problem) and, if `guarded`, the guard behind it.
  virtual Check check(const std::byte* output, bool guarded, Summation summation) const = 0;

  virtual const Problem& problem() const = 0;
};

// One for each problem. Ceilings check themselves (bench/measure/ceilings.cpp): theirs throws
// CaseError.
#define MOAT_ROW(P)                                                    \
  std::unique_ptr<Verifier::Expected> expect(const P& host, Data data, \
                                             const VerifyOptions& options);
MOAT_PROBLEMS(MOAT_ROW)
#undef MOAT_ROW

// A reference value and the error allowed.
struct Bounded {
  double value;
  double bound;
};

// The worst of the comparisons that one thread made; threads' judges are merged.
class Judge {
 public:
  explicit Judge(DType dtype) : dtype_(dtype) {}

  // Compares element `index` of what the kernel numbers.
  void compare(std::int64_t index, double got, double want, double bound) {
    ++checked_;
    note(index, got, want, bound);
  }

  // The same for a quantity derived from many elements, which counts none.
  void note(std::int64_t index, double got, double want, double bound) {
    const double ratio = reference::error_over_bound(got, want, bound, dtype_);
    if (ratio > ratio_) {
      ratio_ = ratio;
      index_ = index;
      worst_ = {.where = {}, .got = got, .want = want, .bound = bound};
    }
  }

  void merge(const Judge& other) {
    checked_ += other.checked_;
    // Of equals the first: the verdict does not depend on the threads.
    if (other.ratio_ > ratio_ || (other.ratio_ == ratio_ && other.index_ < index_)) {
      ratio_ = other.ratio_;
      index_ = other.index_;
      worst_ = other.worst_;
    }
  }

  // Enters the worst comparison into the check, if it is the worst so far; `where` names an index.
  void report(Check& check, const std::function<std::string(std::int64_t)>& where) const;

 private:
  DType dtype_;
  double ratio_ = 0;
  std::int64_t index_ = std::numeric_limits<std::int64_t>::max();
  std::int64_t checked_ = 0;
  CheckedElement worst_;
};

// Fails the check, unless it failed before. An infinite ratio, as there is no number to compare.
void fail(Check& check, const std::string& message);

// Calls f(i, judge) for i in 0 … count on all threads and merges the judges.
template <class F>
Judge judge_all(std::int64_t count, DType dtype, F&& f) {
  Judge all(dtype);
#pragma omp parallel
  {
    Judge mine(dtype);
#pragma omp for schedule(dynamic, 16) nowait
    for (std::int64_t i = 0; i < count; ++i) f(i, mine);
#pragma omp critical(moat_judge)
    all.merge(mine);
  }
  return all;
}

// Every element of a matrix of `dtype` was written and is no NaN; the gaps between its rows and the
// guard were not written. Fails the check otherwise; `where` names element (row, col).
void check_written(Check& check, const std::byte* output, DType dtype, std::int64_t rows,
                   std::int64_t cols, std::int64_t stride, bool guarded,
                   const std::function<std::string(std::int64_t, std::int64_t)>& where);

// The guard behind `size` bytes of output.
void check_guard(Check& check, const std::byte* output, std::size_t size);

// Sorted positions in 0 … count: all, if `wanted` allows; else the first and last two and one at
// random from each of `wanted` equal strata.
std::vector<int> stratified(std::int64_t count, double wanted, std::uint64_t seed);

}  // namespace moat
