// SPDX-License-Identifier: Apache-2.0
#include "backends/cuda/device.hpp"

#include <gtest/gtest.h>

#include <filesystem>

#include "tests/backends/gpu_kernels.hpp"

namespace moat {
namespace {

TEST(CudaArchitecture, CodeRunsOnLaterMinorVersions) {
  EXPECT_EQ(cuda::architecture_of(8, 0, "80 90a"), "sm_80");
  EXPECT_EQ(cuda::architecture_of(8, 6, "80 90a"), "sm_86");
  EXPECT_EQ(cuda::architecture_of(8, 6, "86"), "sm_86");
  EXPECT_EQ(cuda::architecture_of(8, 0, "86"), std::nullopt);
}

TEST(CudaArchitecture, ArchitectureSpecificCodeRunsOnThatVersionOnly) {
  EXPECT_EQ(cuda::architecture_of(9, 0, "80 90a"), "sm_90a");
  EXPECT_EQ(cuda::architecture_of(9, 0, "90 90a"), "sm_90a");
  EXPECT_EQ(cuda::architecture_of(9, 0, "80 90"), "sm_90");
  EXPECT_EQ(cuda::architecture_of(10, 0, "80 90a"), std::nullopt);
  EXPECT_EQ(cuda::architecture_of(12, 1, "120a"), std::nullopt);
}

TEST(CudaArchitecture, OtherMajorVersionsDoNotCount) {
  EXPECT_EQ(cuda::architecture_of(7, 5, "80 90a"), std::nullopt);
  EXPECT_EQ(cuda::architecture_of(12, 0, "120"), "sm_120");
  EXPECT_EQ(cuda::architecture_of(8, 0, ""), std::nullopt);
}

TEST(CudaArchitecture, FamilyWithTheKernels) {
  EXPECT_EQ(cuda::family_of("sm_90a"), "sm_90a");
  for (const char* name : {"sm_80", "sm_86", "sm_90", "sm_120"}) {
    EXPECT_EQ(cuda::family_of(name), "sm_80");
  }
}

TEST(CudaArchitecture, SumsOfCodesInFewerBitsOnOneOnly) {
  EXPECT_EQ(cuda::code_sum_bits("sm_90a"), 13);
  EXPECT_EQ(cuda::code_sum_bits("sm_90"), 13);
  for (const char* name : {"sm_80", "sm_86", "sm_89", "sm_100", "sm_120"}) {
    EXPECT_EQ(cuda::code_sum_bits(name), std::nullopt) << name;
  }
}

TEST(CudaDevices, ListedOrSkippedWithAReason) {
  const DeviceList list = list_cuda_devices();
  EXPECT_TRUE(!list.devices.empty() || !list.skipped.empty());
  if (!std::filesystem::exists("/dev/nvidiactl")) {
    EXPECT_TRUE(list.devices.empty());
    EXPECT_NE(list.skipped.find("NVIDIA"), std::string::npos) << list.skipped;
  }
}

TEST(CudaDevices, Basics) { run_device_basics(list_cuda_devices()); }

TEST(CudaDevices, EveryKernel) { run_kernels(list_cuda_devices(), gpu_problems); }

TEST(CudaDevices, SmallShapes) { run_kernels(list_cuda_devices(), edge_problems); }

}  // namespace
}  // namespace moat
