// SPDX-License-Identifier: Apache-2.0
// The problems that show what a device reaches at best, and how their work is counted.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "problems/description.hpp"
#include "problems/operand.hpp"

namespace moat {

enum class CeilingKind : std::uint8_t { fma, mma, read, copy };

// fma:  x and y hold n floats. For every element, kChains values begin at x, x + 1, …; each is
//       replaced `repeats` times by kChainFactor · value + kChainTerm, and y is their sum.
// mma:  y = repeats · x · w with x (m × k), w (k × n) and y (m × n) dense, of `dtype`.
// read: x holds n floats, y their sum.
// copy: y = x, n floats each.
struct CeilingProblem {
  CeilingKind kind = CeilingKind::fma;
  DType dtype = DType::f32;
  std::int64_t n = 1;
  int m = 1;
  int k = 1;
  int repeats = 1;
  const void* x = nullptr;
  const void* w = nullptr;
  void* y = nullptr;
};

// Close to 1, so that a result still shows what it began with after hundreds of steps.
inline constexpr float kChainFactor = -0.999f;
inline constexpr float kChainTerm = 0.5f;

// A multiple of the chains that schedules run at once, 12 on a CPU and 4 on a GPU.
inline constexpr int kChains = 12;

// Floats that a work item of `copy` moves: 128 KiB, which take a core microseconds, so that handing
// out the next item does not show.
inline constexpr int kCeilingPart = 1 << 15;

inline double flops(const CeilingProblem& p) {
  const auto n = static_cast<double>(p.n);
  switch (p.kind) {
    case CeilingKind::fma:
      return 2.0 * n * kChains * p.repeats;
    case CeilingKind::mma:
      return 2.0 * p.m * n * p.k * p.repeats;
    case CeilingKind::read:
      return n;
    case CeilingKind::copy:
      return 0;
  }
  return 0;
}

// Calls f(operand, its pointer) for x, w (mma) and y.
template <Is<CeilingProblem> P, class F>
void for_each_operand(P& p, F&& f) {
  const bool product = p.kind == CeilingKind::mma;
  const auto matrix = [&](std::string_view name, Role role, std::int64_t rows, std::int64_t cols) {
    return Operand{.name = name, .role = role, .type = p.dtype, .rows = rows, .cols = cols};
  };
  f(product ? matrix("x", Role::input, p.m, p.k) : matrix("x", Role::input, 1, p.n), p.x);
  if (product) f(matrix("w", Role::input, p.k, p.n), p.w);
  const std::int64_t sums = p.kind == CeilingKind::read ? 1 : p.n;
  f(product ? matrix("y", Role::output, p.m, p.n) : matrix("y", Role::output, 1, sums), p.y);
}

// Described for the harness as problem.hpp tells.
std::vector<CeilingProblem> kernels_of(Type<CeilingProblem>);
Description describe(const CeilingProblem& p);
Work work(const CeilingProblem& p);
void shape(CeilingProblem& p, ShapeKeys& keys);
std::string what_is_wrong(const CeilingProblem& p);

}  // namespace moat
