// SPDX-License-Identifier: Apache-2.0
// Attention in float64, one row of O at a time. Pointers of the problem are the host's.
#pragma once

#include <cmath>
#include <limits>
#include <numbers>
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
  // An element of O each: Σ p·v, Σ |p·v| and Σ (p·v)² over the visible keys; zeros if there is
  // none.
  std::vector<Estimate> out;
  std::vector<double> value_abs;  // likewise: Σ |v| over the visible keys
  // likewise: Σ |p·v| over keys of which p or v counts as zero
  std::vector<double> flushed;
  Logits logits;
  double log2_sum = 0;  // log2 Σ exp(logit) over the visible keys
};

// What a row is computed from: a query, and keys and values of the positions begin … end − 1 as
// key(j) and value(j) point to them, of key_dim and value_dim elements. `sink` is a logit that
// weighs as a key without a value; −∞ if there is none.
template <class T, class KeyAt, class ValueAt>
struct SeenKeys {
  const T* q;
  KeyAt key;
  ValueAt value;
  int begin, end;
  int key_dim, value_dim;
  float scale;
  double sink = -std::numeric_limits<double>::infinity();
};

// Costs (end − begin) · (key_dim + value_dim) products. If `flushes`, with what counts as zero
// where subnormal operands do.
template <class T, class KeyAt, class ValueAt>
AttentionRow attention_row(const SeenKeys<T, KeyAt, ValueAt>& p, bool flushes) {
  const int d = p.key_dim;
  std::vector<double> wide_q(d);
  for (int i = 0; i < d; ++i) wide_q[i] = to_float(p.q[i]);

  const double least = flushes ? flushed_below(kDType<T>) : 0;

  AttentionRow row;
  row.logits.dim = d;
  const int visible = row.logits.visible = p.end - p.begin;
  std::vector<double> weight(visible);
  double top = -std::numeric_limits<double>::infinity();
  for (int j = 0; j < visible; ++j) {
    const T* k = p.key(p.begin + j);
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
  const double least_weight = least > 0 ? least * (1 + weight_error(row.logits)) : 0;
  double sum = 0;
  for (double& w : weight) {
    w = std::exp(w - top);
    sum += w;
  }
  row.log2_sum = visible == 0 ? top : (top + std::log(sum)) / std::numbers::ln2;
  row.logits.sink = std::isinf(p.sink) ? 0 : std::abs(p.sink);
  if (visible > 0) sum += std::exp(p.sink - top);
  const int values = p.value_dim;
  std::vector<double> value(values);
  std::vector<double> abs(values);
  std::vector<double> square(values);
  row.value_abs.resize(values);
  row.flushed.resize(values);
  for (int j = 0; j < visible; ++j) {
    const T* v = p.value(p.begin + j);
    const double w = weight[j] / sum;
    for (int i = 0; i < values; ++i) {
      const double x = to_float(v[i]);
      const double term = w * x;
      value[i] += term;
      abs[i] += std::abs(term);
      square[i] += term * term;
      row.value_abs[i] += std::abs(x);
    }
    if (least == 0) continue;
    for (int i = 0; i < values; ++i) {
      const double x = std::abs(to_float(v[i]));
      if (weight[j] < least_weight || x < least) row.flushed[i] += w * x;
    }
  }
  row.out.resize(values);
  for (int i = 0; i < values; ++i) {
    row.out[i] = {.value = value[i], .abs = abs[i], .square = square[i]};
  }
  return row;
}

// Row `query` of one head of one batch. Costs 2 · visible · head_dim products. If `flushes`, with
// what counts as zero where subnormal operands do.
inline AttentionRow attention_row(const AttentionProblem& p, int batch, int head, int query,
                                  bool flushes = false) {
  return with_dtype(p.dtype, [&]<class T>(Type<T>) {
    const int kv_head = head / (p.q_heads / p.kv_heads);
    const auto in = [&](const void* data) {
      return [&p, data, batch, kv_head](int key) {
        return static_cast<const T*>(data) + index_key(p, batch, kv_head, key);
      };
    };
    return attention_row(
        SeenKeys<T, decltype(in(p.k)), decltype(in(p.v))>{
            .q = static_cast<const T*>(p.q) + index_query(p, batch, head, query),
            .key = in(p.k),
            .value = in(p.v),
            .begin = 0,
            .end = visible_keys(p, query),
            .key_dim = p.head_dim,
            .value_dim = p.head_dim,
            .scale = p.scale},
        flushes);
  });
}

}  // namespace moat::reference
