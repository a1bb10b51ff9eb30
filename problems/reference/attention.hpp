// SPDX-License-Identifier: Apache-2.0
// Attention in float64, one row of O at a time. Pointers of the problem are the host's.
#pragma once

#include <cmath>
#include <limits>
#include <vector>

#include "problems/attention.hpp"
#include "problems/reference/bound.hpp"

namespace moat::reference {

// Keys that a query sees: 0 … count − 1.
inline int visible_keys(const AttentionProblem& p, int query) {
  if (!p.causal) return p.kv_len;
  const std::int64_t seen = std::int64_t{query} + p.kv_len - p.q_len + 1;
  return static_cast<int>(std::clamp<std::int64_t>(seen, 0, p.kv_len));
}

// Index of the first of head_dim elements of a query (also of O), and of a key or value.
inline std::int64_t index_query(const AttentionProblem& p, int batch, int head, int query) {
  return ((std::int64_t{batch} * p.q_len + query) * p.q_heads + head) * p.head_dim;
}
inline std::int64_t index_key(const AttentionProblem& p, int batch, int kv_head, int key) {
  return ((std::int64_t{batch} * p.kv_len + key) * p.kv_heads + kv_head) * p.head_dim;
}

struct AttentionRow {
  // head_dim elements: Σ p·v, Σ |p·v| and Σ (p·v)² over the visible keys; zeros if there is none.
  std::vector<Estimate> out;
  std::vector<double> value_abs;  // head_dim elements: Σ |v| over the visible keys
  // head_dim elements: Σ |p·v| over keys of which p or v counts as zero
  std::vector<double> flushed;
  Logits logits;
};

template <class T>
AttentionRow attention_row(const AttentionProblem& p, int batch, int head, int query, bool flushes,
                           Type<T>) {
  const int kv_head = head / (p.q_heads / p.kv_heads);
  const int d = p.head_dim;
  const T* q = static_cast<const T*>(p.q) + index_query(p, batch, head, query);
  std::vector<double> wide_q(d);
  for (int i = 0; i < d; ++i) wide_q[i] = to_float(q[i]);

  const double least = flushes ? flushed_below(p.dtype) : 0;

  AttentionRow row;
  const int visible = row.logits.visible = visible_keys(p, query);
  std::vector<double> weight(visible);
  double top = -std::numeric_limits<double>::infinity();
  for (int j = 0; j < visible; ++j) {
    const T* k = static_cast<const T*>(p.k) + index_key(p, batch, kv_head, j);
    Estimate logit;
    for (int i = 0; i < d; ++i) logit.add(wide_q[i] * to_float(k[i]));
    weight[j] = logit.value * p.scale;
    top = std::max(top, weight[j]);
    row.logits.value = std::max(row.logits.value, std::abs(weight[j]));
    row.logits.abs = std::max(row.logits.abs, logit.abs * p.scale);
    if (least == 0) continue;
    double flushed = 0;
    for (int i = 0; i < d; ++i) {
      const double x = std::abs(wide_q[i]);
      const double y = std::abs(to_float(k[i]));
      if (std::min(x, y) < least) flushed += x * y;
    }
    row.logits.flushed = std::max(row.logits.flushed, flushed * p.scale);
  }
  // Weights are rounded before they are normalised: as a share of the largest, or of one that was
  // the largest so far, of which they are no smaller share.
  const double least_weight = least > 0 ? least * (1 + weight_error(p, row.logits)) : 0;
  double sum = 0;
  for (double& w : weight) {
    w = std::exp(w - top);
    sum += w;
  }
  std::vector<double> value(d);
  std::vector<double> abs(d);
  std::vector<double> square(d);
  row.value_abs.resize(d);
  row.flushed.resize(d);
  for (int j = 0; j < visible; ++j) {
    const T* v = static_cast<const T*>(p.v) + index_key(p, batch, kv_head, j);
    const double w = weight[j] / sum;
    for (int i = 0; i < d; ++i) {
      const double x = to_float(v[i]);
      const double term = w * x;
      value[i] += term;
      abs[i] += std::abs(term);
      square[i] += term * term;
      row.value_abs[i] += std::abs(x);
    }
    if (least == 0) continue;
    for (int i = 0; i < d; ++i) {
      const double x = std::abs(to_float(v[i]));
      if (weight[j] < least_weight || x < least) row.flushed[i] += w * x;
    }
  }
  row.out.resize(d);
  for (int i = 0; i < d; ++i) row.out[i] = {.value = value[i], .abs = abs[i], .square = square[i]};
  return row;
}

// Row `query` of one head of one batch. Costs 2 · visible · head_dim products. If `flushes`, with
// what counts as zero where subnormal operands do.
inline AttentionRow attention_row(const AttentionProblem& p, int batch, int head, int query,
                                  bool flushes = false) {
  return with_dtype(p.dtype,
                    [&](auto type) { return attention_row(p, batch, head, query, flushes, type); });
}

}  // namespace moat::reference
