// Executes a GPU's grid on the CPU, lane by lane: every lane is a fiber, and lanes meet at barriers
// and shuffles as the hardware makes them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <stdexcept>

namespace moat::emulator {

// A block program that a GPU could not have run: what happened, and in which lanes.
struct Fault : std::runtime_error {
  using std::runtime_error::runtime_error;
};

struct Grid {
  int blocks = 1;
  int waves = 1;  // per block
  int wave_width = 32;
  std::size_t shared_bytes = 0;  // per block
};

// Runs `entry` in every lane, one block after another. `arena` is the block's shared memory,
// aligned to 128 bytes and filled with NaN when the block begins. Throws Fault, and rethrows what
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
void barrier();

// All lanes of the wave exchange a value; returns the one of lane `source`. `mask` is the constant
// of a shuffle_xor, the same in all lanes, or 0.
std::uint64_t exchange(std::uint64_t value, int source, int mask);

// Throws Fault unless the bytes lie in the block's shared memory and p is a multiple of `bytes`,
// if that is a power of two up to 16.
void check_shared(const void* p, std::size_t bytes);

}  // namespace moat::emulator
