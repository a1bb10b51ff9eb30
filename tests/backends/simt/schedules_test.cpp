// SPDX-License-Identifier: Apache-2.0
// What the GPUs' tables choose for a device.
#include "backends/cuda/schedules.hpp"

#include <gtest/gtest.h>

#include <tuple>
#include <utility>

#include "backends/hip/schedules.hpp"

namespace moat {
namespace {

// m, n and k of a tile, and its waves.
using Tile = std::tuple<int, int, int, int>;

// Operands that boxes can be copied from, and those that they cannot.
constexpr std::uintptr_t kAligned = 4096;
constexpr std::uintptr_t kUnaligned = 4098;

template <class T, class Schedules>
Tile chosen(int units, int m, int n, int k = 4096, std::uintptr_t address = kUnaligned) {
  simt::DeviceFacts facts = Schedules::kReference;
  facts.compute_units = units;
  const auto* data = reinterpret_cast<const void*>(address);
  Tile tile;
  Schedules(facts).template gemm<T>(
      GemmProblem{.dtype = kDType<T>, .m = m, .n = n, .k = k, .a = data, .b = data},
      [&]<class S>(Type<S>) {
        tile = {S::m, S::n, S::k, S::kWarps};
      });
  return tile;
}

// With a result of `tiles` tiles side by side the schedule is `small` as long as they are fewer
// than `units` × `per_unit`, then `large`; for any device.
template <class T, class Schedules>
void expect_change_at_units(const Tile& small, const Tile& large, int per_unit = 1) {
  const auto [m, n, k, warps] = large;
  for (const int units : {1, 46, 64, 96, 104, 108, 120, 128, 132, 304}) {
    const int tiles = units * per_unit;
    if (tiles > 1) {
      EXPECT_EQ((chosen<T, Schedules>(units, m, (tiles - 1) * n)), small) << units;
    }
    EXPECT_EQ((chosen<T, Schedules>(units, m, tiles * n)), large) << units;
    EXPECT_EQ((chosen<T, Schedules>(units, (tiles - 1) * m + 17, n)), large) << units;
  }
}

TEST(Schedules, FewerTilesThanTheDeviceHasUnitsAreMadeSmaller) {
  expect_change_at_units<f16, cuda::Sm80Schedules>({64, 64, 64, 4}, {128, 128, 32, 4});
  expect_change_at_units<float, cuda::Sm80Schedules>({64, 64, 32, 4}, {128, 64, 32, 4});
  expect_change_at_units<bf16, cuda::Sm90aSchedules>({64, 64, 64, 4}, {128, 128, 32, 4});
  expect_change_at_units<f16, hip::CdnaSchedules>({64, 64, 64, 4}, {128, 128, 32, 4});
  expect_change_at_units<float, hip::CdnaSchedules>({64, 64, 32, 4}, {128, 128, 16, 4});
  expect_change_at_units<bf16, hip::Rdna3Schedules>({64, 64, 64, 4}, {128, 128, 32, 8});
  expect_change_at_units<float, hip::Rdna3Schedules>({64, 64, 8, 4}, {128, 64, 8, 4}, 2);
  expect_change_at_units<f16, hip::PlainSchedules>({64, 64, 16, 4}, {128, 64, 16, 4}, 2);
}

// Units say nothing of what memory binds, nor of grids that are as large as the device.
TEST(Schedules, OtherChoicesAreTheSameOnEveryDevice) {
  for (const int units : {1, 108, 1000}) {
    EXPECT_EQ((chosen<f16, cuda::Sm80Schedules>(units, 16, 8192)), Tile(16, 64, 64, 4));
    EXPECT_EQ((chosen<float, cuda::Sm80Schedules>(units, 17, 8192, 31)), Tile(64, 64, 16, 4));
    EXPECT_EQ((chosen<f16, hip::CdnaSchedules>(units, 16, 8192)), Tile(16, 32, 128, 1));
    EXPECT_EQ((chosen<f16, hip::Rdna3Schedules>(units, 16, 8192)), Tile(16, 32, 64, 1));
    EXPECT_EQ((chosen<f16, hip::PlainSchedules>(units, 16, 8192)), Tile(16, 64, 64, 4));
    EXPECT_EQ((chosen<f16, cuda::Sm90aSchedules>(units, 16, 8192, 4096, kAligned)),
              Tile(16, 64, 64, 4));
  }
}

int columns_of(int units, int m, int n) {
  return std::get<1>(chosen<bf16, cuda::Sm90aSchedules>(units, m, n, 4096, kAligned));
}

// Tiles of 128 × 256, as long as narrower ones would not fill a device much better.
TEST(Schedules, BoxesAreAsWideAsTheyFillTheDevice) {
  EXPECT_EQ((chosen<f16, cuda::Sm90aSchedules>(132, 8192, 8192, 4096, kAligned)),
            Tile(128, 256, 64, 12));
  EXPECT_EQ((chosen<f16, cuda::Sm90aSchedules>(132, 512, 4096, 4096, kAligned)),
            Tile(128, 128, 64, 12));
  EXPECT_EQ((chosen<f16, cuda::Sm90aSchedules>(132, 1024, 1024, 1024, kAligned)),
            Tile(128, 64, 64, 12));
  for (const int units : {78, 114, 132}) {
    for (const int m : {17, 128, 512, 2048, 8192}) {
      for (int n = 256; n <= 1 << 16; n *= 2) {
        SCOPED_TRACE(testing::Message() << units << " units, m " << m << ", n " << n);
        // Of the places in all waves, those with a tile.
        const auto share = [&](int columns) {
          const int tiles = ceil_div(m, 128) * ceil_div(n, columns);
          return static_cast<double>(tiles) / (ceil_div(tiles, units) * units);
        };
        const int columns = columns_of(units, m, n);
        for (int wider = 2 * columns; wider <= 256; wider *= 2) {
          EXPECT_GE(share(columns), 1.3 * share(wider));
        }
        for (int narrower = columns / 2; narrower >= 64; narrower /= 2) {
          EXPECT_LE(share(narrower), 2.0001 * share(columns));
        }
      }
    }
  }
}

// What the product of codes C is multiplied as, and its tile.
template <class C>
std::pair<bool, Tile> chosen_for_codes(int m, int n, int k, std::uintptr_t address) {
  const auto* data = reinterpret_cast<const void*>(address);
  std::pair<bool, Tile> found;
  cuda::Sm90aSchedules(cuda::kH100)
      .scaled_gemm<bf16, C>(
          ScaledGemmProblem{.m = m, .n = n, .k = k, .a = data, .b = data}, [&]<class S>(Type<S>) {
            found = {std::is_same_v<typename S::Operand, C>, {S::m, S::n, S::k, S::kWarps}};
          });
  return found;
}

// Many rows of whole chunks, with tiles as narrow as it takes to fill the device.
TEST(Schedules, CodesAreMultipliedAsTheyAreWhereBoxesCanBeCopied) {
  using Chosen = std::pair<bool, Tile>;
  const Chosen wide{true, {128, 128, 128, 12}};
  const Chosen narrow{true, {128, 64, 128, 12}};
  const Chosen decoded{false, {128, 64, 64, 4}};
  EXPECT_EQ(chosen_for_codes<e4m3>(4096, 7168, 2048, kAligned), wide);
  EXPECT_EQ(chosen_for_codes<e4m3>(128, 7168, 2048, kAligned), narrow);
  EXPECT_EQ(chosen_for_codes<e4m3>(17, 64, 16, kAligned), narrow);
  EXPECT_EQ(chosen_for_codes<e4m3>(4096, 7168, 2056, kAligned), decoded) << "k of half a chunk";
  EXPECT_EQ(chosen_for_codes<e4m3>(4096, 7168, 2048, kUnaligned), decoded);
  EXPECT_EQ(chosen_for_codes<e4m3fnuz>(4096, 7168, 2048, kAligned), decoded);
  EXPECT_FALSE(chosen_for_codes<e4m3>(16, 7168, 2048, kAligned).first) << "memory binds";
}

// A misspelt hint makes no schedule.
static_assert(simt::BlockSchedule<simt::FlatSchedule<1, 1>>);
struct Misspelt {
  using Operand = void;
  using Consumers = void;
  static constexpr int kWarps = 1;
  static constexpr int kResidency = 1;
  static constexpr bool kPersistant = true;
};
static_assert(!simt::BlockSchedule<Misspelt>);

// Rows up to this long are read twice: all that `units` units have under way stay in their L2.
template <class Schedules>
void expect_rows_stay_in_cache(int cols, int cache_bytes,
                               int units = Schedules::kReference.compute_units) {
  Schedules(Schedules::kReference).template rows<float>(cols, [&]<class S>(Type<S>) {
    EXPECT_LE(std::int64_t{sizeof(float)} * cols * S::kResidency * units, cache_bytes);
  });
}

// 2³¹ + 1 columns, which an int has not.
template <class Schedules>
void expect_long_rows_are_long() {
  const Schedules schedules(Schedules::kReference);
  schedules.template rows<float>(std::int64_t{4096}, [&]<class Long>(Type<Long>) {
    schedules.template rows<float>((std::int64_t{1} << 31) + 1, []<class S>(Type<S>) {
      EXPECT_TRUE((std::is_same_v<S, Long>));
    });
  });
}

TEST(Schedules, RowsMayHaveMoreThan32BitsCount) {
  expect_long_rows_are_long<cuda::Sm80Schedules>();
  expect_long_rows_are_long<hip::PlainSchedules>();
}

TEST(Schedules, RowsAreReadAgainFromTheCache) {
  constexpr int kMib = 1 << 20;
  expect_rows_stay_in_cache<cuda::Sm80Schedules>(16384, 40 * kMib);
  expect_rows_stay_in_cache<cuda::Sm90aSchedules>(16384, 50 * kMib);
  expect_rows_stay_in_cache<hip::Rdna3Schedules>(4096, 6 * kMib);
  expect_rows_stay_in_cache<hip::PlainSchedules>(4096, 8 * kMib);
  // Of the eight dies of an MI300X, each has an eighth of the rows in an L2 of its own.
  expect_rows_stay_in_cache<hip::CdnaSchedules>(4096, 4 * kMib, 304 / 8);
}

}  // namespace
}  // namespace moat
