// SPDX-License-Identifier: Apache-2.0
// Attention over a paged cache, also of latent vectors: what is computed, its operands, its work.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "problems/coded_key.hpp"
#include "problems/description.hpp"
#include "problems/operand.hpp"

namespace moat {

// Q is [batch][q_len][q_heads][head_dim], O is [batch][q_len][q_heads][values], dense, of `dtype`,
// which is one of 16 bits: as wide as the caches of engines are, where they are not in codes.
// Keys and values lie in caches [pages][page][kv_heads][head_dim or values] (FlashInfer's NHD
// layout). Key j of sequence b is row j % page of page table[b][j / page]; it has lengths[b] keys.
// Table entries of pages that no query sees, and slots that hold no key that one sees, may hold
// anything. q_heads is a multiple of kv_heads.
//
// Query i stands at position lengths[b] − q_len + i. With `causal` it sees the keys up to its own,
// with a window w those j of them with i − j < w (gpt-oss, gpt_oss/torch/model.py). A query that
// sees no key gives zeros.
//
// lse is [batch][q_len][q_heads] of f32: log2 Σ exp(scale · q·k), to the base 2 as FlashInfer has
// it, −∞ where there is no key. With `sinks`, one logit for each query head, f32 and not scaled, is
// added to the sum by which O is divided (gpt-oss), and not to lse, from which parts of a sequence
// are merged.
//
// `latent`: multi-head latent attention with absorbed projections (DeepSeek-V2, arXiv 2405.04434;
// FlashMLA): one key head of 576 elements, of which the first 512 are the values too, in pages of
// 64; v is unused.
//
// `top`: sparse latent attention (DeepSeek-V3.2; github.com/deepseek-ai/FlashMLA, README, "Sparse
// Attention"). The table is [batch][q_len][top], a list for each query: slots of the cache, page
// · 64 + row of it, in any order and none twice. It is lengths[batch][q_len] keys long, all that
// its query sees; what is behind them, −1 in FlashMLA, which allows that anywhere, may be anything.
// Here a list has as many keys up to its query's position as there are, but no more than `top`.
struct PagedAttentionProblem {
  DType dtype = DType::bf16;
  std::optional<Code> code{};  // e4m3: keys of a latent cache are CodedKeys, and the rest is bf16
  bool latent = false;
  int top = 0;  // 0: no lists
  int batch = 1;
  int q_len = 1;
  int kv_len = 1;  // of the longest sequence
  int page = 64;
  int q_heads = 1;
  int kv_heads = 1;
  int head_dim = 128;
  std::int64_t value_dim = 0;  // 0: head_dim
  bool causal = false;
  bool sinks = false;
  std::int64_t window = 0;  // 0: none
  bool ragged = false;      // lengths fall evenly, from kv_len to 1
  float scale = 0.088388346f;
  const void* q = nullptr;
  const void* k = nullptr;
  const void* v = nullptr;
  const void* table = nullptr;
  const void* lengths = nullptr;
  const void* sink_logits = nullptr;
  void* o = nullptr;
  void* lse = nullptr;
};

// Of the latent cache of DeepSeek-V2 and V3: kv_lora_rank + qk_rope_head_dim, kv_lora_rank.
inline constexpr int kLatentDim = 576;
inline constexpr int kLatentValues = 512;
inline constexpr int kLatentPage = 64;
static_assert(CodedKey::kNumbers == kLatentDim && CodedKey::kCodes == kLatentValues);

// What such a cache may be stored in instead of elements.
inline constexpr std::array kCacheCodes{Code::e4m3};

// Elements of a value.
inline int values_of(const PagedAttentionProblem& p) {
  if (p.latent) return kLatentValues;
  return p.value_dim == 0 ? p.head_dim : static_cast<int>(p.value_dim);
}

// Units of storage from a key to the next of its head's neighbour: a CodedKey, or elements.
inline int key_stride(const PagedAttentionProblem& p) { return p.code ? 1 : p.head_dim; }

// Keys of a sequence.
inline int length_of(const PagedAttentionProblem& p, int sequence) {
  if (!p.ragged || p.batch == 1) return p.kv_len;
  return p.kv_len -
         static_cast<int>(std::int64_t{sequence} * (p.kv_len - 1) / (std::int64_t{p.batch} - 1));
}

// Keys begin … end − 1.
struct KeyRange {
  int begin, end;
};

// What a query of a sequence of `length` keys sees.
inline KeyRange keys_of(const PagedAttentionProblem& p, int length, int query) {
  const std::int64_t behind = std::int64_t{length} - p.q_len + query + 1;
  const std::int64_t end = p.causal ? std::clamp<std::int64_t>(behind, 0, length) : length;
  const std::int64_t begin =
      p.window == 0 ? 0 : std::clamp<std::int64_t>(behind - p.window, 0, end);
  return {static_cast<int>(begin), static_cast<int>(end)};
}

// The first key that any query of such a sequence sees.
inline int first_key(const PagedAttentionProblem& p, int length) {
  return keys_of(p, length, 0).begin;
}

// The attention over all keys of the cache, of which lists name some.
inline PagedAttentionProblem over_all_keys(PagedAttentionProblem p) {
  p.top = 0;
  p.page = kLatentPage;
  p.causal = true;
  return p;
}

// Lists as what they are for a kernel: tables of sequences of one query, in pages of one slot.
inline PagedAttentionProblem query_by_query(PagedAttentionProblem p) {
  p.batch *= p.q_len;
  p.q_len = 1;
  p.kv_len = std::min(p.kv_len, p.top);
  p.ragged = false;
  return p;
}

// Keys in the list of a query of a sequence of `length` keys.
inline int listed_keys(const PagedAttentionProblem& p, int length, int query) {
  const std::int64_t seen = std::int64_t{length} - p.q_len + query + 1;
  return static_cast<int>(std::clamp<std::int64_t>(seen, 0, std::min(p.top, length)));
}

// f(length) of all sequences, added up.
template <class F>
double sum_over_sequences(const PagedAttentionProblem& p, F f) {
  if (!p.ragged) return p.batch * static_cast<double>(f(p.kv_len));
  double sum = 0;
  for (int i = 0; i < p.batch; ++i) sum += static_cast<double>(f(length_of(p, i)));
  return sum;
}

// Pages of a sequence that hold keys which a query sees.
inline std::int64_t pages_in_use(const PagedAttentionProblem& p, int length) {
  return ceil_div(length, p.page) - first_key(p, length) / p.page;
}

// Pages of a cache: those in use, and some that are not.
inline std::int64_t cache_pages(const PagedAttentionProblem& p) {
  if (p.top != 0) return kLatentPage * cache_pages(over_all_keys(p));
  constexpr std::int64_t kSpare = 3;
  return kSpare + static_cast<std::int64_t>(
                      sum_over_sequences(p, [&](int length) { return pages_in_use(p, length); }));
}

// Entries of a sequence in the table, with one behind those of the longest; of a query in a list.
inline int table_width(const PagedAttentionProblem& p) {
  return p.top != 0 ? p.top : ceil_div(p.kv_len, p.page) + 1;
}

// Query-key pairs of one head, of all sequences, that the mask lets through or lists name.
inline double visible_pairs(const PagedAttentionProblem& p) {
  return sum_over_sequences(p, [&](int length) {
    if (!p.causal && p.top == 0) {
      const KeyRange keys = keys_of(p, length, 0);
      return 1.0 * p.q_len * (keys.end - keys.begin);
    }
    // The last query sees the most, each one before it one less, but none more than the window.
    const double most = length;
    const double least = std::max(most - p.q_len + 1, 1.0);
    const double limit = p.top != 0 ? p.top : static_cast<double>(p.window);
    const double wide = limit == 0 ? most : std::min(most, limit);
    const double whole = most - std::max(least, wide + 1) + 1;  // queries with a whole window
    const double rising = std::max(std::min(most, wide) - least + 1, 0.0);
    return rising * (least + std::min(most, wide)) / 2 + std::max(whole, 0.0) * wide;
  });
}

// Products with a key and with a value per visible pair; the softmax is not counted.
inline double flops(const PagedAttentionProblem& p) {
  return 2.0 * p.q_heads * (p.head_dim + values_of(p)) * visible_pairs(p);
}

// Rows of the cache that are read, those of each query once: lists share none before they name all.
inline double keys_read(const PagedAttentionProblem& p) {
  return sum_over_sequences(p, [&](int length) {
    if (p.top == 0) return 1.0 * (length - first_key(p, length));
    PagedAttentionProblem one = p;
    one.batch = 1;
    one.kv_len = length;
    one.ragged = false;
    return std::min(visible_pairs(one), 1.0 * length);
  });
}

// Calls f(operand, its pointer) for Q, the caches, the table, the lengths, the sinks if there are
// any, O and the log-sum-exp.
template <Is<PagedAttentionProblem> P, class F>
void for_each_operand(P& p, F&& f) {
  const std::int64_t queries = std::int64_t{p.q_len} * p.q_heads;
  f(Operand{.name = "Q", .type = p.dtype, .rows = queries, .cols = p.head_dim, .groups = p.batch},
    p.q);
  Operand cache{.name = p.latent ? "cache" : "K",
                .type = p.dtype,
                .rows = static_cast<std::int64_t>(keys_read(p)) * p.kv_heads,
                .cols = p.head_dim};
  cache.pages = Pages{.rows = std::int64_t{p.page} * p.kv_heads, .held = cache_pages(p)};
  if (p.code) {
    cache.code = p.code;
    cache.cols = sizeof(CodedKey);
  }
  f(cache, p.k);
  cache.name = "V";
  cache.cols = values_of(p);
  if (!p.latent) f(cache, p.v);
  const std::int64_t tables = std::int64_t{p.batch} * (p.top != 0 ? p.q_len : 1);
  f(Operand{.name = "table", .rows = tables, .cols = table_width(p), .indices = true}, p.table);
  f(Operand{.name = "lengths", .cols = tables, .indices = true}, p.lengths);
  if (p.sinks) f(Operand{.name = "sinks", .cols = p.q_heads}, p.sink_logits);
  f(Operand{.name = "O",
            .role = Role::output,
            .type = p.dtype,
            .rows = queries,
            .cols = values_of(p),
            .groups = p.batch},
    p.o);
  f(Operand{.name = "lse", .role = Role::output, .rows = queries, .groups = p.batch}, p.lse);
}

// Described for the harness as problem.hpp tells.
std::vector<PagedAttentionProblem> kernels_of(Type<PagedAttentionProblem>);
Description describe(const PagedAttentionProblem& p);
Work work(const PagedAttentionProblem& p);
void shape(PagedAttentionProblem& p, ShapeKeys& keys);
std::string what_is_wrong(const PagedAttentionProblem& p);

}  // namespace moat
