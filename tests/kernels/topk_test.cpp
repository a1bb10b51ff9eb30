// SPDX-License-Identifier: Apache-2.0
#include "problems/topk.hpp"

#include <cstring>

#include "problems/reference/topk.hpp"
#include "tests/kernels/on_device.hpp"

namespace moat::testing {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

class TopkTest : public KernelTest {
 protected:
  void check(int rows, int cols, int k, const HostArray& x) {
    SCOPED_TRACE(::testing::Message() << rows << " x " << cols << ", " << k);
    HostArray values(dtype(), std::int64_t{rows} * k, [](std::int64_t) { return std::nanf(""); });
    std::vector<std::int64_t> positions(static_cast<std::size_t>(rows) * k, -1);
    const TopkProblem p{dtype(), rows, cols, k, x.data(), values.data(), positions.data()};
    run_on<TopkProblem>(device(), p, {{&TopkProblem::x, x.size()}},
                        {{&TopkProblem::values, values.size()},
                         {&TopkProblem::positions, positions.size() * sizeof(std::int64_t)}});
    const auto size = static_cast<std::int64_t>(size_of(dtype()));
    for (int row = 0; row < rows; ++row) {
      const auto want = reference::largest_of_row(p, row);
      for (int rank = 0; rank < k; ++rank) {
        const std::int64_t i = std::int64_t{row} * k + rank;
        ASSERT_EQ(positions[i], want[rank]) << "row " << row << ", rank " << rank;
        // The element itself: the sign of a zero and the bits of a NaN.
        const auto* from = static_cast<const std::byte*>(x.data());
        const auto* to = static_cast<const std::byte*>(values.data());
        ASSERT_EQ(std::memcmp(to + i * size, from + (std::int64_t{row} * cols + want[rank]) * size,
                              static_cast<std::size_t>(size)),
                  0)
            << "row " << row << ", rank " << rank;
      }
    }
  }

  void check(int rows, int cols, int k, const std::function<float(std::int64_t)>& f) {
    check(rows, cols, k, HostArray(dtype(), std::int64_t{rows} * cols, f));
  }

  void check(int rows, int cols, int k) {
    check(rows, cols, k,
          random_array(dtype(), std::int64_t{rows} * cols, static_cast<unsigned>(cols + k)));
  }
};

TEST_P(TopkTest, EveryShortRow) {
  for (int cols = 1; cols <= 70; ++cols) {
    for (const int k : {1, 2, 7, cols / 2, cols - 1, cols}) {
      if (k >= 1 && k <= cols) check(3, cols, k);
    }
  }
}

TEST_P(TopkTest, LongRows) {
  check(1, 129280, 50);
  check(3, 100003, 1);
  check(2, 65536, 2048);
  check(1, 20011, 5000);
  check(300, 256, 8);
}

TEST_P(TopkTest, EqualsByTheirColumns) {
  for (const int cols : {33, 1000, 40001}) {
    for (const int k : {1, 8, 33}) {
      check(2, cols, k, [](std::int64_t) { return 1.0f; });
      check(2, cols, k, [](std::int64_t i) { return static_cast<float>(i * 7919 % 13); });
      check(2, cols, k, [](std::int64_t i) { return i % 3 ? 0.0f : -0.0f; });
    }
  }
}

TEST_P(TopkTest, RisingAndFalling) {
  for (const int k : {1, 20, 300}) {
    check(1, 30000, k, [](std::int64_t i) { return static_cast<float>(i); });
    check(1, 30000, k, [](std::int64_t i) { return -static_cast<float>(i); });
  }
}

// All of what is taken at one remainder, as a lane's or a part's elements are.
TEST_P(TopkTest, LargestOfOneKind) {
  for (const int apart : {8, 64, 256, 2048}) {
    const auto f = [&](std::int64_t i) {
      return static_cast<float>(i % 101) + (i % apart == 5 ? 200.0f : 0.0f);
    };
    check(1, 50000, 24, f);
  }
}

TEST_P(TopkTest, NotANumberIsLargest) {
  for (const int share : {1, 3, 1000}) {
    const auto f = [&](std::int64_t i) {
      const auto value = static_cast<float>(i * 31 % 97);
      return i % share != share / 2 ? value : i % 2 ? std::nanf("") : -std::nanf("");
    };
    check(2, 9000, 30, f);
    check(2, 50, 30, f);
  }
}

TEST_P(TopkTest, Infinities) {
  const auto few = [](std::int64_t i) { return i % 500 == 7 ? 1.0f : -kInfinity; };
  const auto many = [](std::int64_t i) { return i % 5 == 0 ? kInfinity : -kInfinity; };
  for (const int k : {1, 40}) {
    check(2, 9000, k, few);
    check(2, 9000, k, many);
    check(2, 9000, k, [](std::int64_t) { return -kInfinity; });
  }
}

INSTANTIATE_TEST_SUITE_P(Cpu, TopkTest, kAllConfigurations, configuration_name);

}  // namespace
}  // namespace moat::testing
