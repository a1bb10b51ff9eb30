// SPDX-License-Identifier: Apache-2.0
// Gather of embeddings, the first layer of a model: what is computed, its operands and its work.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "problems/description.hpp"
#include "problems/operand.hpp"

namespace moat {

// Row i of y, tokens × dim elements of `dtype`, is row ids[i] of the table, vocab × dim elements of
// it, both dense; 0 ≤ ids[i] < vocab, which nothing checks. ids are 64-bit, as those that PyTorch's
// embedding takes by default and as argmax and top-k give them
// (docs.pytorch.org/docs/stable/generated/torch.nn.functional.embedding.html).
struct GatherProblem {
  DType dtype = DType::f32;
  int vocab = 1;
  int tokens = 1;
  int dim = 1;
  const void* table = nullptr;
  const void* ids = nullptr;
  void* y = nullptr;
};

// One move per element, for there is no arithmetic.
inline double flops(const GatherProblem& p) { return static_cast<double>(p.tokens) * p.dim; }

// Calls f(operand, its pointer) for the table, ids and y. A row of the table is read once, however
// many tokens it has.
template <Is<GatherProblem> P, class F>
void for_each_operand(P& p, F&& f) {
  f(Operand{.name = "table",
            .type = p.dtype,
            .rows = p.vocab,
            .cols = p.dim,
            .used = std::min(p.vocab, p.tokens)},
    p.table);
  f(Operand{.name = "ids", .cols = p.tokens, .positions = true}, p.ids);
  f(Operand{.name = "y", .role = Role::output, .type = p.dtype, .rows = p.tokens, .cols = p.dim},
    p.y);
}

// Described for the harness as problem.hpp tells.
std::vector<GatherProblem> kernels_of(Type<GatherProblem>);
Description describe(const GatherProblem& p);
Work work(const GatherProblem& p);
void shape(GatherProblem& p, ShapeKeys& keys);
std::string what_is_wrong(const GatherProblem& p);

}  // namespace moat
