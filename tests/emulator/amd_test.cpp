// SPDX-License-Identifier: Apache-2.0
// AMD's matrix instructions against plain products, and loads from buffers.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cstring>
#include <random>

#include "tests/emulator/amdgpu.hpp"
#include "tests/emulator/global_memory.hpp"

namespace moat::emulator {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

using Matrix = std::array<std::array<float, 16>, 16>;

template <class T>
Matrix random_matrix(unsigned seed) {
  std::mt19937 generator(seed);
  std::uniform_real_distribution<float> uniform(-1, 1);
  Matrix out{};
  for (auto& row : out) {
    for (float& x : row) x = to_float(from_float<T>(uniform(generator)));
  }
  return out;
}

double product(const Matrix& a, const Matrix& b, std::size_t depth, std::size_t i, std::size_t j) {
  double sum = 0;
  for (std::size_t k = 0; k < depth; ++k) sum += double{a[i][k]} * b[k][j];
  return sum;
}

template <class T>
std::uint32_t packed(float low, float high) {
  return from_float<T>(low).bits | std::uint32_t{from_float<T>(high).bits} << 16;
}

// A wave of 64 is four rows of 16 lanes: row q holds contraction indices 4q … 4q + 3 of the
// operands and rows 4q … 4q + 3 of the result.
template <class T>
void mfma_16_bit() {
  const Matrix a = random_matrix<T>(1);
  const Matrix b = random_matrix<T>(2);
  run({.wave_width = 64}, [&](unsigned char*) {
    for (std::size_t q = 0; q < 4; ++q) {
      for (std::size_t x = 0; x < 16; ++x) {
        if (place().lane != static_cast<int>(16 * q + x)) continue;
        const std::uint32_t left[2] = {packed<T>(a[x][4 * q], a[x][4 * q + 1]),
                                       packed<T>(a[x][4 * q + 2], a[x][4 * q + 3])};
        const std::uint32_t right[2] = {packed<T>(b[4 * q][x], b[4 * q + 1][x]),
                                        packed<T>(b[4 * q + 2][x], b[4 * q + 3][x])};
        float c[4] = {1, 1, 1, 1};
        Amdgpu<64>::mfma_16x16x16<T>(c, left, right);
        for (std::size_t i = 0; i < 4; ++i) {
          EXPECT_NEAR(c[i], 1 + product(a, b, 16, 4 * q + i, x), 1e-5);
        }
      }
    }
  });
}

TEST(Mfma, SixteenBitProducts) {
  mfma_16_bit<f16>();
  mfma_16_bit<bf16>();
}

// Lane l holds rows and columns l % 16; the products of row 0 and column 0 have a subnormal factor.
template <class T>
void mfma_of_subnormal_operands(float tiny, float factor) {
  const auto result = [&](std::size_t row, int col) {
    float found = 0;
    run({.wave_width = 64}, [&](unsigned char*) {
      const float x = place().lane % 16 == 0 ? tiny : factor;
      const std::uint32_t both[2] = {packed<T>(x, x), packed<T>(x, x)};
      float c[4] = {};
      Amdgpu<64>::mfma_16x16x16<T>(c, both, both);
      if (place().lane == col) found = c[row];
    });
    return found;
  };
  EXPECT_EQ(result(0, 1), 16 * tiny * factor);
  const amd::FlushedSubnormals as_gfx90a;
  EXPECT_EQ(result(0, 1), 0);
  EXPECT_EQ(result(1, 0), 0);
  EXPECT_EQ(result(1, 1), 16 * factor * factor);
}

TEST(Mfma, SubnormalOperandsCountAsZeroOnGfx90a) {
  mfma_of_subnormal_operands<f16>(0x1p-15f, 1);
  mfma_of_subnormal_operands<bf16>(0x1p-130f, 0x1p20f);
}

TEST(Mfma, F32Products) {
  const Matrix a = random_matrix<float>(3);
  const Matrix b = random_matrix<float>(4);
  run({.wave_width = 64}, [&](unsigned char*) {
    for (std::size_t q = 0; q < 4; ++q) {
      for (std::size_t x = 0; x < 16; ++x) {
        if (place().lane != static_cast<int>(16 * q + x)) continue;
        float c[4] = {};
        Amdgpu<64>::mfma_16x16x4(c, a[x][q], b[q][x]);
        for (std::size_t i = 0; i < 4; ++i) {
          EXPECT_NEAR(c[i], product(a, b, 4, 4 * q + i, x), 1e-5);
        }
      }
    }
  });
}

// Both halves of the wave hold a row of A and a column of B; the lower one gets the even rows of
// the result. `odd_lane` deviates in operand B.
template <class T>
void wmma(int odd_lane = -1) {
  const Matrix a = random_matrix<T>(5);
  const Matrix b = random_matrix<T>(6);
  run({}, [&](unsigned char*) {
    const auto x = static_cast<std::size_t>(place().lane % 16);
    std::uint32_t left[8];
    std::uint32_t right[8];
    for (std::size_t k = 0; k < 8; ++k) {
      left[k] = packed<T>(a[x][2 * k], a[x][2 * k + 1]);
      right[k] = packed<T>(b[2 * k][x], b[2 * k + 1][x]);
    }
    if (place().lane == odd_lane) right[3] ^= 1;
    float c[8] = {};
    Amdgpu<32>::wmma_16x16x16<T>(c, left, right);
    for (std::size_t i = 0; i < 8; ++i) {
      const std::size_t row = 2 * i + (place().lane < 16 ? 0 : 1);
      EXPECT_NEAR(c[i], product(a, b, 16, row, x), 1e-5);
    }
  });
}

TEST(Wmma, SixteenBitProducts) {
  wmma<f16>();
  wmma<bf16>();
}

TEST(WmmaFaults, HalfWavesThatDiffer) {
  EXPECT_THAT([] { wmma<f16>(21); },
              ThrowsMessage<Fault>(AllOf(HasSubstr("wave 0, lane 21: v_wmma_f32_16x16x16 (tests/"),
                                         HasSubstr("operand B is not that of the lane 16 below"))));
}

TEST(MfmaFaults, LaneThatDoesNotTakePart) {
  EXPECT_THAT(
      [] {
        run({.wave_width = 64}, [](unsigned char*) {
          float c[4] = {};
          if (place().lane != 63) Amdgpu<64>::mfma_16x16x4(c, 1, 1);
        });
      },
      ThrowsMessage<Fault>(AllOf(HasSubstr("63 of 64 lanes"), HasSubstr("v_mfma_f32_16x16x4_f32"),
                                 HasSubstr("wave 0 lane 63 first, have ended"))));
}

constexpr std::uint32_t kCdna = 0x00027000;
constexpr std::uint32_t kRdna3 = 0x31027000;

// What a wave reads at `stride` bytes per lane, from a buffer of `bytes` bytes: 64 numbered words,
// of which only the first 32 are memory of the device.
template <int kWidth, std::uint32_t kFormat>
std::array<simt::Words<16>, 64> buffer_loads(unsigned bytes, unsigned stride, unsigned begin = 0) {
  alignas(16) std::array<std::uint32_t, 64> words{};
  for (std::uint32_t i = 0; i < words.size(); ++i) words[i] = i + 1;
  const GlobalMemory known(words.data(), 128);
  std::array<simt::Words<16>, 64> loaded{};
  run({.wave_width = kWidth}, [&](unsigned char*) {
    const auto lane = static_cast<unsigned>(place().lane);
    loaded[lane] = Amdgpu<kWidth>::template buffer_load<kFormat>(
        reinterpret_cast<const unsigned char*>(words.data()) + begin, bytes, lane * stride);
  });
  return loaded;
}

TEST(BufferLoad, IsZeroOutsideItsRange) {
  const auto check = [](const auto& loaded, std::size_t lanes, std::size_t inside) {
    for (std::size_t lane = 0; lane < lanes; ++lane) {
      for (std::uint32_t w = 0; w < 4; ++w) {
        const auto want = static_cast<std::uint32_t>(4 * lane) + w + 1;
        EXPECT_EQ(loaded[lane].words[w], lane < inside ? want : 0) << lane << ' ' << w;
      }
    }
  };
  check(buffer_loads<64, kCdna>(128, 16), 64, 8);
  check(buffer_loads<64, kCdna>(48, 16), 64, 3);
  check(buffer_loads<64, kCdna>(0, 16), 64, 0);
  check(buffer_loads<32, kRdna3>(128, 16), 32, 8);
  // Far behind it: odd lanes; 32 bits of the even ones' offsets are 0.
  const auto far = buffer_loads<64, kCdna>(128, 1u << 31);
  for (std::size_t lane = 0; lane < 64; ++lane) {
    EXPECT_EQ(far[lane].words[0], lane % 2 == 0 ? 1u : 0u) << lane;
  }
}

TEST(BufferLoadFaults, RangesThatHardwareDoesNotCheck) {
  EXPECT_THAT(
      ([] { buffer_loads<64, kCdna>(144, 16); }),
      ThrowsMessage<Fault>(AllOf(
          HasSubstr("block 0, wave 0, lane 8: buffer_load 16 bytes (tests/emulator/amd_test"),
          HasSubstr("outside every allocation"))));
  EXPECT_THAT(([] { buffer_loads<32, kRdna3>(120, 16); }),
              ThrowsMessage<Fault>(
                  AllOf(HasSubstr("lane 7"), HasSubstr("partly in range: 8 bytes of 16"))));
  EXPECT_THAT(([] { buffer_loads<64, kCdna>(64, 16, 2); }),
              ThrowsMessage<Fault>(HasSubstr("misaligned")));
  EXPECT_THAT(([] { buffer_loads<64, 0>(128, 16); }),
              ThrowsMessage<Fault>(HasSubstr("without DATA_FORMAT")));
  EXPECT_THAT(([] { buffer_loads<32, kCdna>(128, 16); }),
              ThrowsMessage<Fault>(HasSubstr("OOB_SELECT is not 3")));
}

// Lanes of a wave do not see each other's stores in a program that compilers may reorder.
TEST(AmdFaults, LanesOfAWaveWithoutSyncwarp) {
  EXPECT_THAT(
      [] {
        run({.wave_width = 64, .shared_bytes = 256}, [](unsigned char* arena) {
          using Isa = Amdgpu<64>;
          Isa::store_shared(arena + 4 * Isa::lane(), 1);
          Isa::load_shared<int>(arena + Isa::lane() / 2 * 8);
        });
      },
      ThrowsMessage<Fault>(
          AllOf(HasSubstr("lane 1: load_shared"), HasSubstr("no syncwarp between"))));
}

}  // namespace
}  // namespace moat::emulator
