// SPDX-License-Identifier: Apache-2.0
// Entry and launch of a kernel on a GPU; compiled by the device compilers.
#pragma once

#include "backends/simt/backend.hpp"
#include "backends/simt/kernel_facts.hpp"
#include "backends/simt/program.hpp"

// Arguments stay in constant memory, where copying units look for tensor maps.
#ifdef __CUDACC__
#define MOAT_GRID_CONSTANT __grid_constant__
#else
#define MOAT_GRID_CONSTANT
#endif

namespace moat::simt {

// Second argument of __launch_bounds__, which vendors count differently.
template <class Atoms, class S>
inline constexpr int kResidency = Atoms::min_residency(S::kResidency, S::kWarps);

template <class Kernel, class S, class Atoms, class Args>
using Bound = typename Program<Kernel, S, Atoms>::template Bound<Args>;

// kSharedBytes<Kernel, S, Atoms> is an argument so that it stands in the entry's name, where
// `moat codegen` reads it: no compiler reports dynamic shared memory.
template <class Kernel, class S, class Atoms, class Args, std::size_t kDynamicBytes>
__global__ void __launch_bounds__((kThreads<Atoms, S>), (kResidency<Atoms, S>))
    entry(MOAT_GRID_CONSTANT const Bound<Kernel, S, Atoms, Args> args) {
  extern __shared__ __attribute__((aligned(kSharedAlignment))) unsigned char arena[];
  Program<Kernel, S, Atoms>::template run<Args>(arena, args);
}

template <class Atoms, class ScheduleTable>
template <class Kernel, class S, class Args>
void Backend<Atoms, ScheduleTable>::launch(std::int64_t items, const Args& args) {
  constexpr int kBlockThreads = kThreads<Atoms, S>;
  constexpr std::size_t kBytes = kSharedBytes<Kernel, S, Atoms>;
  std::int64_t most = items;
  if constexpr (S::kPersistent) {
    most = std::min(most, std::int64_t{S::kResidency} * queue_.facts().compute_units);
  }
  const unsigned blocks = grid_blocks(most, kBlockThreads);
  if (blocks == 0) return;
  Bound<Kernel, S, Atoms, Args> bound{args};
  void* pointers[] = {&bound};
  queue_.enqueue({.entry = reinterpret_cast<const void*>(&entry<Kernel, S, Atoms, Args, kBytes>),
                  .blocks = blocks,
                  .threads = unsigned{kBlockThreads},
                  .shared_bytes = kBytes,
                  .items = items,
                  .kernel = &kKernelFacts<Kernel, S, Atoms>},
                 pointers);
}

}  // namespace moat::simt
