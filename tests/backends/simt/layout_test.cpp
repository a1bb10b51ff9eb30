// SPDX-License-Identifier: Apache-2.0
#include "backends/simt/layout.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <set>

#include "backends/cuda/sm_80.hpp"
#include "backends/simt/fragment.hpp"
#include "backends/simt/panel.hpp"

namespace moat::simt {
namespace {

struct Isa {
  static constexpr int kWaveWidth = 32;
};
using Sm80 = cuda::Sm80<Isa>;
template <class T>
using Mma = Sm80::Matrix<T>;
using Split = Sm80::Matrix<cuda::SplitF32>;

template <int kRows, int kRowBytes>
void expect_swizzled() {
  using Layout = Swizzled<kRows, kRowBytes>;
  std::set<int> seen;
  for (int row = 0; row < kRows; ++row) {
    for (int byte = 0; byte < kRowBytes; byte += 4) {
      const int got = Layout::offset({.row = row, .col = byte});
      EXPECT_TRUE(got >= 0 && got < Layout::kBytes && seen.insert(got).second);
      // The PTX ISA's swizzle modes, for each box of 128 bytes a row.
      const int box = byte / 128 * kRows * 128;
      const int linear = row * Layout::kRowBytes + byte % 128;
      EXPECT_EQ(got - box, linear ^ ((linear >> 7 & (Layout::kRowBytes / 16 - 1)) << 4));
    }
  }
}

TEST(Swizzled, IsThatOfTensorCopies) {
  expect_swizzled<64, 32>();
  expect_swizzled<64, 64>();
  expect_swizzled<64, 128>();
  expect_swizzled<16, 512>();
}

template <class Layout>
void expect_parts_add_up(Position part) {
  for (int row = 0; row < 64; row += part.row) {
    for (int byte = 0; byte < 128; byte += part.col) {
      for (int r = 0; r < part.row; ++r) {
        for (int b = 0; b < part.col; b += 2) {
          EXPECT_EQ(Layout::offset({row, byte}, {r, b}), Layout::offset({row + r, byte + b}));
        }
      }
    }
  }
}

TEST(Swizzled, OffsetsOfOriginAndLaneAddUp) {
  expect_parts_add_up<Swizzled<64, 128>>({.row = 16, .col = 32});
  expect_parts_add_up<Swizzled<64, 256>>({.row = 4, .col = 64});
  expect_parts_add_up<Swizzled<64, 64>>({.row = 8, .col = 16});
}

// The most words of one of the 32 banks that a group of lanes touches, over all groups that are
// served together: 32, 16 or 8 lanes for accesses of 4, 8 or 16 bytes.
template <class Address>
int most_in_a_bank(int bytes, Address address) {
  std::size_t most = 0;
  const int group = 128 / std::max(bytes, 4);
  for (int first = 0; first < 32; first += group) {
    std::array<std::set<int>, 32> words;
    for (int lane = first; lane < first + group; ++lane) {
      for (int byte = 0; byte < bytes; byte += 4) {
        const int word = (address(lane) + byte) / 4;
        words.at(static_cast<std::size_t>(word) % 32).insert(word);
      }
    }
    for (const auto& bank : words) most = std::max(most, bank.size());
  }
  return static_cast<int>(most);
}

// Over all loads of a fragment at an origin: each lane its own elements.
template <class Fragment, class P>
int most_by_elements(Position origin) {
  using T = typename P::Value;
  constexpr Runs kRuns = kWidestRuns<Fragment, 32, kChunkBytes / sizeof(T), P::kAlongRows>;
  int most = 0;
  for (int run = 0; run < Fragment::kRegisters / kRuns.width; ++run) {
    most = std::max(most, most_in_a_bank(kRuns.width * int{sizeof(T)}, [&](int lane) {
                      const Position at = P::stored(Fragment::at(lane, kRuns.base(run)));
                      const Position from = P::stored(origin);
                      return P::Layout::offset({from.row, from.col * int{sizeof(T)}},
                                               {at.row, at.col * int{sizeof(T)}});
                    }));
  }
  return most;
}

// Over all matrices of a fragment: eight rows of 16 bytes are read together.
template <class Fragment, class P>
int most_by_matrices(Position origin) {
  using T = typename P::Value;
  int most = 0;
  for (int word = 0; word < Fragment::kRegisters; word += 4 / int{sizeof(T)}) {
    most = std::max(most, most_in_a_bank(16, [&](int lane) {
                      const Position corner = P::stored(Fragment::at(0, word));
                      const Position from = P::stored(origin);
                      return P::Layout::offset({.row = from.row + corner.row + lane % 8,
                                                .col = (from.col + corner.col) * int{sizeof(T)}});
                    }));
  }
  return most;
}

template <class T, int kM, int kK>
using LeftPanel = Left<Isa, T, kM, kK>;
template <class T, int kK, int kN, Order kOrder>
using RightPanel = Right<Isa, T, kK, kN, kOrder>;
constexpr Order kRowMajor = Order::row_major;
constexpr Order kTransposed = Order::transposed;

struct MatrixLoads : Isa {
  template <int kCount, bool kTranspose>
  static void ldmatrix(std::uint32_t (&)[kCount], const void*) {}
};

template <class Fragment, class P>
void expect_matrices(FragmentLoad load) {
  EXPECT_EQ((choose_load<MatrixLoads, Fragment, P>()), load);
  EXPECT_EQ((choose_load<Isa, Fragment, P>()), FragmentLoad::plain);
  EXPECT_EQ((most_by_matrices<Fragment, P>({0, 0})), 1);
}

TEST(Panels, MatricesLoadWithoutBankConflicts) {
  expect_matrices<Mma<f16>::Left, LeftPanel<f16, 128, 32>>(FragmentLoad::matrix);
  expect_matrices<Mma<bf16>::Left, LeftPanel<bf16, 64, 64>>(FragmentLoad::matrix);
  expect_matrices<Mma<f16>::Left, LeftPanel<f16, 128, 128>>(FragmentLoad::matrix);
  expect_matrices<Mma<f16>::Right, RightPanel<f16, 32, 128, kTransposed>>(FragmentLoad::matrix);
  expect_matrices<Mma<f16>::Right, RightPanel<f16, 32, 128, kRowMajor>>(FragmentLoad::transposed);
  expect_matrices<Mma<f16>::Right, RightPanel<f16, 64, 64, kRowMajor>>(FragmentLoad::transposed);
  expect_matrices<Split::Left, LeftPanel<float, 128, 32>>(FragmentLoad::matrix);
  expect_matrices<Split::Right, RightPanel<float, 32, 64, kTransposed>>(FragmentLoad::matrix);
}

TEST(Panels, ElementsLoadWithoutBankConflicts) {
  using Fma = FmaAtom<32>;
  EXPECT_EQ((most_by_elements<Fma::Left, LeftPanel<float, 64, 16>>({0, 4})), 1);
  EXPECT_EQ((most_by_elements<Fma::Left, LeftPanel<float, 16, 32>>({8, 28})), 1);
  EXPECT_EQ((most_by_elements<Fma::Left, LeftPanel<float, 64, 128>>({8, 100})), 1);
  EXPECT_EQ((most_by_elements<Fma::Right, RightPanel<float, 16, 64, kRowMajor>>({4, 16})), 1);
  EXPECT_EQ((most_by_elements<Fma::Right, RightPanel<float, 16, 64, kTransposed>>({4, 16})), 1);
  EXPECT_EQ((most_by_elements<Fma::Right, RightPanel<float, 32, 64, kTransposed>>({4, 16})), 1);
  // Four rows of eight f32 columns: this swizzle lets two of them meet in half the banks.
  EXPECT_EQ((most_by_elements<Split::Right, RightPanel<float, 32, 64, kRowMajor>>({0, 0})), 2);
}

template <class Fragment>
void expect_neighbours(int width, int chunk, std::initializer_list<int> masks) {
  const RowNeighbours found = row_neighbours<Fragment, 32>(width, chunk);
  ASSERT_EQ(found.count, static_cast<int>(masks.size()));
  EXPECT_TRUE(std::equal(masks.begin(), masks.end(), std::begin(found.masks)));
}

// Only sources of whole chunks, in rows that 32-bit offsets reach, are read by range-checked loads.
TEST(Panels, SourcesOfWholeChunks) {
  alignas(16) static const f16 data[64] = {};
  const auto source = [&](int skip, int cols, std::int64_t row_stride) {
    return make_source(
        Tensor<const f16>{.data = data + skip, .rows = 2, .cols = cols, .row_stride = row_stride});
  };
  EXPECT_TRUE(source(0, 16, 24).whole);
  EXPECT_TRUE(source(0, 12, 24).aligned);
  EXPECT_FALSE(source(0, 12, 24).whole);
  EXPECT_FALSE(source(0, 16, 20).whole);
  EXPECT_FALSE(source(4, 16, 24).whole);
  constexpr std::int64_t kLongest = (std::int64_t{1} << 31) / kMostRows / 2;
  EXPECT_TRUE(source(0, 16, kLongest).whole);
  EXPECT_TRUE(source(0, 16, kLongest + 8).aligned);
  EXPECT_FALSE(source(0, 16, kLongest + 8).whole);
}

TEST(Fragments, LanesThatHoldAChunkOfARow) {
  expect_neighbours<Mma<f16>::Acc>(2, 8, {1, 2});
  expect_neighbours<Mma<f16>::Acc>(2, 4, {1});
  expect_neighbours<FmaAtom<32>::Acc>(4, 4, {});
  expect_neighbours<FmaAtom<32>::Acc>(4, 8, {8});
}

}  // namespace
}  // namespace moat::simt
