// SPDX-License-Identifier: Apache-2.0
// Matrix instructions: CDNA3 ISA, "Matrix Arithmetic Instructions"; RDNA3 ISA, "Wave Matrix
// Multiply Accumulate". Positions are from the tables of the emulator. All lanes take part,
// whatever EXEC says. Products are exact, sums are in binary32 and begin with C.
#include <cstdint>

#include "tests/emulator/amd/mfma.hpp"
#include "tests/emulator/amd/wmma.hpp"
#include "tests/executors/amd/lane_wise.hpp"
#include "tests/executors/amd/operations.hpp"

namespace moat::amdgcn {
namespace {

using emulator::amd::Mfma16x16x16;
using emulator::amd::Mfma16x16x4;
using emulator::amd::Wmma16x16x16;

struct Half {
  static constexpr int kPerWord = 2;
  static float value(u32 word, int i) { return half_to_float(word >> (16 * i) & 0xffffu); }
  // Whether a denormal, which gfx90a takes for zero.
  static float flush(float x) { return x < 0x1p-14f && x > -0x1p-14f ? 0.f * x : x; }
};
struct BFloat {
  static constexpr int kPerWord = 2;
  static float value(u32 word, int i) { return bf16_to_float(word >> (16 * i) & 0xffffu); }
  static float flush(float x) { return flushed(x); }
};
struct Single {
  static constexpr int kPerWord = 1;
  static float value(u32 word, int) { return as_float(word); }
  static float flush(float x) { return x; }
};

// The registers of an operand; undefined values are noted by lane.
template <int kWords>
struct Registers {
  LaneValues word[kWords];
  u64 defined = ~u64{0};
};
template <int kWords>
void read(Wave& w, const Operand& o, Registers<kWords>& to) {
  for (int i = 0; i < kWords; ++i) {
    LaneValues t;
    // A constant is the same in all registers.
    const int word = o.kind == Operand::Kind::vector ? i : 0;
    std::memcpy(&to.word[i], w.floats(o, t, to.defined, word), sizeof t);
  }
  if ((w.full() & ~to.defined) != 0 && o.kind == Operand::Kind::vector) {
    for (int i = 0; i < kWords; ++i) w.check_arrived(o.index + i, w.full(), "reads");
  }
}

template <class Layout, class T>
void multiply(const Instruction& i, Wave& w) {
  constexpr int kLeftWords = Layout::kLeft / T::kPerWord;
  constexpr int kRightWords = Layout::kRight / T::kPerWord;
  Registers<kLeftWords> a;
  Registers<kRightWords> b;
  Registers<Layout::kAcc> c;
  read(w, i.o[1], a);
  read(w, i.o[2], b);
  read(w, i.o[3], c);

  float left[Layout::m][Layout::k];
  float right[Layout::k][Layout::n];
  float sum[Layout::m][Layout::n];
  u32 undefined_rows = 0;
  u32 undefined_cols = 0;
  const bool flushes = w.context->flushes_matrix_denormals && T::kPerWord == 2;
  for (int lane = 0; lane < Layout::kLanes; ++lane) {
    for (int e = 0; e < Layout::kLeft; ++e) {
      const auto [row, col] = Layout::left(lane, e);
      const float x = T::value(a.word[e / T::kPerWord].lane[lane], e % T::kPerWord);
      left[row][col] = flushes ? T::flush(x) : x;
      if ((a.defined >> lane & 1u) == 0) undefined_rows |= 1u << row;
    }
    for (int e = 0; e < Layout::kRight; ++e) {
      const auto [row, col] = Layout::right(lane, e);
      const float x = T::value(b.word[e / T::kPerWord].lane[lane], e % T::kPerWord);
      right[row][col] = flushes ? T::flush(x) : x;
      if ((b.defined >> lane & 1u) == 0) undefined_cols |= 1u << col;
    }
    for (int e = 0; e < Layout::kAcc; ++e) {
      const auto [row, col] = Layout::acc(lane, e);
      sum[row][col] = as_float(c.word[e].lane[lane]);
    }
  }
  for (int row = 0; row < Layout::m; ++row) {
    for (int k = 0; k < Layout::k; ++k) {
      for (int col = 0; col < Layout::n; ++col) {
        sum[row][col] = __builtin_fmaf(left[row][k], right[k][col], sum[row][col]);
      }
    }
  }
  u64 defined = c.defined;
  LaneValues r[Layout::kAcc];
  for (int lane = 0; lane < Layout::kLanes; ++lane) {
    for (int e = 0; e < Layout::kAcc; ++e) {
      const auto [row, col] = Layout::acc(lane, e);
      const float x = sum[row][col];
      r[e].lane[lane] = as_bits(flushes ? flushed(x) : x);
      if ((undefined_rows >> row & 1u) != 0 || (undefined_cols >> col & 1u) != 0) {
        defined &= ~(u64{1} << lane);
      }
    }
  }
  for (int e = 0; e < Layout::kAcc; ++e) {
    const std::size_t to = i.o[0].index + static_cast<std::size_t>(e);
    w.check_arrived(static_cast<int>(to), w.full(), "writes");
    std::memcpy(&w.v[to], &r[e], sizeof r[e]);
    w.v_defined[to] = defined;
  }
}

// Both halves of the wave hold A and B.
template <class T>
void multiply_replicated(const Instruction& i, Wave& w) {
  for (const std::size_t source : {std::size_t{1}, std::size_t{2}}) {
    for (std::size_t word = 0; word < 8; ++word) {
      const LaneValues& v = w.v[i.o[source].index + word];
      if (std::memcmp(v.lane, v.lane + 16, 64) != 0) {
        throw Fault("lanes 16 … 31 of v" + std::to_string(i.o[source].index + word) +
                    " are not those of lanes 0 … 15");
      }
    }
  }
  multiply<Wmma16x16x16, T>(i, w);
}

constexpr Operation kOperations[] = {
    {"v_mfma_f32_16x16x16_f16", multiply<Mfma16x16x16, Half>},
    {"v_mfma_f32_16x16x16_bf16", multiply<Mfma16x16x16, BFloat>},
    {"v_mfma_f32_16x16x4_f32", multiply<Mfma16x16x4, Single>},
    {"v_wmma_f32_16x16x16_f16", multiply_replicated<Half>},
    {"v_wmma_f32_16x16x16_bf16", multiply_replicated<BFloat>},
};

}  // namespace

std::span<const Operation> matrix_operations() { return kOperations; }

}  // namespace moat::amdgcn
