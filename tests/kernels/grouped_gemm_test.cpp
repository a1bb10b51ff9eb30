// SPDX-License-Identifier: Apache-2.0
#include "problems/grouped_gemm.hpp"

#include <cmath>

#include "problems/reference/bound.hpp"
#include "problems/reference/gemm.hpp"
#include "problems/reference/grouped_gemm.hpp"
#include "tests/kernels/on_device.hpp"

namespace moat::testing {
namespace {

class GroupedGemmTest : public KernelTest {
 protected:
  // Experts of so many rows. Rows of a masked matrix that do not count are NaN in A and must be
  // what they were in C.
  void check(const std::vector<std::int64_t>& counts, int n, int k, int masked) {
    SCOPED_TRACE(::testing::Message()
                 << counts.size() << " experts, " << n << " x " << k << " masked " << masked);
    GroupedGemmProblem p{.dtype = dtype(),
                         .experts = static_cast<int>(counts.size()),
                         .n = n,
                         .k = k,
                         .masked = masked};
    std::vector<std::int64_t> rows = masked > 0 ? counts : std::vector<std::int64_t>{0};
    p.tokens = 0;
    for (const std::int64_t count : counts) {
      p.tokens += static_cast<int>(count);
      if (masked == 0) rows.push_back(p.tokens);
    }
    const std::int64_t all_rows = masked > 0 ? std::int64_t{masked} * p.experts : p.tokens;
    const auto nan = [](std::int64_t) { return std::nanf(""); };
    const HostArray uniform = random_array(dtype(), all_rows * k, 1);
    const HostArray a(dtype(), all_rows * k, [&](std::int64_t i) {
      const std::int64_t row = i / k;
      const bool counts_here = masked == 0 || row % masked < counts[row / masked];
      return counts_here ? static_cast<float>(uniform[i]) : std::nanf("");
    });
    const HostArray b = random_array(dtype(), std::int64_t{p.experts} * n * k, 2);
    HostArray c(dtype(), all_rows * n, nan);
    p.a = a.data();
    p.rows = rows.data();
    p.b = b.data();
    p.c = c.data();
    run_on<GroupedGemmProblem>(device(), p,
                               {{&GroupedGemmProblem::a, a.size()},
                                {&GroupedGemmProblem::rows, rows.size() * sizeof(std::int64_t)},
                                {&GroupedGemmProblem::b, b.size()}},
                               &GroupedGemmProblem::c, c.size());
    double worst = 0;
    for (const auto& [first, gemm] : reference::expert_products(p)) {
      if (gemm.m > 0) {
        const auto want = reference::gemm(gemm);
        for (std::size_t i = 0; i < want.size(); ++i) {
          const double bound = reference::bound(gemm, want[i], reference::Data::random_signs);
          worst = std::max(worst,
                           reference::error_over_bound(c[first * n + static_cast<std::int64_t>(i)],
                                                       want[i].value, bound, dtype()));
        }
      }
      for (std::int64_t i = (first + gemm.m) * n; masked > 0 && i < (first + masked) * n; ++i) {
        ASSERT_TRUE(std::isnan(c[i])) << "row " << i / n;
      }
    }
    EXPECT_LE(worst, 1);
  }

  void check(const std::vector<std::int64_t>& counts, int n, int k) {
    check(counts, n, k, 0);
    check(counts, n, k, static_cast<int>(*std::ranges::max_element(counts)) + 1);
  }
};

TEST_P(GroupedGemmTest, ExpertsOfAllLengths) {
  check({1}, 1, 1);
  check({0, 1, 2, 3, 16, 17, 0, 40, 0}, 70, 50);
  check({5, 0, 0, 31, 1}, 129, 130);
  check({2, 2, 2, 2, 2, 1, 1}, 65, 33);
}

TEST_P(GroupedGemmTest, ExpertsOfSeveralTiles) { check({3, 700, 20}, 1100, 40); }

INSTANTIATE_TEST_SUITE_P(Cpu, GroupedGemmTest, kAllConfigurations, configuration_name);

}  // namespace
}  // namespace moat::testing
