// Entry and launch of a kernel on a GPU; compiled by the device compilers.
#pragma once

#include "backends/simt/backend.hpp"
#include "backends/simt/block.hpp"

namespace moat::simt {

// Second argument of __launch_bounds__, which vendors count differently.
template <class Atoms, class S>
inline constexpr int kResidency = Atoms::min_residency(S::kResidency, S::kWarps);

// kSharedBytes<Kernel, S, Atoms> is an argument so that it stands in the entry's name, where
// `moat codegen` reads it: no compiler reports dynamic shared memory.
template <class Kernel, class S, class Atoms, class Args, std::size_t kDynamicBytes>
__global__ void __launch_bounds__((kThreads<Atoms, S>), (kResidency<Atoms, S>)) entry(Args args) {
  extern __shared__ __attribute__((aligned(kSharedAlignment))) unsigned char arena[];
  Block<Atoms, S> block(arena);
  Kernel::template run<S>(block, args);
}

template <class Atoms, class ScheduleTable>
template <class Kernel, class S, class Args>
void Backend<Atoms, ScheduleTable>::launch(std::int64_t items, const Args& args) {
  constexpr int kBlockThreads = kThreads<Atoms, S>;
  constexpr std::size_t kBytes = kSharedBytes<Kernel, S, Atoms>;
  const unsigned blocks = grid_blocks(items, kBlockThreads);
  if (blocks == 0) return;
  void* pointers[] = {const_cast<Args*>(&args)};
  queue_.enqueue({.entry = reinterpret_cast<const void*>(&entry<Kernel, S, Atoms, Args, kBytes>),
                  .blocks = blocks,
                  .threads = unsigned{kBlockThreads},
                  .shared_bytes = kBytes},
                 pointers);
}

}  // namespace moat::simt
