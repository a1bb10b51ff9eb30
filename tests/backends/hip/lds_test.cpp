// SPDX-License-Identifier: Apache-2.0
// Bank conflicts in LDS, counted by a model. The model: 32 banks of 4 bytes, which serve 128 bytes
// a cycle; a wave's access is served in groups of lanes, in as many cycles as different words of a
// group lie in the same bank. ROCm's "Avoiding LDS Bank Conflicts on AMD GPUs Using CK-Tile
// Framework" and Triton's pull requests 9662 and 11365 give the groups of ds_write_b128 (eight
// neighbours) and of ds_read_b128 (MI300: lanes 0 … 3 with 20 … 23, 4 … 7 with 16 … 19 and so on).
// For RDNA no such grouping is published; neighbours are assumed.
#include "backends/hip/lds.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <set>
#include <vector>

#include "backends/hip/cdna.hpp"
#include "backends/hip/rdna3.hpp"
#include "backends/simt/panel.hpp"
#include "backends/simt/turned.hpp"

namespace moat {
namespace {

using simt::Position;

template <int kLanes>
struct NoInstructions {
  static constexpr int kWaveWidth = kLanes;
};
using Cdna = hip::Cdna<NoInstructions<64>>;
using Rdna3 = hip::Rdna3<NoInstructions<32>>;

enum class Access : std::uint8_t { read, write };

int group_of(int lane, int bytes, int wave_width, Access access) {
  if (bytes == 16 && access == Access::read && wave_width == 64) {
    const auto bit = [&](int b) { return lane >> b & 1; };
    return bit(5) | (bit(2) ^ bit(4)) << 1 | bit(3) << 2;
  }
  return lane * bytes / 128;
}

// The most cycles that a group of lanes takes, each of which accesses `bytes` at its offset.
int cycles(const std::vector<int>& offsets, int bytes, Access access) {
  std::array<std::array<std::set<int>, 32>, 8> words;  // of a group, in a bank
  for (std::size_t lane = 0; lane < offsets.size(); ++lane) {
    const int group =
        group_of(static_cast<int>(lane), bytes, static_cast<int>(offsets.size()), access);
    for (int b = 0; b < bytes; b += 4) {
      const int word = (offsets[lane] + b) / 4;
      words.at(static_cast<std::size_t>(group))
          .at(static_cast<std::size_t>(word % 32))
          .insert(word);
    }
  }
  std::size_t most = 0;
  for (const auto& banks : words) {
    for (const auto& bank : banks) most = std::max(most, bank.size());
  }
  return static_cast<int>(most);
}

TEST(LdsModel, CountsKnownCases) {
  std::vector<int> offsets(64);
  const auto set = [&](auto f) {
    for (int lane = 0; lane < 64; ++lane) offsets[static_cast<std::size_t>(lane)] = f(lane);
  };
  set([](int lane) { return lane * 16; });
  EXPECT_EQ(cycles(offsets, 16, Access::write), 1);
  set([](int lane) { return lane * 128; });
  EXPECT_EQ(cycles(offsets, 16, Access::write), 8);
  EXPECT_EQ(cycles(offsets, 16, Access::read), 8);
  EXPECT_EQ(cycles(offsets, 4, Access::read), 32);
  set([](int) { return 64; });  // one word for all lanes
  EXPECT_EQ(cycles(offsets, 4, Access::read), 1);
  // Eight neighbours touch all banks, but 0 … 3 and 20 … 23 the same ones.
  set([](int lane) {
    return lane / 16 * 4096 + lane % 16 * 128 + (lane + lane / 16 * 4) % 8 * 16;
  });
  EXPECT_EQ(cycles(offsets, 16, Access::write), 1);
  EXPECT_EQ(cycles(offsets, 16, Access::read), 2);
}

// The most cycles of any read of a fragment from a panel; both sizes as they are stored.
template <class Fragment, class Layout, class T, int kLanes>
int read_cycles(Position panel, Position fragment, bool along_rows) {
  constexpr int kSize = sizeof(T);
  const auto runs = simt::widest_runs<Fragment, kLanes>(16 / kSize, along_rows);
  int most = 0;
  for (int row = 0; row < panel.row; row += fragment.row) {
    for (int col = 0; col < panel.col; col += fragment.col) {
      for (int run = 0; run < Fragment::kRegisters / runs.width; ++run) {
        std::vector<int> offsets;
        for (int lane = 0; lane < kLanes; ++lane) {
          const Position at = Fragment::at(lane, runs.base(run));
          const Position stored = along_rows ? Position{at.col, at.row} : at;
          offsets.push_back(Layout::offset({row, col * kSize}, {stored.row, stored.col * kSize}));
        }
        most = std::max(most, cycles(offsets, runs.width * kSize, Access::read));
      }
    }
  }
  return most;
}

template <class Family, class T, int kRows, int kCols, template <int, int> class Layout>
int panel_cycles() {
  using M = typename Family::template Matrix<T>;
  using Lies = Layout<kRows, kCols * sizeof(T)>;
  constexpr int kLanes = Family::kWaveWidth;
  constexpr Position kPanel = {kRows, kCols};
  return std::max(read_cycles<typename M::Left, Lies, T, kLanes>(kPanel, {M::m, M::k}, false),
                  read_cycles<typename M::Right, Lies, T, kLanes>(kPanel, {M::n, M::k}, true));
}

template <template <int, int> class Layout>
std::vector<int> all_panels() {
  return {
      panel_cycles<Cdna, bf16, 128, 32, Layout>(),  panel_cycles<Cdna, bf16, 64, 64, Layout>(),
      panel_cycles<Cdna, f16, 128, 128, Layout>(),  panel_cycles<Cdna, float, 128, 16, Layout>(),
      panel_cycles<Cdna, float, 64, 32, Layout>(),  panel_cycles<Cdna, float, 64, 128, Layout>(),
      panel_cycles<Rdna3, bf16, 128, 32, Layout>(), panel_cycles<Rdna3, bf16, 64, 64, Layout>(),
      panel_cycles<Rdna3, f16, 128, 128, Layout>(),
  };
}

TEST(LdsLayout, FragmentsAreReadWithoutConflicts) {
  for (const int most : all_panels<hip::LdsLayout>()) EXPECT_EQ(most, 1);
}

// Why AMD GPUs have a layout of their own.
TEST(LdsLayout, SwizzleOfOtherGpusHasConflicts) {
  EXPECT_GT(std::ranges::max(all_panels<simt::Swizzled>()), 1);
}

// The most cycles of any write of a panel by kThreads threads; col in bytes.
template <class Layout, int kRows, int kRowBytes>
int write_cycles(int threads, int lanes) {
  int most = 0;
  for (int first = 0; first < threads; first += lanes) {
    std::vector<int> offsets;
    for (int thread = first; thread < first + lanes; ++thread) {
      const int chunk = thread % (kRows * kRowBytes / 16);
      offsets.push_back(Layout::offset({chunk * 16 / kRowBytes, chunk * 16 % kRowBytes}));
    }
    most = std::max(most, cycles(offsets, 16, Access::write));
  }
  return most;
}

TEST(LdsLayout, ChunksAreWrittenWithoutConflicts) {
  EXPECT_EQ((write_cycles<hip::LdsLayout<128, 64>, 128, 64>(256, 64)), 1);
  EXPECT_EQ((write_cycles<hip::LdsLayout<64, 128>, 64, 128>(256, 64)), 1);
  EXPECT_EQ((write_cycles<hip::LdsLayout<64, 256>, 64, 256>(256, 64)), 1);
  EXPECT_EQ((write_cycles<hip::LdsLayout<64, 128>, 64, 128>(256, 32)), 1);
}

template <class Family, class T, int kK, int kN, int kThreads>
int turning_cycles() {
  using P = simt::Turned<Family, T, kK, kN>;
  using Patches = simt::TurningPatches<P, kThreads>;
  constexpr int kLanes = Family::kWaveWidth;
  constexpr int kSize = sizeof(T);
  std::vector<std::vector<int>> offsets;  // of an instruction, by lane
  for (int thread = 0; thread < kThreads; ++thread) {
    Patches::for_each(thread, [&](int i, int row, int col) {
      for (int e = 0; e < P::kPerChunk; ++e) {
        const auto at = static_cast<std::size_t>((thread / kLanes * 64 + i) * P::kPerChunk + e);
        if (at >= offsets.size()) offsets.resize(at + 1);
        offsets[at].push_back(P::Layout::offset({col + e, row * kSize}));
      }
    });
  }
  int most = 0;
  for (const auto& one : offsets) {
    if (!one.empty()) most = std::max(most, cycles(one, Patches::kRun * kSize, Access::write));
  }
  return most;
}

TEST(LdsLayout, TurnedPanelsAreWrittenWithoutConflicts) {
  EXPECT_EQ((turning_cycles<Cdna, bf16, 64, 128, 256>()), 1);
  EXPECT_EQ((turning_cycles<Cdna, f16, 64, 64, 256>()), 1);
  EXPECT_EQ((turning_cycles<Cdna, f16, 128, 32, 64>()), 1);
  EXPECT_EQ((turning_cycles<Rdna3, f16, 64, 64, 256>()), 1);
  // Rows of 64 bytes: the words that are written at a time lie in every other row, thus half of the
  // banks. Four columns of f32 are half as many rows.
  EXPECT_LE((turning_cycles<Cdna, bf16, 32, 128, 256>()), 2);
  EXPECT_LE((turning_cycles<Cdna, float, 16, 128, 256>()), 2);
}

}  // namespace
}  // namespace moat
