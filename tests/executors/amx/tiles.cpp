// SPDX-License-Identifier: Apache-2.0
#include "tests/executors/amx/tiles.hpp"

#include <algorithm>
#include <cstring>

#include "tests/executors/amx/products.hpp"

namespace moat::amx {

// Conditions of the classes AMX-E1 (LDTILECFG) to AMX-E6.
Fault Tiles::configure(const Configuration& from) {
  if (from.palette > 1) return fault("#GP", "there is no palette %d", from.palette);
  if (from.palette == 0) {
    configuration_ = {};
    std::memset(tiles_, 0, sizeof tiles_);
    return {};
  }
  if (from.start_row != 0) {
    return fault("refused", "start row %d, though nothing was interrupted", from.start_row);
  }
  for (const std::uint8_t x : from.reserved) {
    if (x != 0) return fault("#GP", "bytes 2 to 15 are not all 0");
  }
  for (int i = 0; i < 16; ++i) {
    const int rows = from.rows[i];
    const int bytes = from.row_bytes[i];
    if (i >= kTiles && (rows != 0 || bytes != 0)) {
      return fault("#GP", "palette 1 has no tmm%d: its rows and bytes are not 0", i);
    }
    if (rows > kMostRows) return fault("#GP", "%d rows of tmm%d, at most 16", rows, i);
    if (bytes > kMostBytes) return fault("#GP", "%d bytes a row of tmm%d, at most 64", bytes, i);
    if ((rows == 0) != (bytes == 0)) {
      return fault("#GP", "tmm%d has %d rows of %d bytes: one is 0, the other is not", i, rows,
                   bytes);
    }
  }
  configuration_ = from;
  std::memset(tiles_, 0, sizeof tiles_);
  return {};
}

Fault Tiles::check(int tile) const {
  if (!configured()) return fault("#UD", "the tiles of this thread are not configured");
  const int bytes = configuration_.row_bytes[tile];
  if (bytes == 0) return fault("#UD", "tmm%d is not configured", tile);
  if (bytes % 4 != 0) return fault("#UD", "%d bytes a row of tmm%d: no multiple of 4", bytes, tile);
  return {};
}

Fault Tiles::check_product(const Instruction& x) const {
  if (x.tile == x.left || x.tile == x.right || x.left == x.right) {
    return fault("#UD", "its tiles are not three");
  }
  for (const int tile : {x.tile, x.left, x.right}) {
    if (const Fault f = check(tile)) return f;
  }
  const auto rows = [&](int tile) { return int{configuration_.rows[tile]}; };
  const auto bytes = [&](int tile) { return int{configuration_.row_bytes[tile]}; };
  if (bytes(x.left) / 4 != rows(x.right)) {
    return fault("#UD", "tmm%d has %d words a row and tmm%d %d rows", x.left, bytes(x.left) / 4,
                 x.right, rows(x.right));
  }
  if (rows(x.tile) != rows(x.left)) {
    return fault("#UD", "tmm%d has %d rows and tmm%d %d", x.tile, rows(x.tile), x.left,
                 rows(x.left));
  }
  if (bytes(x.tile) != bytes(x.right)) {
    return fault("#UD", "tmm%d has %d bytes a row and tmm%d %d", x.tile, bytes(x.tile), x.right,
                 bytes(x.right));
  }
  return {};
}

void Tiles::load(const Instruction& x) {
  Tile& to = tiles_[x.tile];
  std::memset(&to, 0, sizeof to);
  for (int row = 0; row < configuration_.rows[x.tile]; ++row) {
    std::memcpy(to.bytes[row], reinterpret_cast<const std::uint8_t*>(x.address) + row * x.stride,
                configuration_.row_bytes[x.tile]);
  }
}

void Tiles::store(const Instruction& x) const {
  for (int row = 0; row < configuration_.rows[x.tile]; ++row) {
    std::memcpy(reinterpret_cast<std::uint8_t*>(x.address) + row * x.stride,
                tiles_[x.tile].bytes[row], configuration_.row_bytes[x.tile]);
  }
}

Fault Tiles::execute(const Instruction& x) {
  switch (x.operation) {
    case Operation::ldtilecfg: {
      Configuration from;
      std::memcpy(&from, reinterpret_cast<const void*>(x.address), sizeof from);
      return configure(from);
    }
    case Operation::sttilecfg:
      std::memcpy(reinterpret_cast<void*>(x.address), &configuration_, sizeof configuration_);
      return {};
    case Operation::tilerelease:
      return configure({});
    case Operation::tilezero:
    case Operation::tileloadd:
    case Operation::tileloaddt1:
    case Operation::tilestored:
      if (const Fault f = check(x.tile)) return f;
      if (x.operation == Operation::tilezero) {
        std::memset(&tiles_[x.tile], 0, sizeof(Tile));
      } else if (x.operation == Operation::tilestored) {
        store(x);
      } else {
        load(x);
      }
      return {};
    case Operation::tdpbf16ps:
    case Operation::tdpfp16ps:
    case Operation::tdpbssd:
    case Operation::tdpbsud:
    case Operation::tdpbusd:
    case Operation::tdpbuud:
      break;
  }
  if (const Fault f = check_product(x)) return f;
  Tile& c = tiles_[x.tile];
  const Tile& a = tiles_[x.left];
  const Tile& b = tiles_[x.right];
  const int rows = configuration_.rows[x.tile];
  const int depth = configuration_.rows[x.right];
  if (x.operation == Operation::tdpbf16ps || x.operation == Operation::tdpfp16ps) {
    x.operation == Operation::tdpbf16ps ? multiply_bf16(c, a, b, rows, depth)
                                        : multiply_f16(c, a, b, rows, depth);
    const int bytes = configuration_.row_bytes[x.tile];
    for (int row = 0; row < rows; ++row) {
      std::memset(c.bytes[row] + bytes, 0, static_cast<std::size_t>(kMostBytes - bytes));
    }
  } else {
    multiply_int8(c, a, b, rows, depth,
                  x.operation == Operation::tdpbssd || x.operation == Operation::tdpbsud,
                  x.operation == Operation::tdpbssd || x.operation == Operation::tdpbusd);
  }
  return {};
}

}  // namespace moat::amx
