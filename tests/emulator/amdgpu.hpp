// AMD's instructions, executed by the emulator: the static functions of hip::Amdgpu.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <span>

#include "backends/types.hpp"
#include "tests/emulator/amd/mfma.hpp"
#include "tests/emulator/amd/wmma.hpp"
#include "tests/emulator/lanes.hpp"
#include "tests/emulator/table.hpp"

namespace moat::emulator {

template <int kWidth>
struct Amdgpu : Lanes<kWidth> {
  using Where = std::source_location;

  template <class T>
  static void mfma_16x16x16(float (&c)[4], const std::uint32_t (&a)[2], const std::uint32_t (&b)[2],
                            const Where& where = Where::current()) {
    static_assert(kWidth == amd::Mfma16x16x16::kLanes);
    multiply_together<amd::Mfma16x16x16, T>({"v_mfma_f32_16x16x16", where}, c, a, b);
  }
  static void mfma_16x16x4(float (&c)[4], float a, float b, const Where& where = Where::current())
    requires(kWidth == amd::Mfma16x16x4::kLanes)
  {
    std::uint32_t bits[2];
    std::memcpy(&bits[0], &a, sizeof(a));
    std::memcpy(&bits[1], &b, sizeof(b));
    multiply_together<amd::Mfma16x16x4, float>({"v_mfma_f32_16x16x4_f32", where}, c, &bits[0],
                                               &bits[1]);
  }
  template <class T>
  static void wmma_16x16x16(float (&c)[8], const std::uint32_t (&a)[8], const std::uint32_t (&b)[8],
                            const Where& where = Where::current()) {
    static_assert(kWidth == amd::Wmma16x16x16::kLanes);
    MatrixOperands mine{c, a, b};
    together(
        {"v_wmma_f32_16x16x16", where}, &mine,
        [](std::span<void* const> lanes, const Operation& operation) {
          check_replicated(lanes, operation);
          multiply<amd::Wmma16x16x16, T>(lanes);
        },
        false);
  }

 private:
  static void check_replicated(std::span<void* const> lanes, const Operation& operation) {
    constexpr std::size_t kReplicated = amd::Wmma16x16x16::kReplicated;
    const auto of = [&](std::size_t i) { return static_cast<const MatrixOperands*>(lanes[i]); };
    for (std::size_t i = kReplicated; i < lanes.size(); ++i) {
      for (const auto member : {&MatrixOperands::a, &MatrixOperands::b}) {
        if (!std::equal(of(i)->*member, of(i)->*member + 8, of(i - kReplicated)->*member)) {
          fail_in_wave(static_cast<int>(i), operation,
                       member == &MatrixOperands::a ? "operand A is not that of the lane 16 below"
                                                    : "operand B is not that of the lane 16 below");
        }
      }
    }
  }
};

}  // namespace moat::emulator
