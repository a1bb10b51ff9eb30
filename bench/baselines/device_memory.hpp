// SPDX-License-Identifier: Apache-2.0
// Memory of a device that a baseline's library works in.
#pragma once

#include <cstddef>

#include "backends/device.hpp"

namespace moat {

class DeviceMemory {
 public:
  // Throws OutOfMemory. The device outlives the memory.
  DeviceMemory(Device& device, std::size_t bytes)
      : device_(device), data_(device.allocate(bytes)), bytes_(bytes) {}
  DeviceMemory(const DeviceMemory&) = delete;
  DeviceMemory& operator=(const DeviceMemory&) = delete;
  ~DeviceMemory() { device_.release(data_); }

  void* data() const { return data_; }
  std::size_t bytes() const { return bytes_; }

 private:
  Device& device_;
  void* data_;
  std::size_t bytes_;
};

}  // namespace moat
