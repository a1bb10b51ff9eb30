// accepted
#pragma once

#include "backends/vocabulary/block.hpp"

namespace moat {

enum class EdgeOp : std::uint8_t { inner, outer };

template <class T>
struct Edge {
  template <class S, Block B>
  static MOAT_FN void run(B& block, const Args<S, B>& args) {
    const int heads = !args.packed ? args.heads : S::all_heads ? 1 : args.group;
    const int last = B::min(args.row + S::m, args.rows) - 1;
    if (args.key + S::n > B::min(last, args.keys)) block.items(heads, [&](int) {});
    for (int i = 0; i < S::k; ++i) {
      if (i % S::m == 0 && args.op == EdgeOp::inner) args.count = ceil_div(args.rows, S::m);
    }
  }
};

}  // namespace moat
