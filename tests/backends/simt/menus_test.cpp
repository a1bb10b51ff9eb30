// SPDX-License-Identifier: Apache-2.0
// Whatever schedule of a menu runs, the result is right, also where the table would not choose it.
#include <gtest/gtest.h>

#include "bench/cases/case.hpp"
#include "tests/backends/simt/emulated.hpp"

namespace moat::testing {
namespace {

class EmulatedMenus : public EmulatedTest {
 protected:
  // A kernel without a menu runs, so that it needs operands.
  static std::vector<std::string> offered(const Problem& problem) {
    emulator::EmulatedDevice device([](const Problem&) {});
    const Inputs inputs(problem, 1);
    Operands operands(device, inputs);
    std::vector<std::string> names;
    const ScheduleChoice choice{.wanted = {}, .offered = &names};
    solve(operands.problem(0), {.choice = &choice});
    return names;
  }

  // How many schedules it has.
  static std::size_t check_all(const std::string& name) {
    const Problem problem = parse_case(name);
    const std::vector<std::string> names = offered(problem);
    for (const std::string& schedule : names) {
      SCOPED_TRACE(name + " with " + schedule);
      const ScheduleChoice choice{.wanted = schedule};
      expect_verified(problem, {.choice = &choice});
    }
    return names.size();
  }

  static std::string type() { return std::string(name_of(dtype())); }
};

// Rows of whole chunks, which copies of boxes want, and several tiles of the fewest rows.
TEST_P(EmulatedMenus, EveryScheduleOfAProductIsRight) {
  EXPECT_GE(check_all("gemm/" + type() + "/m40n72k104bt"), 3u);
  EXPECT_GE(check_all("gemm/" + type() + "/m1n72k40"), 3u);
  EXPECT_GE(check_all("gemm/" + type() + "/m70n264k72"), 2u);
}

TEST_P(EmulatedMenus, EveryScheduleOfCodesIsRight) {
  if (dtype() == DType::f32) GTEST_SKIP() << "codes stand beside 16-bit types";
  EXPECT_EQ(check_all("weightonly/" + type() + "xint4/m20n72k160"), 2u);
  EXPECT_GE(check_all("scaledgemm/" + type() + "xe4m3/m20n136k256"), 2u);
  EXPECT_GE(check_all("scaledgemm/" + type() + "xe4m3/m140n72k208ue8m0"), 1u);
  // No matrix unit takes these as they are.
  EXPECT_EQ(check_all("scaledgemm/" + type() + "xe4m3fnuz/m20n136k256"), 2u);
}

TEST_P(EmulatedMenus, EveryScheduleOfRowsIsRight) {
  for (const std::string& shape :
       {"softmax/" + type() + "/r3c2100", "rmsnorm/" + type() + "/r3c200",
        "addrmsnorm/" + type() + "/r3c200", "addrmsnormquant/" + type() + "xe4m3/r3c256",
        "quantise/" + type() + "xe4m3/r3c256", "quantise/" + type() + "xe4m3/r140c256perblock",
        "swiglu/" + type() + "/r3c200", "rope/" + type() + "/t5h2d64",
        "gather/" + type() + "/v20t5d200", "topk/" + type() + "/r3c300k5"}) {
    EXPECT_EQ(check_all(shape), 2u) << shape;
  }
}

TEST_P(EmulatedMenus, EveryScheduleOfRoutingIsRight) {
  if (dtype() != DType::f32) GTEST_SKIP() << "routing is in f32";
  EXPECT_EQ(check_all("moerouting/f32/t5e16top4"), 2u);
}

TEST_P(EmulatedMenus, EveryScheduleOfAttentionIsRight) {
  check_all("attention/" + type() + "/b1q20kv150h2hkv1d64causal");
}

INSTANTIATE_TEST_SUITE_P(All, EmulatedMenus, all_architectures, architecture_name);

}  // namespace
}  // namespace moat::testing
