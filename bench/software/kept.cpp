// SPDX-License-Identifier: Apache-2.0
#include "bench/software/kept.hpp"

#include <algorithm>
#include <memory>
#include <vector>

namespace moat {
namespace {

// The pointers of a problem whose operands are kept. An operand in pages is, without being named:
// pages are of caches.
using Pointers = std::vector<const void* const*>;

Pointers kept(const GemmProblem& p) { return {&p.b}; }
Pointers kept(const WeightGemmProblem& p) { return {&p.w, &p.scales}; }
Pointers kept(const ScaledGemmProblem& p) { return {&p.b, &p.b_scales}; }
Pointers kept(const GroupedGemmProblem& p) { return {&p.b}; }
Pointers kept(const AttentionProblem& p) { return {&p.k, &p.v}; }
Pointers kept(const IndexerProblem& p) { return {&p.k}; }
Pointers kept(const GatherProblem& p) { return {&p.table}; }
template <class P>
Pointers kept(const P&) {
  return {};
}

double tokens(const AttentionProblem& p) { return 1.0 * p.batch * p.kv_len; }
double tokens(const IndexerProblem& p) { return 1.0 * p.batch * p.kv_len; }
double tokens(const PagedAttentionProblem& p) {
  return sum_over_sequences(p, [&](int length) { return length - first_key(p, length); });
}
template <class P>
double tokens(const P&) {
  return 0;
}

}  // namespace

double kept_bytes(const Problem& problem) {
  // A list names some keys, but the next one may name any.
  const auto* listed = std::get_if<PagedAttentionProblem>(&problem);
  if (listed != nullptr && listed->top != 0) return kept_bytes(over_all_keys(*listed));
  return std::visit(
      [](const auto& p) {
        const Pointers own = kept(p);
        double bytes = 0;
        for_each_operand(p, [&](const Operand& o, const auto& pointer) {
          if (o.role != Role::input) return;
          if (o.pages) {
            bytes += bytes_moved(o);
          } else if (std::ranges::any_of(own, [&](const void* member) {
                       return member == std::addressof(pointer);
                     })) {
            bytes += bytes_held(o);
          }
        });
        return bytes;
      },
      problem);
}

double cached_tokens(const Problem& problem) {
  return std::visit([](const auto& p) { return tokens(p); }, problem);
}

}  // namespace moat
