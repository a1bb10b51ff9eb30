// SPDX-License-Identifier: Apache-2.0
// What the emulated device adds to its memory.
#include "tests/emulator/device.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/emulator/lanes.hpp"

namespace moat::emulator {
namespace {

using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

// A kernel that stores the element at `index` of 10, through a pointer of its own or as lanes do.
auto store(int index, bool plain) {
  return [=] {
    float* memory = nullptr;
    EmulatedDevice device([&](const Problem&) {
      run({}, [&](unsigned char*) {
        if (place().lane != 0) return;
        if (plain) {
          memory[index] = 1;
        } else {
          Lanes<32>::store_global(memory + index, 1.0f);
        }
      });
    });
    memory = static_cast<float*>(device.allocate(10 * sizeof(float)));
    device.run(GemmProblem{});
    EXPECT_EQ(memory[index], 1.0f);
    device.release(memory);
    EXPECT_FALSE(GlobalMemory::any());
  };
}

TEST(EmulatedDeviceFaults, StoresNextToAnAllocation) {
  EXPECT_NO_THROW(store(9, true)());
  EXPECT_NO_THROW(store(9, false)());
  EXPECT_THAT(store(10, true),
              ThrowsMessage<Fault>(HasSubstr("right after an allocation of 40 bytes")));
  EXPECT_THAT(store(-1, true), ThrowsMessage<Fault>(HasSubstr("right before")));
  EXPECT_THAT(store(10, false), ThrowsMessage<Fault>(HasSubstr("outside every allocation")));
}

}  // namespace
}  // namespace moat::emulator
