// SPDX-License-Identifier: Apache-2.0
// Global memory through which blocks pass values to each other.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace moat::emulator {

// Writes become visible as late as is allowed. A block sees what was there when the grid began and
// what itself wrote; what others published only once it acquires. All is visible when the grid
// ends.
class DeviceScope {
 public:
  explicit DeviceScope(std::span<std::byte> memory);

  void begin_block();
  // The block has written something.
  bool changed() const;
  // What the block wrote so far, and what it acquired, is for others to acquire.
  void publish();
  // The block sees what was published.
  void acquire();
  void end_block();
  void end_grid();

 private:
  std::span<std::byte> memory_;
  std::vector<std::byte> before_;  // the grid
  std::vector<std::byte> published_;
  std::vector<std::byte> after_;  // the grid
};

}  // namespace moat::emulator
