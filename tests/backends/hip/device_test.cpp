// SPDX-License-Identifier: Apache-2.0
#include "backends/hip/device.hpp"

#include <gtest/gtest.h>

#include <filesystem>

#include "tests/backends/gpu_kernels.hpp"

namespace moat {
namespace {

TEST(HipArchitecture, FeaturesAreNotPartOfTheName) {
  EXPECT_EQ(hip::base_architecture("gfx90a:sramecc+:xnack-"), "gfx90a");
  EXPECT_EQ(hip::base_architecture("gfx942"), "gfx942");
}

TEST(HipArchitecture, RunsOnlyWhatWasBuilt) {
  EXPECT_TRUE(hip::runs_on("gfx90a:sramecc+:xnack-", "gfx90a gfx942"));
  EXPECT_TRUE(hip::runs_on("gfx942:sramecc+:xnack-", "gfx90a gfx942"));
  EXPECT_FALSE(hip::runs_on("gfx908:sramecc+:xnack-", "gfx90a gfx942"));
  EXPECT_FALSE(hip::runs_on("gfx1100", "gfx90a gfx942"));
  EXPECT_FALSE(hip::runs_on("gfx942", ""));
}

TEST(HipArchitecture, FamilyWithTheKernels) {
  for (const char* name : {"gfx90a", "gfx942", "gfx950"}) EXPECT_EQ(hip::family_of(name), "cdna");
  for (const char* name : {"gfx1100", "gfx1151"}) EXPECT_EQ(hip::family_of(name), "rdna3");
  for (const char* name : {"gfx906", "gfx908"}) EXPECT_EQ(hip::family_of(name), "plain64");
  for (const char* name : {"gfx1030", "gfx1201"}) EXPECT_EQ(hip::family_of(name), "plain32");
}

TEST(HipArchitecture, AWorkGroupProcessorIsTwoComputeUnits) {
  EXPECT_EQ(hip::compute_units("gfx942", 304), 304);
  EXPECT_EQ(hip::compute_units("gfx1100", 48), 96);
}

TEST(HipArchitecture, OneTakesSubnormalOperandsForZero) {
  EXPECT_TRUE(hip::flushes_subnormals("gfx90a"));
  for (const char* name : {"gfx908", "gfx942", "gfx950", "gfx1100"}) {
    EXPECT_FALSE(hip::flushes_subnormals(name)) << name;
  }
}

// Debian 12's HIP knows no MI300.
TEST(HipDevices, ARuntimeOlderThanTheDriversDevicesIsNamed) {
  const std::string text = hip::none_visible({"gfx1100", "gfx942"}, "5.2.3");
  EXPECT_NE(text.find("HIP 5.2.3 sees none of the driver's GPUs (gfx1100, gfx942)"),
            std::string::npos)
      << text;
  EXPECT_NE(text.find("newer ROCm"), std::string::npos) << text;
  EXPECT_EQ(hip::none_visible({}, "5.2.3").find("ROCm"), std::string::npos);
}

TEST(HipDevices, ListedOrSkippedWithAReason) {
  const DeviceList list = list_hip_devices();
  EXPECT_TRUE(!list.devices.empty() || !list.skipped.empty());
  if (!std::filesystem::exists("/dev/kfd")) {
    EXPECT_TRUE(list.devices.empty());
    EXPECT_NE(list.skipped.find("/dev/kfd"), std::string::npos) << list.skipped;
  }
}

TEST(HipDevices, Basics) { run_device_basics(list_hip_devices()); }

TEST(HipDevices, EveryKernel) { run_kernels(list_hip_devices(), gpu_problems); }

TEST(HipDevices, SmallShapes) { run_kernels(list_hip_devices(), edge_problems); }

}  // namespace
}  // namespace moat
