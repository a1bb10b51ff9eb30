// SPDX-License-Identifier: Apache-2.0
// The attention problem: what is computed, its operands and its work.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "problems/description.hpp"
#include "problems/operand.hpp"

namespace moat {

// Q and O are [batch][q_len][q_heads][head_dim], K and V are [batch][kv_len][kv_heads][head_dim],
// all of `dtype` and dense. q_heads is a multiple of kv_heads (grouped queries), head_dim is 64 or
// 128, scale > 0. The last query sees the last key: with `causal`, query i sees the keys
// j ≤ i + kv_len − q_len, and a query that sees none gives zeros.
struct AttentionProblem {
  DType dtype = DType::f32;
  int batch = 1;
  int q_heads = 1;
  int kv_heads = 1;
  int q_len = 1;
  int kv_len = 1;
  int head_dim = 64;
  bool causal = false;
  float scale = 0.125f;
  const void* q = nullptr;
  const void* k = nullptr;
  const void* v = nullptr;
  void* o = nullptr;
};

// The head dimensions that kernels exist for.
constexpr bool is_head_dim(int d) { return d == 64 || d == 128; }

// Query-key pairs of one head that the mask lets through.
inline double visible_pairs(const AttentionProblem& p) {
  if (!p.causal) return 1.0 * p.q_len * p.kv_len;
  const double last = p.kv_len;                            // keys that the last query sees
  const double first = std::max(last - p.q_len + 1, 1.0);  // and the first one that sees any
  return (first + last) * (last - first + 1) / 2;
}

// Two products of head_dim per visible pair; the softmax is not counted.
inline double flops(const AttentionProblem& p) {
  return 4.0 * p.batch * p.q_heads * p.head_dim * visible_pairs(p);
}

// Calls f(operand, its pointer) for Q, K, V and O.
template <Is<AttentionProblem> P, class F>
void for_each_operand(P& p, F&& f) {
  const Operand queries{.name = "Q",
                        .type = p.dtype,
                        .rows = std::int64_t{p.q_len} * p.q_heads,
                        .cols = p.head_dim,
                        .groups = p.batch};
  Operand keys = queries;
  keys.name = "K";
  keys.rows = std::int64_t{p.kv_len} * p.kv_heads;
  Operand values = keys;
  values.name = "V";
  Operand output = queries;
  output.name = "O";
  output.role = Role::output;
  f(queries, p.q);
  f(keys, p.k);
  f(values, p.v);
  f(output, p.o);
}

// Described for the harness as problem.hpp tells.
std::vector<AttentionProblem> kernels_of(Type<AttentionProblem>);
Description describe(const AttentionProblem& p);
Work work(const AttentionProblem& p);
void shape(AttentionProblem& p, ShapeKeys& keys);
std::string what_is_wrong(const AttentionProblem& p);

}  // namespace moat
