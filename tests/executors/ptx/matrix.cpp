// SPDX-License-Identifier: Apache-2.0
// Products of a warp, and of a warpgroup, which are computed when they are waited for.
#include <fmt/format.h>

#include <bit>
#include <cstring>

#include "tests/emulator/ptx/descriptor.hpp"
#include "tests/emulator/ptx/mma.hpp"
#include "tests/emulator/ptx/sum_of_codes.hpp"
#include "tests/emulator/ptx/wgmma.hpp"
#include "tests/executors/ptx/block.hpp"
#include "tests/executors/ptx/each_lane.hpp"

namespace moat::ptx {
namespace {

using emulator::Cell;
using emulator::ptx::SumOfCodes;

constexpr int kWgmmaM = 64;
constexpr int kWgmmaK = 16;
constexpr int kUnit = 8;  // elements of 16 bytes

f32 as_float(u32 bits) { return std::bit_cast<f32>(bits); }

struct Half {
  static f32 element(u32 word, int i) {
    return half_to_float(static_cast<u16>(word >> 16 * (i & 1)));
  }
  static constexpr int kPerWord = 2;
};
struct Bf16 {
  static f32 element(u32 word, int i) { return as_float((word >> 16 * (i & 1)) << 16); }
  static constexpr int kPerWord = 2;
};
// The lower 13 bits of a register are not read.
struct Tf32 {
  static f32 element(u32 word, int) { return as_float(word & 0xffffe000u); }
  static constexpr int kPerWord = 1;
};

// c += a · b with exact products and sums in f32, by the table of a fragment's positions.
template <class Table, class T>
void multiply(const std::array<u32*, 14>& registers) {
  f32 a[Table::m][Table::k];
  f32 b[Table::k][Table::n];
  f32 c[Table::m][Table::n];
  u32* const* const left = registers.data() + 4;
  u32* const* const right = registers.data() + 8;
  u32* const* const sums = registers.data() + 10;
  for (int lane = 0; lane < kWarp; ++lane) {
    for (int i = 0; i < Table::kLeft; ++i) {
      const Cell at = Table::left(lane, i);
      a[at.row][at.col] = T::element(left[i / T::kPerWord][lane], i);
    }
    for (int i = 0; i < Table::kRight; ++i) {
      const Cell at = Table::right(lane, i);
      b[at.row][at.col] = T::element(right[i / T::kPerWord][lane], i);
    }
    for (int i = 0; i < Table::kAcc; ++i) {
      const Cell at = Table::acc(lane, i);
      c[at.row][at.col] = as_float(sums[i][lane]);
    }
  }
  for (int i = 0; i < Table::m; ++i) {
    for (int k = 0; k < Table::k; ++k) {
      const f32 x = a[i][k];
      for (int j = 0; j < Table::n; ++j) c[i][j] += x * b[k][j];
    }
  }
  for (int lane = 0; lane < kWarp; ++lane) {
    for (int i = 0; i < Table::kAcc; ++i) {
      const Cell at = Table::acc(lane, i);
      registers[static_cast<std::size_t>(i)][lane] = std::bit_cast<u32>(c[at.row][at.col]);
    }
  }
}

// 16 bytes of an operand in shared memory, as the asynchronous proxy reads them.
class Operands {
 public:
  Operands(Block& block, const Warp& warp, const Access& access, const VectorClock& fenced,
           Element element, u64 bits, const char* name)
      : block_(block),
        warp_(warp),
        access_(access),
        fenced_(fenced),
        half_(element == Element::f16),
        descriptor_(bits),
        name_(name) {
    if (!descriptor_.aligned()) {
      fail(fmt::format("begins at {:#x}, not where its swizzle does", descriptor_.start));
    }
  }

  const emulator::ptx::Descriptor& descriptor() const { return descriptor_; }

  void read(std::size_t address, void* to) const {
    const std::size_t offset = address - kSharedWindow;
    if (address < kSharedWindow || offset + 16 > block_.shared_bytes()) {
      fail(fmt::format("reads 16 bytes at offset {} of {} bytes of shared memory",
                       static_cast<s64>(offset), block_.shared_bytes()));
    }
    if (const auto conflict = block_.shadow().read(access_, offset, 16, &fenced_)) {
      block_.check(conflict, warp_, 0);
    }
    std::memcpy(to, block_.arena() + offset, 16);
  }
  // As elements of 16 bits.
  void unit(std::size_t address, f32 (&out)[kUnit]) const {
    u16 bits[kUnit];
    read(address, bits);
    for (int i = 0; i < kUnit; ++i)
      out[i] = half_ ? half_to_float(bits[i]) : as_float(u32{bits[i]} << 16);
  }

 private:
  [[noreturn]] void fail(const std::string& what) const {
    block_.fail(warp_, 0, access_.operation, fmt::format("operand {} {}", name_, what));
  }

  Block& block_;
  const Warp& warp_;
  const Access& access_;
  const VectorClock& fenced_;
  bool half_;
  emulator::ptx::Descriptor descriptor_;
  const char* name_;
};

// The registers of a warpgroup's instruction.
struct Registers {
  std::span<Warp> warps;
  const Operand* operands;

  // f(thread of the warpgroup, element, its register), where operands from `first` on hold the
  // elements, kPerRegister each. Registers hold Ts.
  template <class T, int kPerRegister, class F>
  void each(u32 first, int elements, F f) const {
    for (int w = 0; w < Block::kGroupWarps; ++w) {
      for (int e = 0; e < elements; ++e) {
        auto* const v = reinterpret_cast<T*>(warps[static_cast<std::size_t>(w)].registers(
            operands[first + static_cast<u32>(e / kPerRegister)]));
        for (int lane = 0; lane < kWarp; ++lane) f(w * kWarp + lane, e, v[lane]);
      }
    }
  }
};

// c += A · B with exact products and sums in f32. operand(type, descriptor, name) reads shared
// memory.
template <class F>
void multiply_halves(const Wgmma& wgmma, const Registers& registers, F operand,
                     SumOfCodes::Sums& c) {
  static thread_local f32 a[kWgmmaM][kWgmmaK];
  static thread_local f32 b[kWgmmaK][256];
  const Instruction& i = *wgmma.instruction;
  const int n = 2 * i.count;
  f32 values[kUnit];
  if (i.in_registers) {
    registers.each<u32, Half::kPerWord>(0, 8, [&](int t, int e, u32 word) {
      const Cell at = emulator::ptx::wgmma_left(t, e);
      a[at.row][at.col] = i.left == Element::f16 ? Half::element(word, e) : Bf16::element(word, e);
    });
  } else {
    const Operands left = operand(i.left, wgmma.a, "A");
    for (int row = 0; row < kWgmmaM; ++row) {
      for (int unit = 0; unit < kWgmmaK / kUnit; ++unit) {
        left.unit(left.descriptor().k_major(static_cast<std::size_t>(row),
                                            static_cast<std::size_t>(unit)),
                  values);
        std::memcpy(a[row] + unit * kUnit, values, sizeof values);
      }
    }
  }
  const Operands right = operand(i.right, wgmma.b, "B");
  if (i.transposed) {
    for (int k = 0; k < kWgmmaK; ++k) {
      for (int unit = 0; unit < n / kUnit; ++unit) {
        right.unit(right.descriptor().mn_major(static_cast<std::size_t>(unit),
                                               static_cast<std::size_t>(k)),
                   values);
        std::memcpy(b[k] + unit * kUnit, values, sizeof values);
      }
    }
  } else {
    for (int col = 0; col < n; ++col) {
      for (int unit = 0; unit < kWgmmaK / kUnit; ++unit) {
        right.unit(right.descriptor().k_major(static_cast<std::size_t>(col),
                                              static_cast<std::size_t>(unit)),
                   values);
        for (int k = 0; k < kUnit; ++k) b[unit * kUnit + k][col] = values[k];
      }
    }
  }
  for (std::size_t row = 0; row < kWgmmaM; ++row) {
    for (int k = 0; k < kWgmmaK; ++k) {
      const f32 x = a[row][k];
      f32* const sums = c[row].data();
      for (int col = 0; col < n; ++col) sums[col] += x * b[k][col];
    }
  }
}

// f(row, k, code) for each code of A's rows, or B's columns.
template <Float8 C, class F>
void each_code(const Operands& operand, std::size_t rows, F f) {
  constexpr std::size_t kCodes = 16;  // of 16 bytes
  for (std::size_t row = 0; row < rows; ++row) {
    for (std::size_t unit = 0; unit < SumOfCodes::kK / kCodes; ++unit) {
      C codes[kCodes];
      operand.read(operand.descriptor().k_major(row, unit), codes);
      for (std::size_t i = 0; i < kCodes; ++i) f(row, unit * kCodes + i, codes[i]);
    }
  }
}

// Calls f with a code of this type.
template <class F>
void with_code(Element element, F f) {
  element == Element::e4m3 ? f(e4m3{}) : f(e5m2{});
}

// c += A · B of codes, with the sums of the matrix units.
template <class F>
void multiply_codes(const Wgmma& wgmma, const Registers& registers, F operand,
                    SumOfCodes::Sums& c) {
  static thread_local SumOfCodes product;
  const Instruction& i = *wgmma.instruction;
  const auto n = static_cast<std::size_t>(2 * i.count);
  with_code(i.left, [&]<class C>(C) {
    const auto set = [](std::size_t row, std::size_t k, C x) { product.set_left(row, k, x); };
    if (!i.in_registers) return each_code<C>(operand(i.left, wgmma.a, "A"), kWgmmaM, set);
    registers.each<u32, 4>(0, 16, [&](int t, int e, u32 word) {
      const Cell at = emulator::ptx::wgmma_left_codes(t, e);
      set(static_cast<std::size_t>(at.row), static_cast<std::size_t>(at.col),
          C{static_cast<std::uint8_t>(word >> 8 * (e % 4))});
    });
  });
  with_code(i.right, [&]<class C>(C) {
    each_code<C>(operand(i.right, wgmma.b, "B"), n,
                 [](std::size_t col, std::size_t k, C x) { product.set_right(k, col, x); });
  });
  product.compute(n, c);
}

}  // namespace

void Warp::multiply_matrices(const Instruction& i) {
  std::array<u32*, 14> registers{};
  for (std::size_t k = 0; k < registers.size(); ++k) {
    registers[k] = values<u32>(operand(i, static_cast<int>(k)));
  }
  switch (i.op) {
    case Op::mma_f16:
      return multiply<emulator::ptx::MmaM16N8K16, Half>(registers);
    case Op::mma_bf16:
      return multiply<emulator::ptx::MmaM16N8K16, Bf16>(registers);
    default:
      return multiply<emulator::ptx::MmaM16N8K8, Tf32>(registers);
  }
}

// Registers of a wgmma follow its sources: the accumulators, which are not read unless it
// `accumulates`. Of the sources, A's come first.
void Warp::begin_flight(const Instruction& i, bool accumulates) {
  const int first = i.dests + i.sources;
  for (int k = 0; k < i.count; ++k) {
    RegisterState& s = states_[operand(i, first + k).state];
    const std::string& name = kernel_.names[operand(i, first + k).state];
    if (s.reading != 0) fail(0, fmt::format("accumulates in {}, which another one reads", name));
    if (s.writing == 0) {
      if (accumulates && s.defined != kAllLanes) {
        fail(0, fmt::format("reads {}, which nothing wrote", name));
      }
      if (s.epoch == epoch_) {
        fail(0,
             fmt::format("accumulates in {}, which was written after the last wgmma.fence", name));
      }
    }
    ++s.writing;
    s.defined = 0;
  }
  if (!i.in_registers) return;
  for (int k = 0; k < 4; ++k) {
    RegisterState& s = states_[operand(i, k).state];
    if (s.epoch == epoch_) {
      fail(0, fmt::format("reads {}, which was written after the last wgmma.fence",
                          kernel_.names[operand(i, k).state]));
    }
    ++s.reading;
  }
}

void Warp::end_flight(const Instruction& i) {
  const int first = i.dests + i.sources;
  for (int k = 0; k < i.count; ++k) {
    RegisterState& s = states_[operand(i, first + k).state];
    if (--s.writing == 0) s.defined = kAllLanes;
  }
  if (!i.in_registers) return;
  for (int k = 0; k < 4; ++k) --states_[operand(i, k).state].reading;
}

void Warp::issue_wgmma(const Instruction& i) {
  static_cast<void>(block_.warpgroup(*this));
  if (!fenced_) fail(0, "no wgmma.fence since the last wgmma.wait_group");
  const int b = i.in_registers ? 4 : 1;
  const auto descriptor = [&](int index) {
    const u64* const v = values<u64>(operand(i, index));
    for (int lane = 1; lane < kWarp; ++lane) {
      if (v[lane] != v[0]) fail(lane, "a descriptor differs from that of the warp's first lane");
    }
    return v[0];
  };
  const u32 scale = *values<u32>(operand(i, b + 1));
  if (scale != 0 && scale != kAllLanes) fail(0, "lanes differ in whether they accumulate");
  Wgmma mine{.instruction = &i,
             .pc = pc_,
             .a = i.in_registers ? 0 : descriptor(0),
             .b = descriptor(b),
             .accumulates = scale != 0,
             .clock = clock(0)};
  begin_flight(i, mine.accumulates);
  wgmmas.push_back(std::move(mine));
  ++open_wgmmas;
}

Warp::Flow Warp::wait_wgmma(const Instruction& i) {
  const std::size_t group = block_.warpgroup(*this);
  if (committed > i.count) {
    const u64 wanted = committed - i.count;
    if (block_.committed_by_all(group) < wanted) {
      suspend(pc_, kAllLanes, Split::Waits::wgmma, group);
      return Flow::stop;
    }
    while (block_.computed(group) < wanted) block_.compute_group(group);
    learn(block_.warpgroup_actor(group), static_cast<Time>(wanted));
  }
  fenced_ = false;
  return Flow::next;
}

void Block::compute_group(std::size_t index) {
  const auto warps = group(index);
  const std::size_t count = warps[0].groups.front();
  const auto time = static_cast<Time>(++computed_[index]);
  for (const Warp& warp : warps) {
    if (warp.groups.front() == count) continue;
    warp.fail(0, fmt::format("group {} of this warp has {} wgmma, of the warpgroup's first one {}",
                             time, warp.groups.front(), count));
  }
  static thread_local SumOfCodes::Sums c;
  for (std::size_t done = 0; done < count; ++done) {
    const Wgmma first = warps[0].wgmmas.front();
    const Instruction& i = *first.instruction;
    VectorClock known = first.clock;
    for (const Warp& warp : warps) {
      const Wgmma& mine = warp.wgmmas.front();
      if (mine.instruction != &i || mine.a != first.a || mine.b != first.b ||
          mine.accumulates != first.accumulates) {
        fail(warp, 0, mine.pc,
             fmt::format("the product of descriptors {:#x} and {:#x} differs from the warpgroup's "
                         "first one, of {:#x} and {:#x}",
                         mine.a, mine.b, first.a, first.b));
      }
      known.meet(mine.clock);
    }
    VectorClock fenced(actors_);
    for (std::size_t k = 0; k < actors_; ++k) fenced[k] = known[actors_ + k];
    const Access access{.actor = warpgroup_actor(index),
                        .time = time,
                        .operation = static_cast<emulator::OperationId>(first.pc),
                        .clock = known.data()};
    const auto operand = [&](Element element, u64 descriptor, const char* name) {
      return Operands(*this, warps[0], access, fenced, element, descriptor, name);
    };
    const Registers registers{warps, kernel().operands.data() + i.operands};
    const auto each_accumulator = [&](auto f) {
      registers.each<f32, 1>(i.dests + i.sources, i.count, [&](int t, int e, f32& mine) {
        const Cell at = emulator::ptx::wgmma_acc(t, e);
        f(mine, c[static_cast<std::size_t>(at.row)][static_cast<std::size_t>(at.col)]);
      });
    };
    each_accumulator([&](f32 mine, f32& cell) { cell = first.accumulates ? mine : 0.0f; });
    if (is_code(i.left)) {
      multiply_codes(first, registers, operand, c);
    } else {
      multiply_halves(first, registers, operand, c);
    }
    each_accumulator([](f32& mine, f32 cell) { mine = cell; });
    for (Warp& warp : warps) {
      warp.end_flight(i);
      warp.wgmmas.pop_front();
    }
  }
  for (Warp& warp : warps) warp.groups.pop_front();
}

}  // namespace moat::ptx
