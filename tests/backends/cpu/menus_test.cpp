// SPDX-License-Identifier: Apache-2.0
// Whatever schedule of a menu runs, the result is right.
#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

#include "backends/cpu/device.hpp"
#include "bench/cases/case.hpp"
#include "bench/verify/verify.hpp"

namespace moat {
namespace {

std::vector<std::string> cases_with_menus() {
  std::vector<std::string> cases;
  for (const std::string type : {"f32", "f16", "bf16"}) {
    for (const std::string shape : {"m1n70k130bt", "m3n260k300", "m9n130k700bt", "m20n200k150",
                                    "m64n300k170bt", "m70n140k90", "m600n90k70bt"}) {
      cases.push_back("gemm/" + type + "/" + shape);
    }
    for (const std::string shape : {"b2q1kv300h14hkv2d64", "b1q1kv150h12hkv1d128",
                                    "b1q9kv200h4hkv2d64causal", "b1q40kv300h4hkv2d128causal"}) {
      cases.push_back("attention/" + type + "/" + shape);
    }
    if (type == "f32") continue;
    for (const std::string shape : {"m2n96k256", "m20n160k512", "m70n96k256"}) {
      cases.push_back("weightonly/" + type + "xint4/" + shape);
      cases.push_back("scaledgemm/" + type + "xe4m3/" + shape);
    }
    for (const std::string shape :
         {"b2q1kv200p16h12hkv1d128ragged", "b1q20kv90p16h4hkv2d64causal"}) {
      cases.push_back("pagedattention/" + type + "/" + shape);
    }
  }
  return cases;
}

TEST(CpuMenus, EveryScheduleIsRight) {
  const auto list = list_cpu_devices();
  ASSERT_EQ(list.devices.size(), 1u) << list.skipped;
  Device& device = *list.devices[0];
  for (const std::string& name : cases_with_menus()) {
    const Inputs inputs(parse_case(name), 1);
    const Verifier verifier(inputs);
    Operands operands(device, inputs);
    const std::vector<std::string> schedules = device.schedules(inputs.problem());
    EXPECT_GE(schedules.size(), 1u) << name;
    EXPECT_EQ(std::set<std::string>(schedules.begin(), schedules.end()).size(), schedules.size());
    for (const std::string& schedule : schedules) {
      const Check check = verify_once(device, operands, 0, verifier,
                                      [&](const Problem& p) { device.run_with(schedule, p); });
      EXPECT_TRUE(check.passed) << name << " with " << schedule << ": " << check.message;
    }
  }
}

TEST(CpuMenus, AProblemWithoutOneHasNone) {
  const auto list = list_cpu_devices();
  ASSERT_EQ(list.devices.size(), 1u) << list.skipped;
  Device& device = *list.devices[0];
  EXPECT_TRUE(device.schedules(parse_case("softmax/f32/r4c100")).empty());
  // Each group is multiplied by the schedule for its number of rows.
  EXPECT_TRUE(device.schedules(parse_case("groupedgemm/bf16/t40e4top2n64k64")).empty());
}

// Without a problem's menu, and with a name that is of none, the kernel runs as it does.
TEST(CpuMenus, AnUnknownNameIsTheTablesChoice) {
  const auto list = list_cpu_devices();
  ASSERT_EQ(list.devices.size(), 1u) << list.skipped;
  Device& device = *list.devices[0];
  for (const std::string name : {"softmax/f32/r4c100", "gemm/f32/m5n60k70"}) {
    const Inputs inputs(parse_case(name), 1);
    const Verifier verifier(inputs);
    Operands operands(device, inputs);
    const Check check = verify_once(device, operands, 0, verifier,
                                    [&](const Problem& p) { device.run_with("none", p); });
    EXPECT_TRUE(check.passed) << name << ": " << check.message;
  }
}

}  // namespace
}  // namespace moat
