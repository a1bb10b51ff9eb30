// SPDX-License-Identifier: Apache-2.0
#include "problems/add.hpp"

#include "problems/reference/add.hpp"
#include "tests/kernels/on_device.hpp"

namespace moat::testing {
namespace {

class AddTest : public KernelTest {};

TEST_P(AddTest, EveryShortLength) {
  for (int cols = 1; cols <= 70; ++cols) {
    constexpr int kRows = 3;
    const auto x = random_array(dtype(), kRows * cols, 1);
    const auto y = random_array(dtype(), kRows * cols, 2);
    HostArray z(dtype(), kRows * cols, [](std::int64_t) { return std::nanf(""); });
    const AddProblem p{dtype(), kRows, cols, x.data(), y.data(), z.data()};
    run_on<AddProblem>(device(), p, {{&AddProblem::x, x.size()}, {&AddProblem::y, y.size()}},
                       &AddProblem::z, z.size());
    for (int i = 0; i < kRows * cols; ++i) {
      const reference::SumOfTwo want = reference::add_element(p, i);
      ASSERT_LE(reference::error_over_bound(z[i], want.value, want.bound, dtype()), 1) << i;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Cpu, AddTest, kAllConfigurations, configuration_name);

}  // namespace
}  // namespace moat::testing
