// SPDX-License-Identifier: Apache-2.0
#include "tests/emulator/ptx/ldmatrix.hpp"

#include <array>
#include <cstring>

#include "tests/emulator/thread_block.hpp"

namespace moat::emulator::ptx {
namespace {

constexpr std::size_t kRows = 8;
constexpr std::size_t kRowBytes = 16;

}  // namespace

void ldmatrix(std::span<void* const> lanes, const Operation& operation, int count,
              bool transposed) {
  ThreadBlock& block = ThreadBlock::current();
  const auto places = block.lanes_of_wave(block.lane().place.wave);
  const auto of = [&](std::size_t lane) { return static_cast<LdMatrix*>(lanes[lane]); };
  for (std::size_t matrix = 0; matrix < static_cast<std::size_t>(count); ++matrix) {
    std::array<std::array<std::uint16_t, kRows>, kRows> elements{};
    for (std::size_t row = 0; row < kRows; ++row) {
      const std::size_t lane = matrix * kRows + row;
      block.read_shared(of(lane)->row, kRowBytes, kRowBytes, places[lane], operation);
      std::memcpy(elements[row].data(), of(lane)->row, kRowBytes);
    }
    for (std::size_t lane = 0; lane < lanes.size(); ++lane) {
      const std::size_t row = lane / 4;
      const std::size_t col = lane % 4 * 2;
      const std::uint32_t low = transposed ? elements[col][row] : elements[row][col];
      const std::uint32_t high = transposed ? elements[col + 1][row] : elements[row][col + 1];
      of(lane)->registers[matrix] = low | high << 16;
    }
  }
}

}  // namespace moat::emulator::ptx
