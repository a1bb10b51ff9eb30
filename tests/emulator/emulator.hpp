// SPDX-License-Identifier: Apache-2.0
// Executes a GPU's grid on the CPU, lane by lane: every lane is a fiber, and lanes meet at barriers
// and shuffles as the hardware makes them. README.md says what is reported as a fault.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <source_location>
#include <span>
#include <stdexcept>
#include <string>

#include "tests/emulator/operation.hpp"

namespace moat::emulator {

// A block program that a GPU could not have run, or not with this result: what happened, in which
// lanes, at which instruction.
struct Fault : std::runtime_error {
  using std::runtime_error::runtime_error;
};

struct Grid {
  int blocks = 1;
  int waves = 1;  // per block
  int wave_width = 32;
  std::size_t shared_bytes = 0;  // per block
  // Global memory through which blocks pass values to each other, see DeviceScope.
  std::span<std::byte> exchanged{};
};

// Runs `entry` in every lane, one block after another. `arena` is the block's shared memory,
// aligned to 1024 bytes and filled with NaN when the block begins. Throws Fault, and rethrows what
// a lane threw.
void run(const Grid& grid, const std::function<void(unsigned char* arena)>& entry);

// What follows is called by a lane.

struct Place {
  int lane = 0;
  int wave = 0;
  int block = 0;
  int blocks = 1;
};
const Place& place();

// All lanes of the block wait for each other.
void barrier(const std::source_location& where = std::source_location::current());

// `threads` lanes of the block, whole waves, wait for each other (`waits`) or only say that they
// came. `id` is 0 … 15; 0 with all lanes is barrier().
void named_barrier(int id, int threads, bool waits, const Operation& operation);

// All lanes of a wave execute one instruction together: `execute` runs once with the arguments of
// its lanes, in their order. If `orders`, what lanes did before it happened before what they do
// after it.
using Execute = void (*)(std::span<void* const> arguments, const Operation& operation);
void together(const Operation& operation, void* arguments, Execute execute, bool orders);

// All lanes of the wave exchange a value; returns the one of lane `source`. `mask` is the constant
// of a shuffle_xor, the same in all lanes, or 0.
std::uint64_t exchange(std::uint64_t value, int source, int mask,
                       const std::source_location& where = std::source_location::current());

// Orders the memory accesses of the wave's lanes.
void wave_barrier(const Operation& operation);

// An access to shared memory: in bounds, aligned to its size, ordered after those it conflicts
// with, and a read of something that was written.
void read_shared(const void* p, std::size_t bytes, const Operation& operation);
void write_shared(const void* p, std::size_t bytes, const Operation& operation);

// An access to global memory, aligned to its size and within what GlobalMemory knows.
void access_global(const void* p, std::size_t bytes, const Operation& operation);

// An instruction has stored to global memory.
void stored_global(const void* p, std::size_t bytes);

// A fence of the device's scope, and an atomic operation there, before it happens. A fence before
// the atomic and ordered before it publishes what its lane stored to Grid::exchanged; the lanes of
// the atomic's wave must have passed one if they stored. One after it acquires what others
// published. Which lanes stored by plain pointers is not known: if any did, all of the block must
// have passed a fence.
void device_fence();
void device_atomic(const Operation& operation);

// Throws a Fault for this lane.
[[noreturn]] void fail(const Operation& operation, const std::string& what);
// …for lane `lane` of this wave.
[[noreturn]] void fail_in_wave(int lane, const Operation& operation, const std::string& what);

}  // namespace moat::emulator
