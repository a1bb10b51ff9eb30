// SPDX-License-Identifier: Apache-2.0
#include "backends/cpu/units.hpp"

#include <omp.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "backends/cpu/tile_permission.hpp"

#if defined(__x86_64__)
#include <cpuid.h>
#elif defined(__aarch64__)
#include <asm/hwcap.h>
#include <sys/auxv.h>
#endif

namespace moat::cpu {
namespace {

#if defined(__x86_64__)
struct Leaf {
  unsigned eax = 0;
  unsigned ebx = 0;
  unsigned ecx = 0;
  unsigned edx = 0;
};

Leaf leaf(unsigned number, unsigned part) {
  Leaf l;
  if (__get_cpuid_count(number, part, &l.eax, &l.ebx, &l.ecx, &l.edx) == 0) return {};
  return l;
}

bool bit(unsigned word, int i) { return (word >> i & 1) != 0; }

// Whether the system saves all of these registers, bits of XCR0.
bool saves(std::uint64_t registers) {
  if (!bit(leaf(1, 0).ecx, 27)) return false;  // OSXSAVE
  unsigned low = 0;
  unsigned high = 0;
  asm volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return ((std::uint64_t{high} << 32 | low) & registers) == registers;
}

std::vector<LoopHere> here() {
  // Intel SDM, CPUID leaf 7: of sub-leaf 0 EBX 16 AVX512F, ECX 11 AVX512-VNNI, EDX 22 AMX-BF16, 23
  // AVX512-FP16, 24 AMX-TILE, 25 AMX-INT8; of sub-leaf 1 EAX 4 AVX-VNNI, 5 AVX512-BF16, 21
  // AMX-FP16. XCR0: 1 and 2 vectors of 256 bits, 5 to 7 those of 512 bits, 17 and 18 tiles.
  const Leaf first = leaf(7, 0);
  const Leaf second = leaf(7, 1);
  const bool wide = bit(first.ebx, 16);
  const bool tiles = bit(first.edx, 24);
  const auto presence = [](bool there, bool let) {
    if (!there) return Presence::absent;
    return let ? Presence::usable : Presence::barred;
  };
  const bool saves_256 = saves(0x6);
  const bool saves_512 = saves(0xe6);
  const auto tile_unit = [&](bool there) {
    if (!tiles || !there) return Presence::absent;
    return presence(true, saves(0x60000) && tile_refusal().empty());
  };
  return {{&kFmaAvx512, presence(wide, saves_512)},
          {&kAvx512Bf16, presence(wide && bit(second.eax, 5), saves_512)},
          {&kAvx512Fp16, presence(wide && bit(first.edx, 23), saves_512)},
          {&kAvx512Vnni, presence(wide && bit(first.ecx, 11), saves_512)},
          {&kAvxVnni, presence(bit(second.eax, 4), saves_256)},
          {&kAmxBf16, tile_unit(bit(first.edx, 22))},
          {&kAmxFp16, tile_unit(bit(second.eax, 21))},
          {&kAmxInt8, tile_unit(bit(first.edx, 25))}};
}
#elif defined(__aarch64__)
std::vector<LoopHere> here() {
  const auto presence = [](unsigned long word, unsigned long bit) {
    return (word & bit) != 0 ? Presence::usable : Presence::absent;
  };
  const unsigned long first = getauxval(AT_HWCAP);
  const unsigned long second = getauxval(AT_HWCAP2);
  return {{&kHalfVectors, presence(first, HWCAP_ASIMDHP)},
          {&kBfdot, presence(second, HWCAP2_BF16)},
          {&kBfmmla, presence(second, HWCAP2_BF16)},
          {&kSmmla, presence(second, HWCAP2_I8MM)}};
}
#else
std::vector<LoopHere> here() { return {}; }
#endif

std::optional<DType> type_of(UnitFactors factors) {
  switch (factors) {
    case UnitFactors::f32:
      return DType::f32;
    case UnitFactors::bf16:
      return DType::bf16;
    case UnitFactors::f16:
      return DType::f16;
    case UnitFactors::int8:
      return std::nullopt;
  }
  return std::nullopt;
}

std::size_t bytes_of(UnitFactors factors) {
  const auto type = type_of(factors);
  return type ? size_of(*type) : sizeof(std::int8_t);
}

// A block of the loop takes some 10 µs of a vector unit and 100 µs of one for tiles.
constexpr int kStepsPerRound = 4096;

// Largest of all loops: sums, and each matrix.
constexpr int kMostSums = 32 * 32;
constexpr std::size_t kMostBytes = 2048;

// What a thread works on.
struct alignas(64) Registers {
  std::array<std::byte, kMostBytes> a;
  std::array<std::byte, kMostBytes> b;
  alignas(64) std::array<float, kMostSums> sums;
};

// b as the loop wants it: groups of rows side by side.
void interleave(const UnitLoop& loop, const std::byte* b, std::byte* to) {
  const std::size_t size = bytes_of(loop.factors);
  for (int row = 0; row < loop.k; ++row) {
    for (int col = 0; col < loop.n; ++col) {
      const int at = (row / loop.group * loop.n + col) * loop.group + row % loop.group;
      std::memcpy(to + static_cast<std::size_t>(at) * size,
                  b + static_cast<std::size_t>(row * loop.n + col) * size, size);
    }
  }
}

void run_rounds(const UnitLoop& loop, const UnitCall& call, double* c) {
  Registers registers;
  const std::size_t size = bytes_of(loop.factors);
  std::memcpy(registers.a.data(), call.a, static_cast<std::size_t>(loop.m * loop.k) * size);
  interleave(loop, static_cast<const std::byte*>(call.b), registers.b.data());
  const int count = loop.m * loop.n;
  std::fill_n(c, count, 0.0);
  for (std::int64_t round = 0; round < call.rounds; ++round) {
    loop.block(registers.a.data(), registers.b.data(), registers.sums.data(), kStepsPerRound);
    for (int i = 0; i < count; ++i) {
      const float sum = registers.sums[static_cast<std::size_t>(i)];
      c[i] += loop.factors == UnitFactors::int8 ? std::bit_cast<std::int32_t>(sum) : sum;
    }
  }
}

}  // namespace

std::vector<LoopHere> unit_loops() { return here(); }

Unit unit_of(const UnitLoop& loop, int threads) {
  const bool half = loop.steps_per_half_sum != 0;
  Unit unit{.name = loop.name,
            .type = type_of(loop.factors),
            .m = loop.m,
            .n = loop.n,
            .k = loop.k,
            .steps_per_round = kStepsPerRound,
            .threads = threads,
            .largest_sum = half ? 0x1p11 : 0x1p24,
            .steps_per_sum = half ? loop.steps_per_half_sum : kStepsPerRound};
  unit.run = [&loop, threads](const UnitCall& call) {
#pragma omp parallel num_threads(threads)
    run_rounds(loop, call, call.c + std::ptrdiff_t{omp_get_thread_num()} * loop.m * loop.n);
  };
  return unit;
}

std::vector<Unit> units(int threads) {
  std::vector<Unit> all;
  for (const auto& [loop, presence] : unit_loops()) {
    if (presence == Presence::absent) continue;
    if (presence == Presence::usable && loop->block != nullptr) {
      all.push_back(unit_of(*loop, threads));
      continue;
    }
    Unit unit{.name = loop->name, .type = type_of(loop->factors)};
    unit.reachable = presence == Presence::usable;
    unit.missing = unit.reachable ? "this build's compiler does not know its instructions"
                                  : "the system does not let this process use it";
    all.push_back(std::move(unit));
  }
  return all;
}

}  // namespace moat::cpu
