// SPDX-License-Identifier: Apache-2.0
#include "kernels/reduction.hpp"

#include <cmath>
#include <limits>

#include "tests/backends/simt/emulated.hpp"

namespace moat::testing {
namespace {

class EmulatedReduction : public EmulatedTest {
 protected:
  void check(std::int64_t n, Launch how = {}) {
    for (const ReductionOp op : {ReductionOp::sum, ReductionOp::max, ReductionOp::argmax}) {
      check(op, n, how);
    }
  }

  // Solves a maximum hundreds of times, with its place at every remainder.
  void check(ReductionOp op, std::int64_t n, Launch how) {
    SCOPED_TRACE(::testing::Message() << n << " elements, op " << static_cast<int>(op));
    expect_verified(ReductionProblem{.op = op, .dtype = dtype(), .n = n}, how);
  }

  // The position that argmax finds in x, which begins `skip` elements after an aligned address.
  std::int64_t position(const std::vector<float>& x, std::size_t skip) {
    return with_dtype(dtype(), [&]<class T>(Type<T>) {
      std::vector<T> memory(skip);
      for (const float v : x) memory.push_back(from_float<T>(v));
      std::int64_t result = -1;
      solve(ReductionProblem{.op = ReductionOp::argmax,
                             .dtype = dtype(),
                             .n = static_cast<std::int64_t>(x.size()),
                             .x = memory.data() + skip,
                             .result = &result},
            {.max_blocks = 5});
      return result;
    });
  }
};

TEST_P(EmulatedReduction, EveryShortLength) {
  for (std::int64_t n = 1; n <= 40; ++n) check(n);
}

// The long one is one part, of which every lane has whole batches of loads and a rest.
TEST_P(EmulatedReduction, PrimeAndLongLengths) {
  check(4093);
  check(ReductionOp::sum, 20011, {.max_blocks = 1});
  check(ReductionOp::argmax, 20011, {.max_blocks = 1});
}

// Two whole parts and one of a single element, each of a block; more parts, as a sum alone. argmax
// merges as max does, and knows of which part its value is.
TEST_P(EmulatedReduction, LastArrivalSeesEveryPart) {
  check(ReductionOp::sum, 2 * 4096 + 1, {.max_blocks = 3});
  check(ReductionOp::argmax, 2 * 4096 + 1, {.max_blocks = 3});
  check(ReductionOp::sum, 20011, {.max_blocks = 5});
}

TEST_P(EmulatedReduction, FirstOfEqualMaximaWins) {
  for (const std::size_t skip : {0, 1, 3}) {
    std::vector<float> x(20011, -1.0f);
    EXPECT_EQ(position(x, skip), 0);
    for (const int at : {19999, 8192, 4097, 600, 33, 2}) {
      x[static_cast<std::size_t>(at)] = 5.0f;
      EXPECT_EQ(position(x, skip), at);
    }
  }
}

TEST_P(EmulatedReduction, NanAndMinusInfinityAreNoMaximum) {
  std::vector<float> x(9001, std::nanf(""));
  x[8000] = -3.0f;
  EXPECT_EQ(position(x, 0), 8000);
  std::ranges::fill(x, -std::numeric_limits<float>::infinity());
  EXPECT_EQ(position(x, 0), 0);
}

INSTANTIATE_TEST_SUITE_P(Architectures, EmulatedReduction, all_architectures, architecture_name);

}  // namespace
}  // namespace moat::testing
