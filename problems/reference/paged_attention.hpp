// SPDX-License-Identifier: Apache-2.0
// Attention over pages in float64, one row of O at a time. Pointers of the problem are the host's.
#pragma once

#include <cstdint>
#include <vector>

#include "problems/paged_attention.hpp"
#include "problems/reference/attention.hpp"

namespace moat::reference {

// Number of the slot of the caches that holds a key which some query sees.
inline std::int64_t slot_of(const PagedAttentionProblem& p, int sequence, int key) {
  const int* table = static_cast<const int*>(p.table) + std::int64_t{sequence} * table_width(p);
  return std::int64_t{table[key / p.page]} * p.page + key % p.page;
}

// Index of the first element of a query, of its row of O and of its log-sum-exp.
inline std::int64_t row_of(const PagedAttentionProblem& p, int sequence, int head, int query) {
  return (std::int64_t{sequence} * p.q_len + query) * p.q_heads + head;
}

template <class T>
const T* key_at(const PagedAttentionProblem& p, int sequence, int kv_head, int key) {
  return static_cast<const T*>(p.k) +
         (slot_of(p, sequence, key) * p.kv_heads + kv_head) * p.head_dim;
}
template <class T>
const T* value_at(const PagedAttentionProblem& p, int sequence, int kv_head, int key) {
  if (p.latent) return key_at<T>(p, sequence, kv_head, key);
  return static_cast<const T*>(p.v) +
         (slot_of(p, sequence, key) * p.kv_heads + kv_head) * values_of(p);
}

// The same problem over a cache of elements, which are put into `elements`: those that codes stand
// for, as implementations multiply them. Their rounding to bf16 is the problem's own, so that
// bounds have no part for it.
inline PagedAttentionProblem with_elements(const PagedAttentionProblem& p,
                                           std::vector<bf16>& elements) {
  PagedAttentionProblem of_elements = p;
  if (!p.code) return of_elements;
  const auto* keys = static_cast<const CodedKey*>(p.k);
  elements.resize(cache_pages(p) * p.page * CodedKey::kNumbers);
  for (std::size_t i = 0; i < elements.size(); ++i) {
    elements[i] = from_float<bf16>(
        number_of(keys[i / CodedKey::kNumbers], static_cast<int>(i % CodedKey::kNumbers)));
  }
  of_elements.code.reset();
  of_elements.k = elements.data();
  return of_elements;
}

// Row `query` of one head of one sequence.
inline AttentionRow attention_row(const PagedAttentionProblem& p, int sequence, int head, int query,
                                  bool flushes = false) {
  if (p.top != 0 && p.q_len > 1) {
    return attention_row(query_by_query(p), sequence * p.q_len + query, head, 0, flushes);
  }
  return with_dtype(p.dtype, [&]<class T>(Type<T>) {
    const int kv_head = head / (p.q_heads / p.kv_heads);
    const auto key = [&p, sequence, kv_head](int j) { return key_at<T>(p, sequence, kv_head, j); };
    const auto value = [&p, sequence, kv_head](int j) {
      return value_at<T>(p, sequence, kv_head, j);
    };
    const int length = static_cast<const int*>(p.lengths)[sequence];
    const KeyRange seen = keys_of(p, length, query);
    SeenKeys<T, decltype(key), decltype(value)> of{
        .q = static_cast<const T*>(p.q) + row_of(p, sequence, head, query) * p.head_dim,
        .key = key,
        .value = value,
        .begin = seen.begin,
        .end = seen.end,
        .key_dim = p.head_dim,
        .value_dim = values_of(p),
        .scale = p.scale};
    if (p.sinks) of.sink = static_cast<const float*>(p.sink_logits)[head];
    return attention_row(of, flushes);
  });
}

}  // namespace moat::reference
