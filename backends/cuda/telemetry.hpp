// SPDX-License-Identifier: Apache-2.0
// What NVIDIA's management library tells of a device. The library belongs to the driver and is
// loaded at run time; without it everything here is empty.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "backends/device.hpp"

namespace moat::cuda {

class Telemetry {
 public:
  // Adds the driver's version and the power limit to `info`. The bus id is the runtime's, such as
  // 0000:3B:00.0.
  Telemetry(const std::string& pci_bus_id, DeviceInfo& info,
            const char* library = "libnvidia-ml.so.1");
  ~Telemetry();

  // Clock of the multiprocessors now.
  std::optional<int> clock_mhz() const;

 private:
  struct Nvml;
  std::unique_ptr<Nvml> nvml_;
};

}  // namespace moat::cuda
