// SPDX-License-Identifier: Apache-2.0
// What a lane of a block runs: the same on a device and in the emulator.
#pragma once

#include "backends/simt/thread_block.hpp"

namespace moat::simt {

// `arena` is the block's shared memory, kSharedBytes<Kernel, S, Atoms> bytes. Bound<Args> is how
// the entry receives its arguments; it begins with the Args that the launcher bound.
template <class Kernel, class S, class Atoms>
struct Program {
  template <class Args>
  using Bound = Args;

  template <class Args>
  static MOAT_FN void run(unsigned char* arena, const Args& args) {
    ThreadBlock<Atoms, S> block(arena);
    Kernel::template run<S>(block, args);
  }
};

}  // namespace moat::simt
