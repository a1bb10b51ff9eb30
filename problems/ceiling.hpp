// SPDX-License-Identifier: Apache-2.0
// The problems that show what a device reaches at best, and how their work is counted.
#pragma once

#include <cstdint>

#include "problems/dtype.hpp"

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

inline constexpr int kChains = 12;

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
    default:
      return 0;
  }
}

inline double bytes(const CeilingProblem& p) {
  const auto n = static_cast<double>(p.n);
  switch (p.kind) {
    case CeilingKind::mma:
      return (1.0 * p.m * p.k + p.k * n + p.m * n) * static_cast<double>(size_of(p.dtype));
    case CeilingKind::read:
      return 4.0 * n + 4.0;
    default:
      return 8.0 * n;
  }
}

}  // namespace moat
