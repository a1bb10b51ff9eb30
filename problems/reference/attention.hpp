// SPDX-License-Identifier: Apache-2.0
// Attention in float64, one row of O at a time. Pointers of the problem are the host's.
#pragma once

#include <cmath>
#include <limits>
#include <vector>

#include "problems/attention.hpp"
#include "problems/reference/estimate.hpp"

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
  double logit_abs = 0;           // largest scale · Σ |q·k| of a visible key
  double logit = 0;               // largest |scale · Σ q·k| of a visible key
  int visible = 0;
};

template <class T>
AttentionRow attention_row(const AttentionProblem& p, int batch, int head, int query, Type<T>) {
  const int kv_head = head / (p.q_heads / p.kv_heads);
  const int d = p.head_dim;
  const T* q = static_cast<const T*>(p.q) + index_query(p, batch, head, query);
  std::vector<double> wide_q(d);
  for (int i = 0; i < d; ++i) wide_q[i] = to_float(q[i]);

  AttentionRow row;
  row.visible = visible_keys(p, query);
  std::vector<double> weight(row.visible);
  double top = -std::numeric_limits<double>::infinity();
  for (int j = 0; j < row.visible; ++j) {
    const T* k = static_cast<const T*>(p.k) + index_key(p, batch, kv_head, j);
    Estimate logit;
    for (int i = 0; i < d; ++i) logit.add(wide_q[i] * to_float(k[i]));
    weight[j] = logit.value * p.scale;
    top = std::max(top, weight[j]);
    row.logit = std::max(row.logit, std::abs(weight[j]));
    row.logit_abs = std::max(row.logit_abs, logit.abs * p.scale);
  }
  double sum = 0;
  for (double& w : weight) {
    w = std::exp(w - top);
    sum += w;
  }
  std::vector<double> value(d);
  std::vector<double> abs(d);
  std::vector<double> square(d);
  row.value_abs.resize(d);
  for (int j = 0; j < row.visible; ++j) {
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
  }
  row.out.resize(d);
  for (int i = 0; i < d; ++i) row.out[i] = {.value = value[i], .abs = abs[i], .square = square[i]};
  return row;
}

// Row `query` of one head of one batch. Costs 2 · visible · head_dim products.
inline AttentionRow attention_row(const AttentionProblem& p, int batch, int head, int query) {
  return with_dtype(p.dtype, [&](auto type) { return attention_row(p, batch, head, query, type); });
}

}  // namespace moat::reference
