// SPDX-License-Identifier: Apache-2.0
// What is known of a kernel when it is compiled, for plans of launches (backends/simt/plan.hpp).
#pragma once

#include <concepts>
#include <cstdint>
#include <string>
#include <type_traits>
#include <typeinfo>

#include "backends/simt/fma.hpp"
#include "backends/simt/schedule.hpp"
#include "problems/codes.hpp"

namespace moat::simt {

// Which units multiply, and what.
enum class Products : std::uint8_t {
  none,
  vector,  // multiplications and additions of f32 in the lanes
  f16,
  bf16,
  fp8,
  f32,    // matrix instructions on f32
  split,  // on the parts that values are split into (the schedule's Operand is no type of values)
  other,
};

// Constant data: a launch only passes its address on. Sizes that a schedule lacks are 0.
struct KernelFacts {
  const std::type_info* kernel = nullptr;    // the block program
  const std::type_info* schedule = nullptr;  // its schedule
  std::string (*schedule_name)() = nullptr;  // as menus have it
  int m = 0;                                 // of a tile, and of a step
  int n = 0;
  int k = 0;
  int waves = 0;      // per block
  int residency = 0;  // blocks that a unit should hold at once, as the schedule says
  int beside = 0;     // blocks that a unit runs at once (kBlocksBeside)
  int stages = 0;     // steps that are in shared memory at once
  bool persistent = false;
  Products products = Products::none;
};

template <class S, class Atoms>
constexpr Products products() {
  using T = typename S::Operand;
  if constexpr (std::is_void_v<T>) {
    return Products::none;
  } else if constexpr (!requires { sizeof(T); }) {
    return Products::split;
  } else if constexpr (std::same_as<typename Atoms::template Matrix<T>,
                                    FmaAtom<Atoms::kWaveWidth>>) {
    return Products::vector;
  } else {
    return std::same_as<T, f16>     ? Products::f16
           : std::same_as<T, bf16>  ? Products::bf16
           : std::same_as<T, e4m3>  ? Products::fp8
           : std::same_as<T, float> ? Products::f32
                                    : Products::other;
  }
}

template <class Kernel, class S, class Atoms>
constexpr KernelFacts facts_of() {
  KernelFacts facts{.kernel = &typeid(Kernel),
                    .schedule = &typeid(S),
                    .schedule_name = [] { return moat::simt::schedule_name(Type<S>{}); },
                    .waves = S::kWarps,
                    .residency = S::kResidency,
                    .beside = kBlocksBeside<S>,
                    .persistent = S::kPersistent,
                    .products = products<S, Atoms>()};
  if constexpr (kHasProducts<S>) {
    facts.m = S::m;
    facts.n = S::n;
    facts.k = S::k;
    facts.stages = S::kStages;
  }
  return facts;
}

template <class Kernel, class S, class Atoms>
inline constexpr KernelFacts kKernelFacts = facts_of<Kernel, S, Atoms>();

}  // namespace moat::simt
