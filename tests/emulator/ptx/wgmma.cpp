// SPDX-License-Identifier: Apache-2.0
#include "tests/emulator/ptx/wgmma.hpp"

#include <fmt/format.h>

#include <array>
#include <cstring>

#include "tests/emulator/ptx/descriptor.hpp"
#include "tests/emulator/ptx/sum_of_codes.hpp"
#include "tests/emulator/thread_block.hpp"

namespace moat::emulator::ptx {
namespace {

constexpr std::size_t kM = 64;
constexpr std::size_t kK = 16;
constexpr std::size_t kMostN = 256;
constexpr std::size_t kUnit = 8;  // elements of 16 bytes

// The elements that the instruction reads through a descriptor.
class Operand {
 public:
  Operand(ThreadBlock& block, const Lane& lane, const Access& access, WgmmaType type,
          std::uint64_t bits, const char* name)
      : block_(block),
        lane_(lane),
        access_(access),
        operation_(emulator::operation(access.operation)),
        type_(type),
        descriptor_(bits),
        name_(name) {
    if (!descriptor_.aligned()) {
      fail(fmt::format("begins at {:#x}, not where its swizzle does", descriptor_.start));
    }
  }

  const Descriptor& descriptor() const { return descriptor_; }

  // 16 bytes, as elements.
  template <class T>
  std::array<T, 16 / sizeof(T)> elements(std::size_t address) const {
    const std::size_t offset = address - kSharedWindow;
    if (address < kSharedWindow || offset + 16 > block_.grid().shared_bytes) {
      fail(fmt::format("reads 16 bytes at offset {} of {} bytes of shared memory",
                       static_cast<std::int64_t>(offset), block_.grid().shared_bytes));
    }
    block_.check(block_.shadow().read(access_, offset, 16, &block_.fenced()), lane_,
                 {name_, operation_.where});
    std::array<T, 16 / sizeof(T)> out{};
    std::memcpy(out.data(), block_.arena() + offset, sizeof(out));
    return out;
  }
  // Of 16-bit elements.
  std::array<float, kUnit> unit(std::size_t address) const {
    const auto bits = elements<std::uint16_t>(address);
    std::array<float, kUnit> out{};
    for (std::size_t i = 0; i < kUnit; ++i) {
      out[i] = type_ == WgmmaType::f16 ? to_float(f16{bits[i]}) : to_float(bf16{bits[i]});
    }
    return out;
  }

 private:
  [[noreturn]] void fail(const std::string& what) const {
    block_.fail(lane_, {name_, operation_.where}, what);
  }

  ThreadBlock& block_;
  const Lane& lane_;
  const Access& access_;
  Operation operation_;
  WgmmaType type_;
  Descriptor descriptor_;
  const char* name_;
};

using Left = std::array<std::array<float, kK>, kM>;
using Right = std::array<std::array<float, kMostN>, kK>;

void read_left(const Operand& a, Left& out) {
  for (std::size_t row = 0; row < kM; ++row) {
    for (std::size_t unit = 0; unit < kK / kUnit; ++unit) {
      const auto values = a.unit(a.descriptor().k_major(row, unit));
      for (std::size_t i = 0; i < kUnit; ++i) out[row][unit * kUnit + i] = values[i];
    }
  }
}

void read_right(const Operand& b, std::size_t n, bool n_major, Right& out) {
  if (n_major) {
    for (std::size_t k = 0; k < kK; ++k) {
      for (std::size_t unit = 0; unit < n / kUnit; ++unit) {
        const auto values = b.unit(b.descriptor().mn_major(unit, k));
        for (std::size_t i = 0; i < kUnit; ++i) out[k][unit * kUnit + i] = values[i];
      }
    }
    return;
  }
  for (std::size_t col = 0; col < n; ++col) {
    for (std::size_t unit = 0; unit < kK / kUnit; ++unit) {
      const auto values = b.unit(b.descriptor().k_major(col, unit));
      for (std::size_t i = 0; i < kUnit; ++i) out[unit * kUnit + i][col] = values[i];
    }
  }
}

// f(row, k, code) for each code of A's rows, or B's columns.
template <Float8 C, class F>
void each_code(const Operand& operand, std::size_t rows, F f) {
  constexpr std::size_t kCodes = 16;  // of 16 bytes
  for (std::size_t row = 0; row < rows; ++row) {
    for (std::size_t unit = 0; unit < SumOfCodes::kK / kCodes; ++unit) {
      const auto codes = operand.elements<C>(operand.descriptor().k_major(row, unit));
      for (std::size_t i = 0; i < kCodes; ++i) f(row, unit * kCodes + i, codes[i]);
    }
  }
}

// c = A · B + c of codes.
template <Float8 C>
void multiply_codes(const Operand& a, const Operand& b, std::size_t n, SumOfCodes::Sums& c) {
  static thread_local SumOfCodes product;
  each_code<C>(a, kM, [](auto row, auto k, C x) { product.set_left(row, k, x); });
  each_code<C>(b, n, [](auto col, auto k, C x) { product.set_right(k, col, x); });
  product.compute(n, c);
}

}  // namespace

void wgmma(ThreadBlock& block, const Lane& first, std::span<Wgmma* const> lanes,
           const Access& access) {
  const WgmmaShape& shape = lanes[0]->shape;
  const auto n = static_cast<std::size_t>(shape.n);
  static thread_local SumOfCodes::Sums c;
  const auto each_accumulator = [&](auto f) {
    for (std::size_t t = 0; t < lanes.size(); ++t) {
      for (int i = 0; i < shape.n / 2; ++i) {
        const Cell at = wgmma_acc(static_cast<int>(t), i);
        f(lanes[t]->c[i], c[static_cast<std::size_t>(at.row)][static_cast<std::size_t>(at.col)]);
      }
    }
  };
  if (shape.adds) {
    each_accumulator([](float mine, float& cell) { cell = mine; });
  } else {
    c = {};
  }
  const auto operand = [&](std::uint64_t descriptor, const char* name) {
    return Operand(block, first, access, shape.type, descriptor, name);
  };
  if (shape.type == WgmmaType::e4m3 || shape.type == WgmmaType::e5m2) {
    const Operand a = operand(lanes[0]->a, "wgmma operand A");
    const Operand b = operand(lanes[0]->b, "wgmma operand B");
    shape.type == WgmmaType::e4m3 ? multiply_codes<e4m3>(a, b, n, c)
                                  : multiply_codes<e5m2>(a, b, n, c);
    each_accumulator([](float& mine, float cell) { mine = cell; });
    return;
  }
  static thread_local Left a;
  static thread_local Right b;
  if (shape.a_in_registers) {
    for (std::size_t t = 0; t < lanes.size(); ++t) {
      for (int i = 0; i < 8; ++i) {
        const Cell at = wgmma_left(static_cast<int>(t), i);
        const std::uint32_t* const registers = lanes[t]->a_registers.data();
        a[static_cast<std::size_t>(at.row)][static_cast<std::size_t>(at.col)] =
            shape.type == WgmmaType::f16 ? element<f16>(registers, i) : element<bf16>(registers, i);
      }
    }
  } else {
    read_left(operand(lanes[0]->a, "wgmma operand A"), a);
  }
  read_right(operand(lanes[0]->b, "wgmma operand B"), n, shape.n_major, b);
  for (std::size_t i = 0; i < kM; ++i) {
    for (std::size_t k = 0; k < kK; ++k) {
      const float left = a[i][k];
      for (std::size_t j = 0; j < n; ++j) c[i][j] += left * b[k][j];
    }
  }
  each_accumulator([](float& mine, float cell) { mine = cell; });
}

}  // namespace moat::emulator::ptx
