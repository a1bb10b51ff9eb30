// SPDX-License-Identifier: Apache-2.0
// The warp's matrix instructions against plain products. Operands come through ldmatrix from
// matrices as they lie in memory, results through rows of four lanes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <vector>

#include "tests/emulator/ptx.hpp"
#include "tests/emulator/random_matrix.hpp"

namespace moat::emulator {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

// Result of lane l: rows l / 4 and l / 4 + 8, two neighbours in each.
void expect_product(const float (&c)[4], auto product) {
  const int row = Ptx::lane() / 4;
  const int col = Ptx::lane() % 4 * 2;
  EXPECT_NEAR(c[0], product(row, col), 1e-5);
  EXPECT_NEAR(c[1], product(row, col + 1), 1e-5);
  EXPECT_NEAR(c[2], product(row + 8, col), 1e-5);
  EXPECT_NEAR(c[3], product(row + 8, col + 1), 1e-5);
}

// 16 × 16 by 16 × 8; B as k × n through .trans, or as n × k.
template <class T>
void multiply_16_bit(bool b_transposed) {
  const auto a = random_matrix<T>(16 * 16, 1);
  const auto b = random_matrix<T>(16 * 8, 2);
  run({.shared_bytes = 1024}, [&](unsigned char* arena) {
    auto* const shared = reinterpret_cast<T*>(arena);
    for (int i = Ptx::lane(); i < 256; i += 32) {
      Ptx::store_shared(shared + i, a[static_cast<std::size_t>(i)]);
    }
    T* const shared_b = shared + 256;
    for (int i = Ptx::lane(); i < 128; i += 32) {
      const int k = i / 8;
      const int n = i % 8;
      Ptx::store_shared(shared_b + (b_transposed ? n * 16 + k : i), b[static_cast<std::size_t>(i)]);
    }
    Ptx::syncwarp();
    // Matrices 0 … 3 of A: upper left, lower left, upper right, lower right.
    const int matrix = Ptx::lane() / 8;
    const int row = Ptx::lane() % 8;
    std::uint32_t left[4];
    Ptx::ldmatrix<4, false>(left, shared + (row + matrix % 2 * 8) * 16 + matrix / 2 * 8);
    std::uint32_t right[2];
    const int half = matrix % 2;
    if (b_transposed) {
      Ptx::ldmatrix<2, false>(right, shared_b + row * 16 + half * 8);
    } else {
      Ptx::ldmatrix<2, true>(right, shared_b + (row + half * 8) * 8);
    }
    float c[4] = {1, 2, 3, 4};
    Ptx::mma_m16n8k16<T>(c, left, right);
    for (int i = 0; i < 4; ++i) c[i] -= static_cast<float>(i + 1);
    expect_product(c, [&](int i, int j) {
      double sum = 0;
      for (int k = 0; k < 16; ++k) {
        sum += double{to_float(a[static_cast<std::size_t>(i * 16 + k)])} *
               to_float(b[static_cast<std::size_t>(k * 8 + j)]);
      }
      return sum;
    });
  });
}

TEST(Mma, SixteenBitProducts) {
  for (const bool transposed : {false, true}) {
    multiply_16_bit<f16>(transposed);
    multiply_16_bit<bf16>(transposed);
  }
}

// tf32 comes through ldmatrix too: a 32-bit element is two of 16.
TEST(Mma, Tf32Products) {
  const auto a = random_matrix<float>(16 * 8, 3);
  const auto b = random_matrix<float>(8 * 8, 4);  // n × k
  run({.shared_bytes = 1024}, [&](unsigned char* arena) {
    auto* const shared = reinterpret_cast<float*>(arena);
    for (int i = Ptx::lane(); i < 128; i += 32) {
      Ptx::store_shared(shared + i, a[static_cast<std::size_t>(i)]);
    }
    for (int i = Ptx::lane(); i < 64; i += 32) {
      Ptx::store_shared(shared + 128 + i, b[static_cast<std::size_t>(i)]);
    }
    Ptx::syncwarp();
    const int matrix = Ptx::lane() / 8;
    const int row = Ptx::lane() % 8;
    std::uint32_t left[4];
    Ptx::ldmatrix<4, false>(left, shared + (row + matrix % 2 * 8) * 8 + matrix / 2 * 4);
    std::uint32_t right[2];
    Ptx::ldmatrix<2, false>(right, shared + 128 + row * 8 + matrix % 2 * 4);
    const auto rounded = [](auto& registers) {
      for (std::uint32_t& r : registers) r = Ptx::to_tf32(std::bit_cast<float>(r));
    };
    rounded(left);
    rounded(right);
    float c[4] = {};
    Ptx::mma_m16n8k8_tf32(c, left, right);
    expect_product(c, [&](int i, int j) {
      double sum = 0;
      for (int k = 0; k < 8; ++k) {
        const auto tf32 = [](float x) { return std::bit_cast<float>(Ptx::to_tf32(x)); };
        sum += double{tf32(a[static_cast<std::size_t>(i * 8 + k)])} *
               tf32(b[static_cast<std::size_t>(j * 8 + k)]);
      }
      return sum;
    });
  });
}

TEST(Mma, Tf32RoundsToNearestTiesAway) {
  EXPECT_EQ(Ptx::to_tf32(1.0f), 0x3f800000u);
  EXPECT_EQ(Ptx::to_tf32(std::bit_cast<float>(0x3f801000u)), 0x3f802000u);
  EXPECT_EQ(Ptx::to_tf32(std::bit_cast<float>(0x3f800fffu)), 0x3f800000u);
  EXPECT_EQ(Ptx::to_tf32(std::bit_cast<float>(0xbf801000u)), 0xbf802000u);
}

// Unrounded operands lose their lower 13 bits.
TEST(Mma, Tf32ReadsNineteenBits) {
  run({}, [](unsigned char*) {
    const auto bits = std::bit_cast<std::uint32_t>(1.0f) | 0x1fffu;
    const std::uint32_t a[4] = {bits, bits, bits, bits};
    const std::uint32_t b[2] = {bits, bits};
    float c[4] = {};
    Ptx::mma_m16n8k8_tf32(c, a, b);
    EXPECT_EQ(c[0], 8.0f);
  });
}

// ex2.approx.ftz.f32
TEST(PtxValues, ExponentialsFlushSubnormalResults) {
  EXPECT_EQ(Ptx::exp2(-126.0f), 0x1p-126f);
  EXPECT_EQ(Ptx::exp2(-126.5f), 0.0f);
  EXPECT_EQ(Ptx::exp2(3.0f), 8.0f);
  EXPECT_TRUE(std::isnan(Ptx::exp2(std::nanf(""))));
}

TEST(MmaFaults, RowOutsideAndMisaligned) {
  const auto load = [](int offset) {
    return [=] {
      run({.shared_bytes = 512}, [=](unsigned char* arena) {
        for (int i = Ptx::lane(); i < 128; i += 32) Ptx::store_shared(arena + 4 * i, i);
        Ptx::syncwarp();
        std::uint32_t r[4];
        Ptx::ldmatrix<4, false>(r, arena + Ptx::lane() * 16 + (Ptx::lane() == 5 ? offset : 0));
      });
    };
  };
  EXPECT_NO_THROW(load(0)());
  EXPECT_THAT(load(8), ThrowsMessage<Fault>(AllOf(HasSubstr("lane 5: ldmatrix.x4 (tests/"),
                                                  HasSubstr("not a multiple of 16"))));
  EXPECT_THAT(load(512), ThrowsMessage<Fault>(HasSubstr("16 bytes at offset 592 of 512")));
}

TEST(MmaFaults, LdmatrixBeforeTheBarrier) {
  EXPECT_THAT(
      [] {
        run({.waves = 2, .shared_bytes = 512}, [](unsigned char* arena) {
          if (Ptx::wave() == 0) {
            Ptx::store_shared(arena + 16 * Ptx::lane(), simt::Words<16>{});
          } else {
            std::uint32_t r[1];
            Ptx::ldmatrix<1, false>(r, arena + 16 * Ptx::lane());
          }
        });
      },
      ThrowsMessage<Fault>(AllOf(HasSubstr("wave 1, lane 0: ldmatrix.x1"),
                                 HasSubstr("by wave 0, lane 0 by store_shared 16 bytes"))));
}

TEST(MmaFaults, LanesThatExecuteDifferentInstructions) {
  EXPECT_THAT(
      [] {
        run({}, [](unsigned char*) {
          const std::uint32_t a[4] = {};
          const std::uint32_t b[2] = {};
          float c[4] = {};
          if (Ptx::lane() == 7) {
            Ptx::mma_m16n8k8_tf32(c, a, b);
          } else {
            Ptx::mma_m16n8k16<f16>(c, a, b);
          }
        });
      },
      ThrowsMessage<Fault>(AllOf(HasSubstr("wave 0, lane 7: mma.sync.m16n8k8.tf32"),
                                 HasSubstr("others execute mma.sync.m16n8k16"))));
}

TEST(MmaFaults, LaneThatDoesNotTakePart) {
  EXPECT_THAT(
      [] {
        run({}, [](unsigned char*) {
          const std::uint32_t a[4] = {};
          const std::uint32_t b[2] = {};
          float c[4] = {};
          if (Ptx::lane() != 3) Ptx::mma_m16n8k16<bf16>(c, a, b);
        });
      },
      ThrowsMessage<Fault>(
          AllOf(HasSubstr("31 of 32 lanes, wave 0 lane 0 first, wait for the wave's other lanes, "
                          "mma.sync.m16n8k16"),
                HasSubstr("1 of 32 lanes, wave 0 lane 3 first, have ended"))));
}

}  // namespace
}  // namespace moat::emulator
