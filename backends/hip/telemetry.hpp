// SPDX-License-Identifier: Apache-2.0
// What the amdgpu driver tells of a device through sysfs; what is missing there is empty.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "backends/device.hpp"

namespace moat::hip {

// Architectures of the GPUs that the driver offers for computing, such as gfx942.
std::vector<std::string> driver_architectures(const std::filesystem::path& sysfs = "/sys");

class Telemetry {
 public:
  // Adds the driver's version, the power limit and the size of the last-level cache to `info`; the
  // runtime knows no cache behind L2, such as the Infinity Cache. The bus id is the runtime's, such
  // as 0000:c1:00.0.
  Telemetry(const std::string& pci_bus_id, DeviceInfo& info,
            const std::filesystem::path& sysfs = "/sys");

  // Clock of the compute units now.
  std::optional<int> clock_mhz() const;

 private:
  std::filesystem::path clock_;
};

}  // namespace moat::hip
