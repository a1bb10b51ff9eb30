// SPDX-License-Identifier: Apache-2.0
#include "backends/simt/tma.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <vector>

#include "tests/emulator/tensor_map.hpp"

namespace moat::simt {
namespace {

// The map that a driver would make, as the emulator understands it.
emulator::TensorMap map_of(const TmaTensor& t) {
  emulator::TensorMap map{.address = t.data,
                          .element_bytes = t.element_bytes,
                          .rank = TmaTensor::kRank,
                          .swizzle = emulator::Swizzle::b128};
  std::ranges::copy(t.dims, map.sizes.begin());
  map.strides[0] = static_cast<std::uint64_t>(t.element_bytes);
  std::ranges::copy(t.strides, map.strides.begin() + 1);
  std::ranges::copy(t.box, map.box.begin());
  return map;
}

// [batch][row][head][column], as attention's operands lie in memory.
TEST(Boxes, TakeRowsOfOneHead) {
  constexpr int kBatches = 2, kRows = 11, kHeads = 3, kCols = 72;
  std::vector<f16> data(kBatches * kRows * kHeads * kCols);
  for (std::size_t i = 0; i < data.size(); ++i) data[i].bits = static_cast<std::uint16_t>(i + 1);
  const Tensor<const f16> tensor{
      data.data(), kRows, kCols, kHeads * kCols, kCols, kRows * kHeads * kCols, kHeads, kBatches};
  const TmaTensor boxed_tensor = boxed(tensor, 8);
  const emulator::TensorMap map = map_of(boxed_tensor);
  ASSERT_NO_THROW(emulator::check(map));
  EXPECT_EQ(emulator::box_bytes(map), 8u * kBoxRowBytes);

  alignas(1024) unsigned char arena[1024];
  const int row = 5, col = 64, head = 2, batch = 1;
  emulator::copy({.map = map, .to = 0, .at = {col, row, head, batch}}, arena, 0);
  for (int r = 0; r < 8; ++r) {
    for (int c = 0; c < 64; ++c) {
      const bool inside = row + r < kRows && col + c < kCols;
      const std::size_t at = static_cast<std::size_t>(r) * 128 +
                             static_cast<std::size_t>((c / 8 ^ r) * 16 + c % 8 * 2);
      std::uint16_t got = 0;
      std::memcpy(&got, arena + at, sizeof(got));
      const int want =
          inside ? ((batch * kRows + row + r) * kHeads + head) * kCols + col + c + 1 : 0;
      ASSERT_EQ(got, static_cast<std::uint16_t>(want)) << "row " << r << ", column " << c;
    }
  }
}

// A plain matrix has dimensions of one, whose strides a driver still checks.
TEST(Boxes, PlainMatrix) {
  alignas(16) static const bf16 data[40 * 24] = {};
  const TmaTensor t = boxed(Tensor<const bf16>{data, 40, 20, 24}, 256);
  EXPECT_EQ(t.dims[0], 20u);
  EXPECT_EQ(t.dims[1], 40u);
  EXPECT_EQ(t.dims[2], 1u);
  EXPECT_EQ(t.dims[3], 1u);
  EXPECT_EQ(t.strides[0], 48u);
  EXPECT_EQ(t.box[0], 64u);
  EXPECT_EQ(t.box[1], 256u);
  EXPECT_NO_THROW(emulator::check(map_of(t)));
}

TEST(Boxes, NeedRowsOfWholeUnits) {
  alignas(16) static const f16 data[64] = {};
  EXPECT_TRUE(can_box(Tensor<const f16>{data, 2, 7, 8}));
  EXPECT_FALSE(can_box(Tensor<const f16>{data + 1, 2, 7, 8}));
  EXPECT_FALSE(can_box(Tensor<const f16>{data, 2, 7, 9}));
  EXPECT_FALSE(can_box(Tensor<const f16>{data, 2, 7, 8, 4}));
}

}  // namespace
}  // namespace moat::simt
