// SPDX-License-Identifier: Apache-2.0
// Scores of the lightning indexer, by which sparse attention chooses its keys: what is computed,
// its operands and its work.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "problems/description.hpp"
#include "problems/operand.hpp"

namespace moat {

// Elements of a query of a head, and of a key, which all heads share: index_head_dim of
// DeepSeek-V3.2.
inline constexpr int kIndexDim = 128;

// score[i][j] = Σ over heads h of w[i][h] · max(q[i][h] · k[j], 0), in f32, as DeepSeek-V3.2 has it
// (github.com/deepseek-ai/DeepSeek-V3.2-Exp, inference/kernel.py, fp8_index; DeepGEMM's
// fp8_mqa_logits, there with operands in 8 bits). Queries are [batch][q_len][heads][kIndexDim],
// keys [batch][kv_len][kIndexDim], of `dtype`, weights [batch][q_len][heads] of f32 and of either
// sign, scores [batch][q_len][kv_len], all dense. Query i stands at position kv_len − q_len + i;
// the score of a key behind it is −∞.
struct IndexerProblem {
  DType dtype = DType::bf16;
  int batch = 1;
  int q_len = 1;
  int kv_len = 1;
  int heads = 64;
  const void* q = nullptr;
  const void* k = nullptr;
  const void* weights = nullptr;
  void* scores = nullptr;
};

// Keys that a query sees.
inline int visible_keys(const IndexerProblem& p, int query) {
  const std::int64_t seen = std::int64_t{p.kv_len} - p.q_len + query + 1;
  return static_cast<int>(std::clamp<std::int64_t>(seen, 0, p.kv_len));
}

// Query-key pairs of all sequences that the mask lets through. The last query sees all keys, each
// one before it one less.
inline double visible_pairs(const IndexerProblem& p) {
  const double most = p.kv_len;
  const double least = std::max(most - p.q_len + 1, 1.0);
  return p.batch * (most - least + 1) * (most + least) / 2;
}

// The products of queries with keys; what is done with them is not counted.
inline double flops(const IndexerProblem& p) {
  return 2.0 * p.heads * kIndexDim * visible_pairs(p);
}

// Calls f(operand, its pointer) for queries, keys, weights and scores.
template <Is<IndexerProblem> P, class F>
void for_each_operand(P& p, F&& f) {
  const std::int64_t queries = std::int64_t{p.batch} * p.q_len;
  f(Operand{.name = "Q", .type = p.dtype, .rows = queries * p.heads, .cols = kIndexDim}, p.q);
  f(Operand{.name = "K",
            .type = p.dtype,
            .rows = std::int64_t{p.batch} * p.kv_len,
            .cols = kIndexDim},
    p.k);
  f(Operand{.name = "weights", .rows = queries, .cols = p.heads}, p.weights);
  f(Operand{.name = "scores", .role = Role::output, .rows = queries, .cols = p.kv_len}, p.scores);
}

// Described for the harness as problem.hpp tells.
std::vector<IndexerProblem> kernels_of(Type<IndexerProblem>);
Description describe(const IndexerProblem& p);
Work work(const IndexerProblem& p);
void shape(IndexerProblem& p, ShapeKeys& keys);
std::string what_is_wrong(const IndexerProblem& p);

}  // namespace moat
