// SPDX-License-Identifier: Apache-2.0
// Products of matrices whose elements lanes hold in registers, as a table of positions tells.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

#include "problems/dtype.hpp"
#include "tests/emulator/emulator.hpp"

namespace moat::emulator {

using moat::to_float;

// Where an element of a fragment belongs in its matrix.
struct Cell {
  int row;
  int col;
};

// Element i of a lane's registers that hold Ts, the lower half of a register first.
template <class T>
float element(const std::uint32_t* registers, int i) {
  T value;
  std::memcpy(
      &value,
      reinterpret_cast<const unsigned char*>(registers) + sizeof(T) * static_cast<std::size_t>(i),
      sizeof(T));
  return to_float(value);
}

// tf32: the lower 13 bits of a register are not read.
struct Tf32 {
  std::uint32_t bits;
};
inline float to_float(Tf32 x) {
  const std::uint32_t kept = x.bits & 0xffffe000u;
  float value = 0;
  std::memcpy(&value, &kept, sizeof(value));
  return value;
}

// c += a · b with exact products and sums in f32.
template <int m, int n, int k>
void multiply(std::array<std::array<float, n>, m>& c, const std::array<std::array<float, k>, m>& a,
              const std::array<std::array<float, n>, k>& b) {
  for (std::size_t i = 0; i < m; ++i) {
    for (std::size_t p = 0; p < k; ++p) {
      for (std::size_t j = 0; j < n; ++j) c[i][j] += a[i][p] * b[p][j];
    }
  }
}

// An instruction's table:
//   m, n, k, kLanes                 shape, and the lanes that execute it
//   kLeft, kRight, kAcc             elements of a lane
//   left(lane, i), right, acc → Cell
// One lane's operands:
struct MatrixOperands {
  float* c;
  const std::uint32_t* a;
  const std::uint32_t* b;
};

// Executes an instruction for all lanes.
template <class Table, class T>
void multiply(std::span<void* const> lanes) {
  std::array<std::array<float, Table::k>, Table::m> a{};
  std::array<std::array<float, Table::n>, Table::k> b{};
  std::array<std::array<float, Table::n>, Table::m> c{};
  const auto each = [&](int count, auto position, auto f) {
    for (int lane = 0; lane < Table::kLanes; ++lane) {
      const auto& mine = *static_cast<const MatrixOperands*>(lanes[static_cast<std::size_t>(lane)]);
      for (int i = 0; i < count; ++i) {
        const Cell at = position(lane, i);
        f(mine, i, static_cast<std::size_t>(at.row), static_cast<std::size_t>(at.col));
      }
    }
  };
  each(Table::kLeft, Table::left,
       [&](const auto& mine, int i, auto row, auto col) { a[row][col] = element<T>(mine.a, i); });
  each(Table::kRight, Table::right,
       [&](const auto& mine, int i, auto row, auto col) { b[row][col] = element<T>(mine.b, i); });
  each(Table::kAcc, Table::acc,
       [&](const auto& mine, int i, auto row, auto col) { c[row][col] = mine.c[i]; });
  multiply<Table::m, Table::n, Table::k>(c, a, b);
  each(Table::kAcc, Table::acc,
       [&](const auto& mine, int i, auto row, auto col) { mine.c[i] = c[row][col]; });
}

// The current lane's part in it; the wave executes it together.
template <class Table, class T>
void multiply_together(const Operation& operation, float* c, const std::uint32_t* a,
                       const std::uint32_t* b) {
  MatrixOperands mine{c, a, b};
  together(
      operation, &mine,
      [](std::span<void* const> lanes, const Operation&) { multiply<Table, T>(lanes); }, false);
}

}  // namespace moat::emulator
