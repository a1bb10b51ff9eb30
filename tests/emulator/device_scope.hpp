// SPDX-License-Identifier: Apache-2.0
// Global memory through which blocks pass values to each other.
#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <vector>

#include "tests/emulator/clock.hpp"

namespace moat::emulator {

// Writes become visible as late as is allowed. A block sees what was there when the grid began and
// what itself wrote; what others published only once it acquires. All is visible when the grid
// ends. Which lane stored what is known of instructions, and not of stores by plain pointers.
class DeviceScope {
 public:
  explicit DeviceScope(std::span<std::byte> memory);

  void begin_block();
  // A lane has stored there, at a time of its own. Elsewhere nothing happens.
  void stored(const void* p, std::size_t bytes, Actor actor, Time time);
  // The block has written something by plain pointers that is not published.
  bool changed() const;
  // What the block wrote so far, and what it acquired, is for others to acquire.
  void publish();
  // Of what lanes stored, that of which `visible` says so is for others to acquire.
  struct Store {
    std::size_t begin;
    std::size_t bytes;
    Actor actor;
    Time time;
  };
  void publish(const std::function<bool(const Store&)>& visible);
  // The block sees what was published.
  void acquire();
  void end_block();
  void end_grid();

 private:
  std::span<std::byte> memory_;
  std::vector<std::byte> before_;  // the grid
  std::vector<std::byte> published_;
  std::vector<std::byte> known_;  // what the block sees but for stores by plain pointers
  std::vector<std::byte> after_;  // the grid
  std::vector<Store> stores_;     // of the block, not published
  bool acquired_ = false;         // by the block; while it runs no other one publishes
};

}  // namespace moat::emulator
