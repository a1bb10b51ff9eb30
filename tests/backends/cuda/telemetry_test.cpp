// SPDX-License-Identifier: Apache-2.0
#include "backends/cuda/telemetry.hpp"

#include <gtest/gtest.h>

namespace moat::cuda {
namespace {

TEST(CudaTelemetry, ReadsTheManagementLibrary) {
  DeviceInfo info;
  const Telemetry telemetry("0000:3B:00.0", info, MOAT_FAKE_NVML);
  EXPECT_EQ(info.driver, "550.54.15");
  EXPECT_EQ(info.power_limit_watts, 700.0);
  EXPECT_EQ(telemetry.clock_mhz(), 1755);
}

TEST(CudaTelemetry, ADeviceThatTheLibraryDoesNotKnow) {
  DeviceInfo info;
  const Telemetry telemetry("0000:AF:00.0", info, MOAT_FAKE_NVML);
  EXPECT_EQ(info.driver, "550.54.15");
  EXPECT_EQ(info.power_limit_watts, std::nullopt);
  EXPECT_EQ(telemetry.clock_mhz(), std::nullopt);
}

TEST(CudaTelemetry, NoLibraryTellsNothing) {
  DeviceInfo info;
  const Telemetry telemetry("0000:3B:00.0", info, "libno-such-library.so");
  EXPECT_EQ(info.driver, std::nullopt);
  EXPECT_EQ(info.power_limit_watts, std::nullopt);
  EXPECT_EQ(telemetry.clock_mhz(), std::nullopt);
}

// A library without NVML's functions.
TEST(CudaTelemetry, AnotherLibraryTellsNothing) {
  DeviceInfo info;
  const Telemetry telemetry("0000:3B:00.0", info, "libm.so.6");
  EXPECT_EQ(info.driver, std::nullopt);
  EXPECT_EQ(telemetry.clock_mhz(), std::nullopt);
}

}  // namespace
}  // namespace moat::cuda
