// SPDX-License-Identifier: Apache-2.0
// wgmma against plain products, in every layout of its operands, and the faults of its protocol.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <vector>

#include "tests/emulator/ptx.hpp"
#include "tests/emulator/random_matrix.hpp"

namespace moat::emulator {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

constexpr int kM = 64;
constexpr int kK = 16;

// Where a kernel would put an element of a tile that TMA loads in boxes of one swizzle span:
// `along` is the contiguous coordinate, `across` the other one, of which there are `height`.
int placed(Swizzle s, int along, int across, int height, int size = 2) {
  const int span = static_cast<int>(bytes_of(s)) / size;  // elements
  const int byte = (along / span * height + across) * span * size + along % span * size;
  const int row = byte / 128;
  switch (s) {
    case Swizzle::b128:
      return byte ^ row % 8 * 16;
    case Swizzle::b64:
      return byte ^ row % 4 * 16;
    case Swizzle::b32:
      return byte ^ row % 2 * 16;
    default:
      return byte;
  }
}

std::uint64_t descriptor(std::uint64_t address, Swizzle s, int leading, int stride) {
  const std::uint64_t mode = s == Swizzle::b128  ? 1
                             : s == Swizzle::b64 ? 2
                             : s == Swizzle::b32 ? 3
                                                 : 0;
  return address / 16 | static_cast<std::uint64_t>(leading) / 16 << 16 |
         static_cast<std::uint64_t>(stride) / 16 << 32 | mode << 62;
}

// K-major: groups of 8 rows follow each other; without a swizzle columns of 8 are a box apart.
std::uint64_t k_major(std::uint64_t address, Swizzle s, int rows) {
  return descriptor(address, s, s == Swizzle::none ? rows * 16 : 16,
                    8 * static_cast<int>(bytes_of(s)));
}
// N-major: boxes follow each other along n. Without a swizzle that is the stride.
std::uint64_t n_major(std::uint64_t address, Swizzle s, int depth) {
  const int box = depth * static_cast<int>(bytes_of(s));
  const int eight = 8 * static_cast<int>(bytes_of(s));
  return s == Swizzle::none ? descriptor(address, s, eight, box)
                            : descriptor(address, s, box, eight);
}

enum class Omit : std::uint8_t { nothing, wait, fence, proxy_fence, barrier };

template <class T, int kN, bool kNMajor, bool kRegisters>
void product(Swizzle s, Omit omit = Omit::nothing) {
  const auto a = random_matrix<T>(kM * kK, 1);
  const auto b = random_matrix<T>(kK * kN, 2);  // k × n
  // Tiles are as deep as the swizzle's span; the product takes their second 16, if they have some.
  const int depth = std::max(kK, static_cast<int>(bytes_of(s)) / 2);
  const int first = depth - kK;
  const int b_begin = 64 * 128;
  const int shared = b_begin + std::max(kN, 64) * 128 * 2;
  run({.waves = 4, .shared_bytes = static_cast<std::size_t>(shared)}, [&](unsigned char* arena) {
    const int thread = 32 * Ptx::wave() + Ptx::lane();
    for (int i = thread; i < kM * kK; i += 128) {
      Ptx::store_shared(arena + placed(s, first + i % kK, i / kK, kM),
                        a[static_cast<std::size_t>(i)]);
    }
    for (int i = thread; i < kK * kN; i += 128) {
      const int k = i / kN;
      const int n = i % kN;
      const int at = kNMajor ? placed(s, n, k, kK) : placed(s, first + k, n, kN);
      Ptx::store_shared(arena + b_begin + at, b[static_cast<std::size_t>(i)]);
    }
    if (omit != Omit::proxy_fence) Ptx::fence_async_shared();
    if (omit != Omit::barrier) Ptx::barrier();
    const std::uint64_t at = Ptx::shared_address(arena);
    // Unswizzled, 16 columns deep, `first` is 0.
    const std::uint64_t skip = static_cast<std::uint64_t>(first) * 2;
    const std::uint64_t da = k_major(at + skip, s, kM);
    const std::uint64_t db =
        kNMajor ? n_major(at + b_begin, s, kK) : k_major(at + b_begin + skip, s, kN);
    float c[kN / 2];
    std::fill(std::begin(c), std::end(c), 2.0f);
    if (omit != Omit::fence) Ptx::wgmma_fence();
    if constexpr (kRegisters) {
      std::uint32_t left[4];
      const int row = 16 * Ptx::wave() + Ptx::lane() / 4;
      const int col = Ptx::lane() % 4 * 2;
      for (int r = 0; r < 4; ++r) {
        const auto at_row = static_cast<std::size_t>((row + r % 2 * 8) * kK + col + r / 2 * 8);
        left[r] = a[at_row].bits | std::uint32_t{a[at_row + 1].bits} << 16;
      }
      Ptx::wgmma<T, kN, kNMajor>(c, left, db);
    } else {
      Ptx::wgmma<T, kN, kNMajor>(c, da, db);
    }
    Ptx::wgmma_commit();
    EXPECT_EQ(c[0], 2.0f) << "computed before it is waited for";
    if (omit != Omit::wait) Ptx::wgmma_wait<0>();
    if (omit == Omit::wait) return;
    for (int tile = 0; tile < kN / 8; ++tile) {
      for (int half = 0; half < 2; ++half) {
        for (int pair = 0; pair < 2; ++pair) {
          const int row = 16 * Ptx::wave() + Ptx::lane() / 4 + 8 * half;
          const int col = 8 * tile + Ptx::lane() % 4 * 2 + pair;
          double sum = 2;
          for (int k = 0; k < kK; ++k) {
            sum += double{to_float(a[static_cast<std::size_t>(row * kK + k)])} *
                   to_float(b[static_cast<std::size_t>(k * kN + col)]);
          }
          ASSERT_NEAR(c[4 * tile + 2 * half + pair], sum, 1e-5) << row << ' ' << col;
        }
      }
    }
  });
}

class WgmmaLayout : public ::testing::TestWithParam<Swizzle> {};

TEST_P(WgmmaLayout, KMajor) {
  product<f16, 64, false, false>(GetParam());
  product<bf16, 128, false, false>(GetParam());
  product<f16, 8, false, false>(GetParam());
}

TEST_P(WgmmaLayout, NMajor) {
  product<bf16, 64, true, false>(GetParam());
  product<f16, 256, true, false>(GetParam());
}

TEST_P(WgmmaLayout, LeftFromRegisters) {
  product<bf16, 64, true, true>(GetParam());
  product<f16, 64, false, true>(GetParam());
}

// −3 … 3, whose sums of products are exact.
template <class C>
std::vector<C> integers(int count, unsigned seed) {
  std::mt19937 generator(seed);
  std::vector<C> out(static_cast<std::size_t>(count));
  for (C& x : out) x = encode<C>(static_cast<float>(generator() % 7) - 3);
  return out;
}

// `more`: what the stride of B's groups of eight columns is too large by.
template <class C, int kN>
void product_of_codes(Swizzle s, bool adds, int more = 0) {
  constexpr int kDeep = 32;
  const auto a = integers<C>(kM * kDeep, 1);
  const auto b = integers<C>(kDeep * kN, 2);  // k × n
  // Tiles are as deep as the swizzle's span; the product takes their last 32.
  const int first = std::max(kDeep, static_cast<int>(bytes_of(s))) - kDeep;
  constexpr int kBBegin = kM * 128;
  const std::size_t shared = kBBegin + kN * 128;
  run({.waves = 4, .shared_bytes = shared}, [&](unsigned char* arena) {
    const int thread = 32 * Ptx::wave() + Ptx::lane();
    for (int i = thread; i < kM * kDeep; i += 128) {
      Ptx::store_shared(arena + placed(s, first + i % kDeep, i / kDeep, kM, 1),
                        a[static_cast<std::size_t>(i)]);
    }
    for (int i = thread; i < kDeep * kN; i += 128) {
      Ptx::store_shared(arena + kBBegin + placed(s, first + i / kN, i % kN, kN, 1),
                        b[static_cast<std::size_t>(i)]);
    }
    Ptx::fence_async_shared();
    Ptx::barrier();
    const std::uint64_t at = Ptx::shared_address(arena) + static_cast<std::uint64_t>(first);
    const std::uint64_t stride = static_cast<std::uint64_t>(more) / 16 << 32;
    float c[kN / 2];
    std::fill(std::begin(c), std::end(c), 5.0f);
    Ptx::wgmma_fence();
    Ptx::wgmma<C, kN>(c, k_major(at, s, kM), k_major(at + kBBegin, s, kN) + stride, adds);
    Ptx::wgmma_commit();
    EXPECT_EQ(c[0], 5.0f) << "computed before it is waited for";
    Ptx::wgmma_wait<0>();
    for (int i = 0; i < kN / 2; ++i) {
      const int row = 16 * Ptx::wave() + Ptx::lane() / 4 + 8 * (i / 2 % 2);
      const int col = 8 * (i / 4) + Ptx::lane() % 4 * 2 + i % 2;
      float sum = adds ? 5 : 0;
      for (int k = 0; k < kDeep; ++k) {
        sum += decode(a[static_cast<std::size_t>(row * kDeep + k)]) *
               decode(b[static_cast<std::size_t>(k * kN + col)]);
      }
      ASSERT_EQ(c[i], sum) << row << ' ' << col;
    }
  });
}

TEST_P(WgmmaLayout, Codes) {
  product_of_codes<e4m3, 8>(GetParam(), true);
  product_of_codes<e5m2, 64>(GetParam(), true);
  product_of_codes<e4m3, 128>(GetParam(), false);
  product_of_codes<e4m3, 256>(GetParam(), true);
}

TEST(WgmmaCodes, AWrongStrideReachesOtherMemory) {
  EXPECT_THAT(([] { product_of_codes<e4m3, 64>(Swizzle::b128, true, 1024); }),
              ThrowsMessage<Fault>(AllOf(HasSubstr("wgmma operand B"), HasSubstr("at offset"))));
}

INSTANTIATE_TEST_SUITE_P(Swizzles, WgmmaLayout,
                         ::testing::Values(Swizzle::none, Swizzle::b32, Swizzle::b64,
                                           Swizzle::b128),
                         [](const auto& i) { return std::to_string(bytes_of(i.param)); });

TEST(WgmmaFaults, MissingFences) {
  EXPECT_THAT(
      ([] { product<f16, 64, false, false>(Swizzle::b128, Omit::fence); }),
      ThrowsMessage<Fault>(AllOf(HasSubstr("lane 31: wgmma (tests/emulator/wgmma_test.cpp:"),
                                 HasSubstr("no wgmma_fence since"))));
  EXPECT_THAT(([] { product<f16, 64, false, false>(Swizzle::b128, Omit::proxy_fence); }),
              ThrowsMessage<Fault>(AllOf(
                  HasSubstr("block 0, wave 0, lane 0: wgmma operand A"),
                  HasSubstr("reads what was written by wave 0, lane 0 by store_shared 2 bytes"),
                  HasSubstr("with no fence_async_shared after it"))));
}

TEST(WgmmaFaults, MissingBarrier) {
  EXPECT_THAT(
      ([] { product<f16, 64, false, false>(Swizzle::b128, Omit::barrier); }),
      ThrowsMessage<Fault>(AllOf(HasSubstr("wgmma operand A"), HasSubstr("reads what was written"),
                                 HasSubstr("by store_shared 2 bytes"))));
}

// A tile of zeros at `begin`; then f runs in 128 lanes with a descriptor of it.
template <class F>
auto on_zeros(F f, int waves = 4) {
  return [=] {
    run({.waves = waves, .shared_bytes = 16384}, [=](unsigned char* arena) {
      for (int i = 32 * Ptx::wave() + Ptx::lane(); i < 1024; i += 32 * waves) {
        Ptx::store_shared(arena + 16 * i, simt::Words<16>{});
      }
      Ptx::fence_async_shared();
      Ptx::barrier();
      f(arena, k_major(Ptx::shared_address(arena), Swizzle::b128, 64));
    });
  };
}

TEST(WgmmaFaults, StageIsOverwrittenBeforeTheWait) {
  const auto reuse = [](bool wait_first) {
    return on_zeros([=](unsigned char* arena, std::uint64_t d) {
      float c[32] = {};
      Ptx::wgmma_fence();
      Ptx::wgmma<bf16, 64, false>(c, d, d);
      Ptx::wgmma_commit();
      if (wait_first) Ptx::wgmma_wait<0>();
      Ptx::barrier();
      if (Ptx::wave() == 0) Ptx::store_shared(arena + 128 * Ptx::lane(), 1);
      Ptx::wgmma_wait<0>();
    });
  };
  EXPECT_NO_THROW(reuse(true)());
  EXPECT_THAT(reuse(false),
              ThrowsMessage<Fault>(AllOf(
                  HasSubstr("wave 0, lane 0: store_shared 4 bytes"),
                  HasSubstr("overwrites what was read by warpgroup 0 by wgmma (tests/emulator/"))));
}

TEST(WgmmaFaults, AccumulatorsAreTouchedUnderWay) {
  EXPECT_THAT(on_zeros([](unsigned char*, std::uint64_t d) {
                float c[32] = {};
                Ptx::wgmma_fence();
                Ptx::wgmma<bf16, 64, false>(c, d, d);
                Ptx::wgmma_commit();
                if (Ptx::wave() == 2 && Ptx::lane() == 6) c[5] = 1;
                Ptx::wgmma_wait<0>();
              }),
              ThrowsMessage<Fault>(AllOf(HasSubstr("wave 2, lane 6: wgmma"),
                                         HasSubstr("accumulators were changed"))));
}

// Sums of codes have 13 fraction bits.
TEST(WgmmaCodes, TheAccumulatorIsTruncated) {
  on_zeros([](unsigned char*, std::uint64_t d) {
    float c[32];
    std::fill(std::begin(c), std::end(c), -0x1.ffffp0f);
    Ptx::wgmma_fence();
    Ptx::wgmma<e4m3, 64>(c, d, d, true);
    Ptx::wgmma_commit();
    Ptx::wgmma_wait<0>();
    EXPECT_EQ(c[31], -0x1.fff8p0f);
  })();
}

TEST(WgmmaFaults, LanesThatDisagree) {
  EXPECT_THAT(on_zeros([](unsigned char*, std::uint64_t d) {
                float c[32] = {};
                Ptx::wgmma_fence();
                Ptx::wgmma<e4m3, 64>(c, d, d, Ptx::wave() != 2);
                Ptx::wgmma_commit();
                Ptx::wgmma_wait<0>();
              }),
              ThrowsMessage<Fault>(AllOf(HasSubstr("wave 2, lane 0: wgmma"),
                                         HasSubstr("differ from those of the warpgroup's"))));
  EXPECT_THAT(
      on_zeros([](unsigned char*, std::uint64_t d) {
        float c[32] = {};
        Ptx::wgmma_fence();
        const bool odd = Ptx::wave() == 1 && Ptx::lane() == 3;
        Ptx::wgmma<bf16, 64, false>(c, d, odd ? d + 2 : d);
        Ptx::wgmma_commit();
        Ptx::wgmma_wait<0>();
      }),
      ThrowsMessage<Fault>(AllOf(HasSubstr("wave 1, lane 3: wgmma"), HasSubstr("descriptors"))));
  EXPECT_THAT(on_zeros([](unsigned char*, std::uint64_t d) {
                float c[32] = {};
                if (Ptx::wave() == 3) return;
                Ptx::wgmma_fence();
                Ptx::wgmma<bf16, 64, false>(c, d, d);
                Ptx::wgmma_commit();
                Ptx::wgmma_wait<0>();
              }),
              ThrowsMessage<Fault>(
                  AllOf(HasSubstr("96 of 128 lanes, wave 0 lane 0 first, wait for the warpgroup's "
                                  "other lanes to commit group 1, wgmma_wait"),
                        HasSubstr("wave 3 lane 0 first, have ended"))));
}

TEST(WgmmaFaults, OperandOutsideAndUnaligned) {
  const auto with = [](std::uint64_t add) {
    return on_zeros([=](unsigned char*, std::uint64_t d) {
      float c[32] = {};
      Ptx::wgmma_fence();
      Ptx::wgmma<bf16, 64, false>(c, d, d + add);
      Ptx::wgmma_commit();
      Ptx::wgmma_wait<0>();
    });
  };
  EXPECT_NO_THROW(with(2)());  // the next 16 columns
  EXPECT_THAT(with(16384 / 16), ThrowsMessage<Fault>(AllOf(HasSubstr("wgmma operand B"),
                                                           HasSubstr("of 16384 bytes"))));
  EXPECT_THAT(with(128 / 16), ThrowsMessage<Fault>(HasSubstr("not where its swizzle does")));
}

TEST(WgmmaFaults, NoWarpgroup) {
  EXPECT_THAT(on_zeros([](unsigned char*, std::uint64_t) { Ptx::wgmma_fence(); }, 3),
              ThrowsMessage<Fault>(HasSubstr("not in a warpgroup")));
}

// Two groups under way on their own accumulators; the first is complete when one may be pending.
TEST(Wgmma, GroupsCompleteInOrder) {
  on_zeros([](unsigned char*, std::uint64_t d) {
    const std::uint32_t ones[4] = {};
    float c[32] = {};
    float e[32] = {};
    Ptx::wgmma_fence();
    Ptx::wgmma<bf16, 64, false>(c, ones, d);
    Ptx::wgmma_commit();
    Ptx::wgmma<bf16, 64, false>(e, d, d);
    Ptx::wgmma_commit();
    Ptx::wgmma_wait<1>();
    c[0] += 1;
    Ptx::wgmma_wait<0>();
    EXPECT_EQ(c[0], 1.0f);
    EXPECT_EQ(e[0], 0.0f);
  })();
}

}  // namespace
}  // namespace moat::emulator
