// SPDX-License-Identifier: Apache-2.0
// Every instruction beside plain loops, in tiles of every size.
#include <cpuid.h>
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstring>
#include <random>

#include "tests/executors/amx/interpreted.hpp"

namespace moat::amx {
namespace {

class AmxProducts : public Interpreted {};
class AmxMoves : public Interpreted {};

constexpr std::int64_t kStride = 80;  // more than a row
constexpr std::uint8_t kBeside = 0xa5;

// Rows in memory, with bytes beside them that nothing may change.
struct Rows {
  std::uint8_t bytes[16 * kStride];

  Rows() { std::memset(bytes, kBeside, sizeof bytes); }
  std::uint8_t* row(int r) { return bytes + r * kStride; }
  const std::uint8_t* row(int r) const { return bytes + r * kStride; }
};

template <class T>
T element(const Rows& rows, int row, int i) {
  T x;
  std::memcpy(&x, rows.row(row) + i * static_cast<int>(sizeof(T)), sizeof x);
  return x;
}

// c = c + a · b, by the instruction. All of it is one run of instructions.
#define MOAT_PRODUCT(NAME)                                                                     \
  void run_##NAME(const Configuration& config, Rows& c, const Rows& a, const Rows& b) {        \
    asm volatile(                                                                              \
        "ldtilecfg (%0)\n tileloadd (%1,%4,1), %%tmm0\n tileloadd (%2,%4,1), %%tmm1\n"         \
        "tileloaddt1 (%3,%4,1), %%tmm2\n" #NAME                                                \
        " %%tmm2, %%tmm1, %%tmm0\n tilestored %%tmm0, (%1,%4,1)\n tilerelease" ::"r"(&config), \
        "r"(c.bytes), "r"(a.bytes), "r"(b.bytes), "r"(kStride)                                 \
        : "memory");                                                                           \
  }
MOAT_PRODUCT(tdpbf16ps)
MOAT_PRODUCT(tdpfp16ps)
MOAT_PRODUCT(tdpbssd)
MOAT_PRODUCT(tdpbsud)
MOAT_PRODUCT(tdpbusd)
MOAT_PRODUCT(tdpbuud)
#undef MOAT_PRODUCT
using Run = void(const Configuration&, Rows&, const Rows&, const Rows&);

// Calls f(m, n, k) for tiles of every size, in words.
template <class F>
void for_every_size(F f) {
  for (int m = 1; m <= 16; ++m) {
    for (int n = 1; n <= 16; ++n) {
      for (int k = 1; k <= 16; ++k) f(m, n, k);
    }
  }
}

void expect_untouched_beside(const Rows& c, int rows, int bytes) {
  for (int r = 0; r < 16; ++r) {
    for (int i = r < rows ? bytes : 0; i < kStride; ++i) ASSERT_EQ(c.row(r)[i], kBeside);
  }
}

template <class A, class B>
void check_integers(Run* run) {
  std::mt19937 random(1);
  for_every_size([&](int m, int n, int k) {
    Rows a, b, c;
    const auto fill = [&](Rows& rows, int count, int words) {
      for (int r = 0; r < count; ++r) {
        for (int i = 0; i < 4 * words; ++i) {
          // Now and then the largest and least ones, whose sums go beyond 16 bits.
          const unsigned x = random();
          rows.row(r)[i] = static_cast<std::uint8_t>(x % 5 == 0   ? 0x80
                                                     : x % 5 == 1 ? 0xff
                                                                  : x >> 8);
        }
      }
    };
    fill(a, m, k);
    fill(b, k, n);
    fill(c, m, n);
    const Rows before = c;
    run(configuration(m, n, k), c, a, b);
    for (int row = 0; row < m; ++row) {
      for (int col = 0; col < n; ++col) {
        std::int64_t want = element<std::int32_t>(before, row, col);
        for (int i = 0; i < 4 * k; ++i) {
          want += std::int64_t{element<A>(a, row, i)} * element<B>(b, i / 4, 4 * col + i % 4);
        }
        ASSERT_EQ(element<std::int32_t>(c, row, col), static_cast<std::int32_t>(want))
            << m << " " << n << " " << k;
      }
    }
    expect_untouched_beside(c, m, 4 * n);
  });
}

TEST_F(AmxProducts, SignedTimesSigned) { check_integers<std::int8_t, std::int8_t>(run_tdpbssd); }
TEST_F(AmxProducts, SignedTimesUnsigned) { check_integers<std::int8_t, std::uint8_t>(run_tdpbsud); }
TEST_F(AmxProducts, UnsignedTimesSigned) { check_integers<std::uint8_t, std::int8_t>(run_tdpbusd); }
TEST_F(AmxProducts, UnsignedTimesUnsigned) {
  check_integers<std::uint8_t, std::uint8_t>(run_tdpbuud);
}

// What is smaller than the least normal number becomes a zero of its sign.
float flushed(float x) { return std::fabs(x) < 0x1p-126f ? std::copysign(0.0f, x) : x; }

double value_of_bf16(std::uint16_t x) {
  return flushed(std::bit_cast<float>(std::uint32_t{x} << 16));
}

// 1 bit of sign, 5 of exponent, 10 of mantissa; nothing is flushed.
double value_of_f16(std::uint16_t x) {
  const int exponent = x >> 10 & 31;
  const int mantissa = x & 1023;
  const double size = exponent == 31  ? (mantissa != 0 ? NAN : INFINITY)
                      : exponent == 0 ? std::ldexp(mantissa, -24)
                                      : std::ldexp(1024 + mantissa, exponent - 25);
  return (x & 0x8000) != 0 ? -size : size;
}

// One element of the result, from the operation's description: two sums from 0, added, and added to
// what was there.
template <class Value>
float dot(float before, const Rows& a, const Rows& b, int row, int col, int k, Value value) {
  float sums[2] = {0, 0};
  for (int i = 0; i < 2 * k; ++i) {
    const auto x = static_cast<float>(value(element<std::uint16_t>(a, row, i)));
    const auto y = static_cast<float>(value(element<std::uint16_t>(b, i / 2, 2 * col + i % 2)));
    sums[i % 2] = flushed(std::fmaf(x, y, sums[i % 2]));
  }
  return flushed(flushed(before) + flushed(sums[0] + sums[1]));
}

// CPUID leaf 7, subleaf 1, EAX: bit 21 AMX-FP16.
bool has_binary16() {
  unsigned a = 0;
  unsigned b = 0;
  unsigned c = 0;
  unsigned d = 0;
  return __get_cpuid_count(7, 1, &a, &b, &c, &d) != 0 && (a >> 21 & 1) != 0;
}

template <class Value, class Random>
void check_floats(Run* run, Value value, Random random_half, int specials) {
  std::mt19937 random(2);
  for_every_size([&](int m, int n, int k) {
    Rows a, b, c;
    for (int i = 0; i < 2 * k; ++i) {
      for (int r = 0; r < m; ++r) {
        const std::uint16_t x = random_half(random);
        std::memcpy(a.row(r) + 2 * i, &x, 2);
      }
      for (int col = 0; col < n; ++col) {
        const std::uint16_t x = random_half(random);
        std::memcpy(b.row(i / 2) + 4 * col + 2 * (i % 2), &x, 2);
      }
    }
    for (int r = 0; r < m; ++r) {
      for (int col = 0; col < n; ++col) {
        float x = std::ldexp(static_cast<float>(random() % 4096) - 2048.0f,
                             static_cast<int>(random() % 24) - 24);
        // Subnormal, which counts as 0.
        if (random() % 7 == 0) x = -0x1p-130f;
        std::memcpy(c.row(r) + 4 * col, &x, 4);
      }
    }
    if (specials != 0 && random() % 4 == 0) {
      const auto x = static_cast<std::uint16_t>(specials);  // infinity
      std::memcpy(a.row(m - 1), &x, 2);
    }
    const Rows before = c;
    run(configuration(m, n, k), c, a, b);
    for (int row = 0; row < m; ++row) {
      for (int col = 0; col < n; ++col) {
        const float want = dot(element<float>(before, row, col), a, b, row, col, k, value);
        const auto got = element<float>(c, row, col);
        if (std::isnan(want)) {
          ASSERT_TRUE(std::isnan(got)) << m << " " << n << " " << k;
        } else {
          ASSERT_EQ(std::bit_cast<std::uint32_t>(got), std::bit_cast<std::uint32_t>(want))
              << got << ", not " << want << ": " << m << " " << n << " " << k;
        }
      }
    }
    expect_untouched_beside(c, m, 4 * n);
  });
}

TEST_F(AmxProducts, PairsOfBfloat16) {
  // Magnitudes around 1, and some whose products are subnormal, or that are so themselves.
  check_floats(
      run_tdpbf16ps, value_of_bf16,
      [](std::mt19937& random) {
        const unsigned x = random();
        const unsigned exponent = x % 11 == 0 ? 0 : x % 11 == 1 ? 60 + (x >> 24) % 10 : 123 + x % 8;
        return static_cast<std::uint16_t>((x >> 8 & 0x807f) | exponent << 7);
      },
      0x7f80);
}

TEST_F(AmxProducts, PairsOfBinary16) {
  if (has_matrix_unit() && !has_binary16()) GTEST_SKIP() << "the processor's unit has no AMX-FP16";
  check_floats(
      run_tdpfp16ps, value_of_f16,
      [](std::mt19937& random) {
        const unsigned x = random();
        const unsigned exponent = x % 5 == 0 ? 0 : 1 + (x >> 20) % 30;  // a fifth is subnormal
        return static_cast<std::uint16_t>((x & 0x83ff) | exponent << 10);
      },
      0xfc00);
}

// The order of additions: 2²⁴ + 1 is no f32, so that a sum tells what was added first.
TEST_F(AmxProducts, FirstAndSecondElementsAreSummedApart) {
  Rows a, b, c;
  const auto put = [](Rows& rows, int row, int i, float x) {
    const auto half = static_cast<std::uint16_t>(std::bit_cast<std::uint32_t>(x) >> 16);
    std::memcpy(rows.row(row) + 2 * i, &half, 2);
  };
  // First elements: 2²⁴, 1, −2²⁴ give 0 in that order. Second elements: 1, 1, 0 give 2.
  const float first[] = {0x1p24f, 1, -0x1p24f};
  const float second[] = {1, 1, 0};
  for (int k = 0; k < 3; ++k) {
    put(a, 0, 2 * k, first[k]);
    put(a, 0, 2 * k + 1, second[k]);
    put(b, k, 0, 1);
    put(b, k, 1, 1);
  }
  const float before = 0x1p24f;  // and 2²⁴ + 2 is one
  std::memcpy(c.row(0), &before, 4);
  run_tdpbf16ps(configuration(1, 1, 3), c, a, b);
  EXPECT_EQ(element<float>(c, 0, 0), 0x1p24f + 2);
}

// MXCSR, also where it rounds towards zero and traps, changes nothing and is left as it is.
TEST_F(AmxProducts, TheControlRegisterIsNotConsulted) {
  Rows a, b, c;
  const std::uint16_t subnormal = 1;
  const std::uint16_t one = 0x3f80;
  const float before = 1.5f;
  for (int i = 0; i < 2; ++i) {
    std::memcpy(a.row(0) + 2 * i, &subnormal, 2);
    std::memcpy(b.row(0) + 2 * i, &one, 2);
  }
  std::memcpy(c.row(0), &before, 4);
  const unsigned kept = __builtin_ia32_stmxcsr();
  constexpr unsigned kTowardsZero = 3u << 13;
  __builtin_ia32_ldmxcsr(kTowardsZero);  // all exceptions unmasked
  run_tdpbf16ps(configuration(1, 1, 1), c, a, b);
  const unsigned after = __builtin_ia32_stmxcsr();
  __builtin_ia32_ldmxcsr(kept);
  EXPECT_EQ(after, kTowardsZero);
  EXPECT_EQ(element<float>(c, 0, 0), 1.5f);
}

TEST_F(AmxMoves, LoadsClearWhatIsBeyondATile) {
  std::mt19937 random(3);
  for (int rows = 1; rows <= 16; ++rows) {
    for (int bytes = 4; bytes <= 64; bytes += 4) {
      Configuration small = configuration(16, 16, 16);
      small.rows[0] = static_cast<std::uint8_t>(rows);
      small.row_bytes[0] = static_cast<std::uint16_t>(bytes);
      Rows from, to;
      for (int r = 0; r < rows; ++r) {
        for (int i = 0; i < bytes; ++i) from.row(r)[i] = static_cast<std::uint8_t>(random());
      }
      asm volatile(
          "ldtilecfg (%0)\n tileloadd (%1,%3,1), %%tmm0\n tilestored %%tmm0, (%2,%3,1)\n"
          "tilerelease" ::"r"(&small),
          "r"(from.bytes), "r"(to.bytes), "r"(kStride)
          : "memory");
      for (int r = 0; r < rows; ++r) {
        ASSERT_EQ(std::memcmp(from.row(r), to.row(r), static_cast<std::size_t>(bytes)), 0);
      }
      expect_untouched_beside(to, rows, bytes);
    }
  }
}

TEST_F(AmxMoves, StridesAreScaledAndMayBeNegative) {
  Rows from, to;
  for (int r = 0; r < 16; ++r) std::memset(from.row(r), r + 1, 64);
  const Configuration config = configuration(8, 16, 16);
  asm volatile(
      "ldtilecfg (%0)\n tileloadd 80(%1,%3,2), %%tmm0\n tilestored %%tmm0, (%2,%4,1)\n"
      "tilerelease" ::"r"(&config),
      "r"(from.bytes), "r"(to.row(7)), "r"(kStride), "r"(-kStride)
      : "memory");
  for (int r = 0; r < 8; ++r) EXPECT_EQ(to.row(7 - r)[63], 2 * r + 2) << r;
}

TEST_F(AmxMoves, ZeroAndConfigurationClearTiles) {
  Rows ones, after_zero, after_configuration;
  std::memset(ones.bytes, 1, sizeof ones.bytes);
  const Configuration config = configuration(16, 16, 16);
  asm volatile(
      "ldtilecfg (%0)\n tileloadd (%1,%4,1), %%tmm0\n tileloadd (%1,%4,1), %%tmm1\n"
      "tilezero %%tmm0\n tilestored %%tmm0, (%2,%4,1)\n ldtilecfg (%0)\n"
      "tilestored %%tmm1, (%3,%4,1)\n tilerelease" ::"r"(&config),
      "r"(ones.bytes), "r"(after_zero.bytes), "r"(after_configuration.bytes), "r"(kStride)
      : "memory");
  for (int r = 0; r < 16; ++r) {
    for (int i = 0; i < 64; ++i) {
      ASSERT_EQ(after_zero.row(r)[i], 0);
      ASSERT_EQ(after_configuration.row(r)[i], 0);
    }
  }
}

TEST_F(AmxMoves, ConfigurationIsStoredAsItWasLoaded) {
  Configuration config = configuration(3, 5, 7);
  config.rows[7] = 16;
  config.row_bytes[7] = 64;
  Configuration got = {};
  Configuration released;
  std::memset(&released, 1, sizeof released);
  asm volatile("ldtilecfg (%0)\n sttilecfg (%1)\n tilerelease\n sttilecfg (%2)" ::"r"(&config),
               "r"(&got), "r"(&released)
               : "memory");
  EXPECT_EQ(std::memcmp(&got, &config, sizeof got), 0);
  const Configuration none = {};
  EXPECT_EQ(std::memcmp(&released, &none, sizeof none), 0);
}

}  // namespace
}  // namespace moat::amx
