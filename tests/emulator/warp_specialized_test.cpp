// SPDX-License-Identifier: Apache-2.0
// A producer wave that loads by TMA and two warpgroups that multiply, as kernels of sm_90a do.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

#include "tests/emulator/global_memory.hpp"
#include "tests/emulator/ptx.hpp"

namespace moat::emulator {
namespace {

using ::testing::AllOf;
using ::testing::AnyOf;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

constexpr int kRows = 64;  // of A for each warpgroup, and columns of B
constexpr int kDepth = 64;
constexpr int kSteps = 5;
constexpr int kStages = 2;
constexpr unsigned kTile = kRows * kDepth * 2;
constexpr unsigned kStage = 3 * kTile;  // A of both warpgroups, B

enum class Omit : std::uint8_t { nothing, wgmma_wait, arrival_of_a_warpgroup, wait_for_full };

// Elements of small integers, so that sums are exact.
float value(int row, int k) { return static_cast<float>((row * 7 + k * 3) % 5 - 2); }

std::uint64_t descriptor(std::uint64_t address) {
  return address / 16 | std::uint64_t{1} << 16 | std::uint64_t{1024 / 16} << 32 |
         std::uint64_t{1} << 62;
}

// C = A · Bᵀ with A of 128 rows and B of 64, both `kSteps * kDepth` deep.
void multiply(Omit omit) {
  constexpr int kCols = kSteps * kDepth;
  std::vector<bf16> a(2 * kRows * kCols);
  std::vector<bf16> b(kRows * kCols);
  for (int i = 0; i < 2 * kRows * kCols; ++i) {
    a[static_cast<std::size_t>(i)] = from_float<bf16>(value(i / kCols, i % kCols));
  }
  for (int i = 0; i < kRows * kCols; ++i) {
    b[static_cast<std::size_t>(i)] = from_float<bf16>(value(i / kCols + 1, i % kCols));
  }
  const GlobalMemory known_a(a.data(), a.size() * sizeof(bf16));
  const GlobalMemory known_b(b.data(), b.size() * sizeof(bf16));
  const auto map_a = Ptx::make_tensor_map<bf16, 2>(a.data(), {kCols, 2 * kRows}, {2, kCols * 2},
                                                   {kDepth, 2 * kRows}, Swizzle::b128);
  const auto map_b = Ptx::make_tensor_map<bf16, 2>(b.data(), {kCols, kRows}, {2, kCols * 2},
                                                   {kDepth, kRows}, Swizzle::b128);
  run({.waves = 12, .shared_bytes = kStages * kStage + 2 * kStages * 8}, [&](unsigned char* arena) {
    auto* const full = reinterpret_cast<std::uint64_t*>(arena + kStages * kStage);
    auto* const empty = full + kStages;
    if (Ptx::wave() == 0 && Ptx::lane() == 0) {
      for (int s = 0; s < kStages; ++s) {
        Ptx::mbarrier_init(full + s, 1);
        Ptx::mbarrier_init(empty + s, omit == Omit::arrival_of_a_warpgroup ? 1 : 2);
      }
      Ptx::mbarrier_fence_init();
    }
    Ptx::barrier();
    const int warpgroup = Ptx::wave() / 4;
    if (warpgroup == 2) {
      Ptx::set_registers_less<40>();
      if (Ptx::wave() % 4 != 0 || Ptx::lane() != 0) return;
      for (int step = 0; step < kSteps; ++step) {
        const int s = step % kStages;
        Ptx::mbarrier_wait(empty + s, static_cast<unsigned>(step / kStages + 1) % 2);
        Ptx::mbarrier_arrive_expect(full + s, kStage);
        unsigned char* const stage = arena + s * static_cast<int>(kStage);
        Ptx::tma_load<2>(stage, &map_a, full + s, {step * kDepth, 0});
        Ptx::tma_load<2>(stage + 2 * kTile, &map_b, full + s, {step * kDepth, 0});
      }
      return;
    }
    Ptx::set_registers_more<232>();
    float c[kRows / 2] = {};
    for (int step = 0; step < kSteps; ++step) {
      const int s = step % kStages;
      if (omit != Omit::wait_for_full) {
        Ptx::mbarrier_wait(full + s, static_cast<unsigned>(step / kStages) % 2);
      }
      const std::uint64_t stage = Ptx::shared_address(arena) + static_cast<unsigned>(s) * kStage;
      Ptx::wgmma_fence();
      for (unsigned k = 0; k < kDepth; k += 16) {
        Ptx::wgmma<bf16, kRows, false>(
            c, descriptor(stage + static_cast<unsigned>(warpgroup) * kTile + k * 2),
            descriptor(stage + 2 * kTile + k * 2));
      }
      Ptx::wgmma_commit();
      if (omit != Omit::wgmma_wait) Ptx::wgmma_wait<0>();
      if (Ptx::wave() % 4 == 0 && Ptx::lane() == 0 &&
          (omit != Omit::arrival_of_a_warpgroup || warpgroup == 0)) {
        Ptx::mbarrier_arrive(empty + s);
      }
      if (omit == Omit::wgmma_wait) Ptx::wgmma_wait<1>();
    }
    Ptx::wgmma_wait<0>();
    for (int i = 0; i < kRows / 2; ++i) {
      const int row = kRows * warpgroup + Ptx::wave() % 4 * 16 + Ptx::lane() / 4 + i / 2 % 2 * 8;
      const int col = i / 4 * 8 + Ptx::lane() % 4 * 2 + i % 2;
      float sum = 0;
      for (int k = 0; k < kCols; ++k) sum += value(row, k) * value(col + 1, k);
      ASSERT_EQ(c[i], sum) << row << ' ' << col;
    }
  });
}

TEST(Roles, ProducerAndTwoWarpgroups) { EXPECT_NO_THROW(multiply(Omit::nothing)); }

// The stage is handed back while the product that reads it is under way.
TEST(RolesFaults, StageIsReleasedBeforeTheWait) {
  EXPECT_THAT(
      [] { multiply(Omit::wgmma_wait); },
      ThrowsMessage<Fault>(AnyOf(AllOf(HasSubstr("wgmma operand"), HasSubstr("by tma_load (")),
                                 AllOf(HasSubstr("wave 8, lane 0: tma_load"),
                                       HasSubstr("overwrites what was read by warpgroup")))));
}

TEST(RolesFaults, ProducerWaitsForOneOfTwoWarpgroups) {
  EXPECT_THAT([] { multiply(Omit::arrival_of_a_warpgroup); },
              ThrowsMessage<Fault>(AnyOf(
                  AllOf(HasSubstr("wave 8, lane 0: tma_load"),
                        HasSubstr("overwrites what was read by warpgroup 1 by wgmma")),
                  AllOf(HasSubstr("wgmma operand"), HasSubstr("started by wave 8, lane 0")))));
}

TEST(RolesFaults, ConsumersDoNotWait) {
  EXPECT_THAT(
      [] { multiply(Omit::wait_for_full); },
      ThrowsMessage<Fault>(AnyOf(
          AllOf(HasSubstr("wgmma operand A"), HasSubstr("nothing wrote")),
          AllOf(HasSubstr("wgmma operand A"), HasSubstr("started by wave 8, lane 0 by tma")))));
}

}  // namespace
}  // namespace moat::emulator
