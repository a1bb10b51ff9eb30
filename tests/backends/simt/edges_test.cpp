// SPDX-License-Identifier: Apache-2.0
// Every kernel at its edges; and operands that are shorter than their problem says, whose accesses
// are seen.
#include <gmock/gmock.h>

#include <initializer_list>
#include <utility>

#include "bench/cases/suites.hpp"
#include "tests/backends/simt/emulated.hpp"

namespace moat::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

class EmulatedEdges : public EmulatedTest {
 protected:
  template <class P>
  struct Operand {
    const void* P::*input;
    void* P::*output;
    std::int64_t elements;
  };

  // Solves it with operands of exactly so many elements, but the one of number `which` one less.
  template <class P>
  static auto one_short(P shape, const std::vector<Operand<P>>& operands, std::size_t which) {
    return [=] {
      P p = shape;
      emulator::EmulatedDevice device([](const Problem& q) { solve(q); });
      for (std::size_t i = 0; i < operands.size(); ++i) {
        const std::int64_t elements = operands[i].elements - (i == which ? 1 : 0);
        void* const data = device.allocate(static_cast<std::size_t>(elements) * size_of(p.dtype));
        if (operands[i].input != nullptr) {
          p.*operands[i].input = data;
        } else {
          p.*operands[i].output = data;
        }
      }
      device.run(p);
    };
  }

  template <class P>
  static void expect_seen(const P& p, const std::vector<Operand<P>>& operands) {
    EXPECT_NO_THROW(one_short(p, operands, operands.size())());
    for (std::size_t i = 0; i < operands.size(); ++i) {
      SCOPED_TRACE(i);
      EXPECT_THAT(
          one_short(p, operands, i),
          ThrowsMessage<emulator::Fault>(
              AllOf(HasSubstr("block "), HasSubstr(", lane "), HasSubstr(" (backends/simt/"),
                    HasSubstr(operands[i].input != nullptr ? ": load_global " : ": store_global "),
                    HasSubstr(std::to_string(size_of(p.dtype)) + " bytes at"),
                    HasSubstr("outside every allocation"))));
    }
  }
};

TEST_P(EmulatedEdges, SuiteIsRight) {
  for (const Problem& p : find_suite("edges").cases) {
    if (moat::dtype(p) != dtype()) continue;
    SCOPED_TRACE(case_name(p));
    expect_verified(p);
  }
}

// Rows of 13 and 7 elements are no whole chunks: all is read and written element by element.
TEST_P(EmulatedEdges, Gemm) {
  using P = GemmProblem;
  for (const Order order : {Order::row_major, Order::transposed}) {
    expect_seen<P>({.dtype = dtype(), .m = 5, .n = 7, .k = 13, .order_b = order},
                   {{&P::a, nullptr, 5 * 13}, {&P::b, nullptr, 13 * 7}, {nullptr, &P::c, 5 * 7}});
  }
}

TEST_P(EmulatedEdges, Reduction) {
  using P = ReductionProblem;
  for (const ReductionOp op : {ReductionOp::sum, ReductionOp::max}) {
    float result = 0;
    expect_seen<P>({.op = op, .dtype = dtype(), .n = 4099, .result = &result},
                   {{&P::x, nullptr, 4099}});
  }
}

TEST_P(EmulatedEdges, Rows) {
  using P = RowsProblem;
  const int cols = 77;
  expect_seen<P>({.op = RowsOp::softmax, .dtype = dtype(), .rows = 2, .cols = cols},
                 {{&P::x, nullptr, 2 * cols}, {nullptr, &P::y, 2 * cols}});
  expect_seen<P>(
      {.op = RowsOp::rms_norm, .dtype = dtype(), .rows = 2, .cols = cols},
      {{&P::x, nullptr, 2 * cols}, {&P::weight, nullptr, cols}, {nullptr, &P::y, 2 * cols}});
}

INSTANTIATE_TEST_SUITE_P(Architectures, EmulatedEdges, all_architectures, architecture_name);

}  // namespace
}  // namespace moat::testing
