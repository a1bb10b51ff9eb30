// A block of the vocabulary in backends/block.hpp, executed by the lanes of a GPU's thread block.
#pragma once

#include <cstddef>

#include "backends/block.hpp"

namespace moat::simt {

// Lanes that a launch of schedule S needs per block.
template <class Atoms, class S>
inline constexpr int kThreads = S::warps * Atoms::kWaveWidth;

// Alignment that a block needs of its shared memory, in bytes.
inline constexpr std::size_t kSharedAlignment = 128;

// One block. A kernel's entry constructs it in every lane from the block's shared memory:
//   extern __shared__ __align__(128) unsigned char arena[];
//   simt::Block<Atoms, S> block(arena);
//   Kernel::template run<S>(block, args);
// `arena` holds kSharedBytes<Kernel, S, Atoms> bytes. S has `warps` (waves per block) and
// `resident_blocks` (blocks that a multiprocessor should hold at once, the second argument of
// __launch_bounds__).
template <class Atoms, class S>
class Block {
 public:
  explicit MOAT_FN Block(unsigned char* arena) : arena_(arena) {}

 private:
  unsigned char* arena_;
};

// Bytes of dynamic shared memory that a launch of Kernel with schedule S needs.
template <class Kernel, class S, class Atoms>
inline constexpr std::size_t kSharedBytes = 0;

}  // namespace moat::simt
