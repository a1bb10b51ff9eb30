// SPDX-License-Identifier: Apache-2.0
#include "backends/cpu/units.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <functional>
#include <random>
#include <sstream>
#include <string>
#include <unordered_set>
#include <vector>

#include "backends/cpu/processor.hpp"

namespace moat::cpu {
namespace {

// What a test may run here: usable, and known to this compiler.
bool runs(const LoopHere& here) {
  return here.presence == Presence::usable && here.loop->block != nullptr;
}

// Integers from 1 to `most`, each second column of b negative.
struct Factors {
  std::vector<double> a, b;

  Factors(const UnitLoop& loop, int most) {
    std::mt19937 random(7);
    std::uniform_int_distribution<int> values(1, most);
    for (int i = 0; i < loop.m * loop.k; ++i) a.push_back(values(random));
    for (int i = 0; i < loop.k * loop.n; ++i) {
      b.push_back(values(random) * (i % loop.n % 2 == 1 ? -1 : 1));
    }
  }

  double product(const UnitLoop& loop, int at) const {
    double sum = 0;
    for (int i = 0; i < loop.k; ++i) {
      sum += a[static_cast<std::size_t>(at / loop.n * loop.k + i)] *
             b[static_cast<std::size_t>(i * loop.n + at % loop.n)];
    }
    return sum;
  }
};

// The bytes of one factor.
std::vector<std::byte> bytes_of(UnitFactors factors, double x) {
  const auto of = [](auto value) {
    std::vector<std::byte> bytes(sizeof value);
    std::memcpy(bytes.data(), &value, sizeof value);
    return bytes;
  };
  switch (factors) {
    case UnitFactors::f32:
      return of(static_cast<float>(x));
    case UnitFactors::bf16:
      return of(from_float<bf16>(static_cast<float>(x)));
    case UnitFactors::f16:
      return of(from_float<f16>(static_cast<float>(x)));
    case UnitFactors::int8:
      return of(static_cast<std::int8_t>(x));
  }
  return {};
}

// Operands as a block wants them.
struct alignas(64) Buffers {
  std::array<std::byte, 4096> a;
  std::array<std::byte, 4096> b;
  alignas(64) std::array<float, 2048> sums;

  Buffers(const UnitLoop& loop, const Factors& factors) {
    const auto put = [&](std::array<std::byte, 4096>& to, int at, double x) {
      const auto bytes = bytes_of(loop.factors, x);
      std::ranges::copy(bytes, to.begin() + std::ptrdiff_t(bytes.size()) * at);
    };
    for (int i = 0; i < loop.m * loop.k; ++i) put(a, i, factors.a[static_cast<std::size_t>(i)]);
    for (int row = 0; row < loop.k; ++row) {
      for (int col = 0; col < loop.n; ++col) {
        put(b, (row / loop.group * loop.n + col) * loop.group + row % loop.group,
            factors.b[static_cast<std::size_t>(row * loop.n + col)]);
      }
    }
    sums.fill(NAN);
  }

  double sum(const UnitLoop& loop, int at) const {
    const float x = sums[static_cast<std::size_t>(at)];
    return loop.factors == UnitFactors::int8 ? std::bit_cast<std::int32_t>(x) : double{x};
  }
};

// Every sum holds every product, and nothing lies behind the last.
void expect_products(const UnitLoop& loop, int steps) {
  const Factors factors(loop, 2);
  Buffers buffers(loop, factors);
  loop.block(buffers.a.data(), buffers.b.data(), buffers.sums.data(), steps);
  for (int i = 0; i < loop.m * loop.n; ++i) {
    ASSERT_EQ(buffers.sum(loop, i), steps * factors.product(loop, i)) << loop.name << " " << i;
  }
  EXPECT_TRUE(std::isnan(buffers.sums[static_cast<std::size_t>(loop.m * loop.n)])) << loop.name;
}

TEST(UnitLoops, AddUpEveryProduct) {
  int ran = 0;
  for (const LoopHere& here : unit_loops()) {
    if (!runs(here)) continue;
    ++ran;
    for (const int steps : {512, 1024, 4096}) expect_products(*here.loop, steps);
  }
  if (ran == 0) GTEST_SKIP() << "this processor has none of the units";
}

TEST(UnitLoops, HaveRoomInTheirMatrices) {
  for (const LoopHere& here : unit_loops()) {
    const UnitLoop& loop = *here.loop;
    EXPECT_EQ(loop.k % loop.group, 0) << loop.name;
    EXPECT_LE(loop.m * loop.n, 32 * 32) << loop.name;
    const auto size = static_cast<int>(bytes_of(loop.factors, 1).size());
    EXPECT_LE(std::max(loop.m, loop.n) * loop.k * size, 2048) << loop.name;
  }
}

// What /proc/cpuinfo calls the flag of a unit; AMX's units have it only where tiles may be used.
TEST(UnitLoops, AreThereWhereTheSystemListsThem) {
  const std::string cpuinfo = read_text("/proc/cpuinfo");
  std::string listed = cpuinfo_value(cpuinfo, "flags");
  if (listed.empty()) listed = cpuinfo_value(cpuinfo, "Features");
  if (listed.empty()) GTEST_SKIP() << "no list of features";
  std::istringstream words(listed);
  std::unordered_set<std::string> features;
  for (std::string word; words >> word;) features.insert(word);
  const std::vector<std::pair<std::string, std::string>> flags = {{"fma-avx512", "avx512f"},
                                                                  {"avx512-bf16", "avx512_bf16"},
                                                                  {"avx512-fp16", "avx512_fp16"},
                                                                  {"avx512-vnni", "avx512_vnni"},
                                                                  {"avx-vnni", "avx_vnni"},
                                                                  {"half-vectors", "asimdhp"},
                                                                  {"bfdot", "bf16"},
                                                                  {"bfmmla", "bf16"},
                                                                  {"smmla", "i8mm"}};
  for (const LoopHere& here : unit_loops()) {
    const auto flag = std::ranges::find(flags, here.loop->name, [](auto& f) { return f.first; });
    if (flag == flags.end()) {
      EXPECT_TRUE(std::string(here.loop->name).starts_with("amx-")) << here.loop->name;
      EXPECT_TRUE(here.presence != Presence::usable || features.contains("amx_tile"));
      continue;
    }
    EXPECT_EQ(here.presence == Presence::usable, features.contains(flag->second))
        << here.loop->name;
  }
}

TEST(Units, SolveOnAllThreads) {
  for (const LoopHere& here : unit_loops()) {
    if (!runs(here)) continue;
    const UnitLoop& loop = *here.loop;
    const Unit unit = unit_of(loop, 2);
    EXPECT_EQ(unit.operations(3), 2.0 * loop.m * loop.n * loop.k * unit.steps_per_round * 2 * 3);
    const Factors factors(loop, 2);
    std::vector<std::byte> a, b;
    for (const double x : factors.a)
      std::ranges::copy(bytes_of(loop.factors, x), std::back_inserter(a));
    for (const double x : factors.b)
      std::ranges::copy(bytes_of(loop.factors, x), std::back_inserter(b));
    const int count = loop.m * loop.n;
    std::vector<double> c(static_cast<std::size_t>(2 * count) + 1, NAN);
    unit.run({.a = a.data(), .b = b.data(), .c = c.data(), .rounds = 3});
    for (int i = 0; i < 2 * count; ++i) {
      ASSERT_EQ(c[static_cast<std::size_t>(i)],
                3.0 * unit.steps_per_round * factors.product(loop, i % count))
          << loop.name << " " << i;
    }
    EXPECT_TRUE(std::isnan(c.back())) << loop.name;
  }
}

TEST(Units, AreThoseThatTheProcessorHas) {
  const std::vector<Unit> all = units(1);
  const auto has = [&](const UnitLoop& loop) {
    return std::ranges::any_of(all, [&](const Unit& u) { return u.name == loop.name; });
  };
  for (const LoopHere& here : unit_loops()) {
    EXPECT_EQ(has(*here.loop), here.presence != Presence::absent) << here.loop->name;
  }
  for (const Unit& unit : all) {
    EXPECT_EQ(unit.missing.empty(), static_cast<bool>(unit.run)) << unit.name;
    EXPECT_TRUE(unit.reachable || !unit.missing.empty()) << unit.name;
  }
}

}  // namespace
}  // namespace moat::cpu
