// SPDX-License-Identifier: Apache-2.0
#include "backends/hip/telemetry.hpp"

#include <gtest/gtest.h>

#include <fstream>

namespace moat::hip {
namespace {

namespace fs = std::filesystem;

// A tree of files like /sys on a machine with one accelerator with an Infinity Cache at
// 0000:c1:00.0, another behind it, and a CPU.
class HipTelemetry : public testing::Test {
 protected:
  void SetUp() override {
    const fs::path nodes = "class/kfd/kfd/topology/nodes";
    write(nodes / "0/properties",
          "cpu_cores_count 64\nsimd_count 0\ngfx_target_version 0\nlocation_id 0\ndomain 0\n");
    write(nodes / "0/caches/0/properties", "level 3\nsize 32768\n");
    write(nodes / "1/properties",
          "cpu_cores_count 0\nsimd_count 1216\nunique_id 17312345678901234567\n"
          "gfx_target_version 90402\n"
          "location_id 49408\ndomain 0\n");
    write(nodes / "1/caches/0/properties", "processor_id_low 2147487744\nlevel 1\nsize 32\n");
    write(nodes / "1/caches/1/properties", "processor_id_low 2147487744\nlevel 2\nsize 4096\n");
    write(nodes / "1/caches/2/properties", "processor_id_low 2147487744\nlevel 3\nsize 262144\n");
    write(nodes / "2/properties",
          "simd_count 440\ngfx_target_version 90010\nlocation_id 58112\ndomain 0\n");
    write(nodes / "2/caches/0/properties", "level 2\nsize 8192\n");
    const fs::path monitor = "bus/pci/devices/0000:c1:00.0/hwmon/hwmon7";
    write(monitor / "power1_cap", "750000000\n");
    write(monitor / "freq1_input", "2100000000\n");
    write("module/amdgpu/version", "6.8.5\n");
  }

  void TearDown() override { fs::remove_all(root_); }

  void write(const fs::path& file, const std::string& text) const {
    fs::create_directories((root_ / file).parent_path());
    std::ofstream(root_ / file) << text;
  }

  fs::path root_ =
      fs::path(testing::TempDir()) /
      (std::string("moat_sysfs_") + testing::UnitTest::GetInstance()->current_test_info()->name());
};

TEST_F(HipTelemetry, ReadsTheDriversFiles) {
  DeviceInfo info;
  info.cache_bytes = 4 << 20;
  const Telemetry telemetry("0000:C1:00.0", info, root_);
  EXPECT_EQ(info.driver, "6.8.5");
  EXPECT_EQ(info.power_limit_watts, 750.0);
  EXPECT_EQ(info.cache_bytes, std::size_t{256} << 20);
  EXPECT_EQ(telemetry.clock_mhz(), 2100);
}

TEST_F(HipTelemetry, TheClockIsReadAnew) {
  DeviceInfo info;
  const Telemetry telemetry("0000:c1:00.0", info, root_);
  write("bus/pci/devices/0000:c1:00.0/hwmon/hwmon7/freq1_input", "132000000\n");
  EXPECT_EQ(telemetry.clock_mhz(), 132);
}

TEST_F(HipTelemetry, FindsTheDeviceByItsAddress) {
  DeviceInfo info;
  const Telemetry telemetry("0000:e3:00.0", info, root_);
  EXPECT_EQ(info.cache_bytes, std::size_t{8} << 20);
  EXPECT_EQ(info.power_limit_watts, std::nullopt);
  EXPECT_EQ(telemetry.clock_mhz(), std::nullopt);
}

// Two of the partitions of an MI300X: the third's location is 3 · 2²⁸ further.
TEST_F(HipTelemetry, FindsAPartitionOfTheDeviceAtItsAddress) {
  const fs::path nodes = "class/kfd/kfd/topology/nodes";
  for (const char* node : {"3", "4"}) {
    write(nodes / node / "properties",
          std::string("simd_count 304\nlocation_id ") +
              std::to_string(0x4500 + (*node == '3' ? 0x1000'0000U : 0x3000'0000U)) +
              "\ndomain 0\n");
    write(nodes / node / "caches/0/properties", "level 3\nsize 262144\n");
  }
  DeviceInfo info;
  const Telemetry telemetry("0000:45:00.0", info, root_);
  EXPECT_EQ(info.cache_bytes, std::size_t{256} << 20);
}

TEST_F(HipTelemetry, NamesTheArchitecturesOfTheDriver) {
  EXPECT_EQ(driver_architectures(root_), (std::vector<std::string>{"gfx90a", "gfx942"}));
  EXPECT_TRUE(driver_architectures(root_ / "nothing").empty());
}

TEST_F(HipTelemetry, MissingFilesTellNothing) {
  DeviceInfo info;
  info.cache_bytes = 4 << 20;
  const Telemetry telemetry("0000:c1:00.0", info, root_ / "nothing");
  EXPECT_EQ(info.driver, std::nullopt);
  EXPECT_EQ(info.power_limit_watts, std::nullopt);
  EXPECT_EQ(info.cache_bytes, std::size_t{4} << 20);
  EXPECT_EQ(telemetry.clock_mhz(), std::nullopt);
}

TEST_F(HipTelemetry, TheKernelsOwnDriverIsNamedByTheKernel) {
  fs::remove(root_ / "module/amdgpu/version");
  DeviceInfo info;
  const Telemetry telemetry("0000:c1:00.0", info, root_);
  EXPECT_EQ(info.driver.value_or("nothing").rfind("amdgpu of Linux ", 0), 0u);
}

}  // namespace
}  // namespace moat::hip
