// SPDX-License-Identifier: Apache-2.0
// AMD's instructions, executed by the emulator: the static functions of hip::Amdgpu.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>

#include "problems/dtype.hpp"
#include "tests/emulator/amd/mfma.hpp"
#include "tests/emulator/amd/subnormals.hpp"
#include "tests/emulator/amd/wmma.hpp"
#include "tests/emulator/lanes.hpp"
#include "tests/emulator/table.hpp"

namespace moat::emulator {

template <int kWidth>
struct Amdgpu : Lanes<kWidth> {
  using Where = std::source_location;

  // BUFFER_LOAD_DWORDX4 from a raw buffer (stride 0), kFormat being word 3 of its descriptor (CDNA3
  // ISA and RDNA3 ISA, "Buffer Resource Descriptor", "Range checking"): words behind `bytes` are 0.
  // RDNA3 takes a load that reaches behind them partly for outside as a whole, CDNA3 does not.
  template <std::uint32_t kFormat>
  static simt::Words<16> buffer_load(const void* base, unsigned bytes, unsigned offset,
                                     const Where& where = Where::current()) {
    const Operation operation{"buffer_load", where, sizeof(simt::Words<16>)};
    if (kWidth == 64 && (kFormat >> 15 & 0xfu) == 0) {
      fail(operation, "a buffer without DATA_FORMAT is unbound");
    }
    if (kWidth == 32 && (kFormat >> 28 & 3u) != 3) {
      fail(operation, "OOB_SELECT is not 3: the range of the buffer is not one of bytes");
    }
    simt::Words<16> loaded{};
    if (offset >= bytes) return loaded;
    if (offset + std::uint64_t{sizeof(loaded)} > bytes) {
      fail(operation, "partly in range: " + std::to_string(bytes - offset) + " bytes of 16");
    }
    // Dword-aligned accesses are enough.
    const auto* const from = static_cast<const unsigned char*>(base) + offset;
    for (int word = 0; word < 4; ++word) access_global(from + 4 * word, 4, operation);
    std::memcpy(&loaded, from, sizeof(loaded));
    return loaded;
  }

  template <class T>
  static void mfma_16x16x16(float (&c)[4], const std::uint32_t (&a)[2], const std::uint32_t (&b)[2],
                            const Where& where = Where::current()) {
    static_assert(kWidth == amd::Mfma16x16x16::kLanes);
    const Operation operation{"v_mfma_f32_16x16x16", where};
    if (!amd::FlushedSubnormals::any()) {
      multiply_together<amd::Mfma16x16x16, T>(operation, c, a, b);
      return;
    }
    multiply_together<amd::Mfma16x16x16, amd::Flushed<T>>(operation, c, a, b);
    for (float& x : c) x = amd::flushed(x);
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
