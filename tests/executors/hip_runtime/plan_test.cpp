// SPDX-License-Identifier: Apache-2.0
// Plans of launches are what the HIP backend's queue asks the runtime for.
#include <gtest/gtest.h>
#include <hip/hip_runtime_api.h>

#include <algorithm>

#include "backends/hip/device.hpp"
#include "backends/hip/known_devices.hpp"
#include "tests/executors/same_launches.hpp"

// The linker takes it for hipLaunchKernel (--wrap).
extern "C" hipError_t __wrap_hipLaunchKernel(const void* entry, dim3 blocks, dim3 threads, void**,
                                             std::size_t shared_bytes, hipStream_t) {
  moat::test::asked.push_back({entry, blocks.x, threads.x, shared_bytes});
  return hipSuccess;
}

namespace moat {
namespace {

// The environment names the device.
TEST(HipPlan, IsWhatTheQueueIsAskedFor) {
  const DeviceList list = list_hip_devices();
  ASSERT_EQ(list.devices.size(), 1u) << list.skipped;
  Device& device = *list.devices.front();
  const auto* const known =
      std::ranges::find(hip::kKnownDevices, device.info().architecture, &KnownDevice::architecture);
  ASSERT_NE(known, std::end(hip::kKnownDevices)) << device.info().architecture;
  EXPECT_GT(test::expect_same_launches(device, plan_on_hip, test::sized_as(*known, device)), 130u);
}

TEST(HipPlan, SaysWhatTheBuildLacks) {
  KnownDevice device = hip::kKnownDevices[0];
  device.architecture = "gfx906";
  try {
    plan_on_hip(device, parse_case("gemm/bf16/m512n512k512bt"), {});
    FAIL() << "planned";
  } catch (const DeviceError& e) {
    EXPECT_NE(std::string(e.what()).find("configure with -DMOAT_HIP_ARCHITECTURES=gfx906"),
              std::string::npos)
        << e.what();
  }
}

}  // namespace
}  // namespace moat
