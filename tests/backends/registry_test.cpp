// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <set>

#include "backends/descriptor.hpp"
#include "backends/device.hpp"

namespace moat {
namespace {

TEST(Registry, EveryBackendIsPresentOrAbsentWithAReason) {
  std::set<std::string> names;
  for (const BackendEntry& entry : backends()) names.insert(entry.name);
  for (const AbsentBackend& absent : absent_backends()) {
    EXPECT_TRUE(names.insert(absent.name).second) << absent.name << " is both";
    EXPECT_FALSE(absent.reason.empty()) << absent.name;
  }
  std::set<std::string> described;
  for (const BackendDescriptor& d : backend_descriptors()) described.insert(d.name);
  EXPECT_EQ(names, described);
}

TEST(Registry, EveryBackendListsDevicesOrAReason) {
  for (const BackendEntry& entry : backends()) {
    const DeviceList list = entry.list();
    EXPECT_TRUE(!list.devices.empty() || !list.skipped.empty()) << entry.name;
    for (const auto& device : list.devices) {
      EXPECT_EQ(device->info().backend, entry.name);
      EXPECT_FALSE(device->info().name.empty());
      EXPECT_FALSE(device->info().architecture.empty());
    }
    EXPECT_TRUE(entry.name != "cpu" || !list.devices.empty()) << list.skipped;
  }
}

}  // namespace
}  // namespace moat
