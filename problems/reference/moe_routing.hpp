// SPDX-License-Identifier: Apache-2.0
// Routing of one token in float64. Pointers of the problem are the host's.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <numeric>
#include <utility>
#include <vector>

#include "problems/moe_routing.hpp"
#include "problems/reference/bound.hpp"

namespace moat::reference {

// What a token's experts are chosen by, and how far off that may be in f32.
struct ExpertScore {
  double chosen_by = 0;
  double error = 0;
};

// Relative error of σ(x) = 1 ÷ (1 + e) with e = exp(−x): what e is off by, relative to e, σ is off
// by no more than that; the sum and the division add roundings, of which a fast one takes two.
inline double sigmoid_error(double x) { return exp_error(std::abs(x)) + 4 * kRoundoffF32; }

// What a group is chosen by: the sum of its two best experts. Where no other expert but their
// equals could take their place in f32, it is that of `first` and `second` there too.
struct GroupScore : ExpertScore {
  std::int64_t first = 0;
  std::int64_t second = 0;
  bool certain = true;
};

// Whether two experts of a token differ in nothing that decides, so that f32 cannot tell them apart
// either.
inline bool same_expert(const MoeRoutingProblem& p, std::int64_t token, std::int64_t a,
                        std::int64_t b) {
  const float* logits = static_cast<const float*>(p.logits) + token * p.experts;
  const auto* bias = static_cast<const float*>(p.bias);
  return logits[a] == logits[b] && (p.softmax || bias[a] == bias[b]);
}

struct RoutedToken {
  std::vector<ExpertScore> scores;    // of all experts
  std::vector<bool> open;             // whether an expert's group is one of the best
  std::vector<std::int64_t> indices;  // the best first
  bool groups_are_close = false;      // by less than f32 may be off by
};

inline RoutedToken routed_token(const MoeRoutingProblem& p, std::int64_t token) {
  const float* logits = static_cast<const float*>(p.logits) + token * p.experts;
  const auto* bias = static_cast<const float*>(p.bias);
  RoutedToken routed;
  for (int e = 0; e < p.experts; ++e) {
    const double logit = logits[e];
    if (p.softmax) {
      routed.scores.push_back({.chosen_by = logit});
      continue;
    }
    const double score = 1 / (1 + std::exp(-logit));
    const double sum = score + bias[e];
    routed.scores.push_back({.chosen_by = sum,
                             .error = score * sigmoid_error(logit) + underflow(DType::f32) +
                                      kRoundoffF32 * (std::abs(sum) + score)});
  }
  // Stable, so that of equal ones the first is before.
  const auto best_of = [](auto& numbers, int count, auto&& value) {
    std::ranges::stable_sort(numbers, [&](auto a, auto b) { return value(a) > value(b); });
    numbers.resize(count);
  };
  const auto score = [&](std::int64_t e) { return routed.scores[e].chosen_by; };
  std::vector<std::int64_t> open(p.experts);
  std::iota(open.begin(), open.end(), 0);
  if (p.groups > 1) {
    const std::int64_t size = p.experts / p.groups;
    const auto same = [&](std::int64_t a, std::int64_t b) { return same_expert(p, token, a, b); };
    std::vector<GroupScore> sums;
    for (int g = 0; g < p.groups; ++g) {
      std::vector<std::int64_t> members(open.begin() + g * size, open.begin() + (g + 1) * size);
      double error = 0;
      for (const std::int64_t e : members) error = std::max(error, routed.scores[e].error);
      best_of(members, static_cast<int>(size), score);
      const std::int64_t second = members[1];
      const bool certain = std::all_of(members.begin() + 2, members.end(), [&](std::int64_t e) {
        return same(second, e) || score(second) - score(e) > 2 * error;
      });
      const double sum = score(members[0]) + score(second);
      sums.push_back({{.chosen_by = sum, .error = 2 * error + kRoundoffF32 * std::abs(sum)},
                      members[0],
                      second,
                      certain});
    }
    std::vector<int> order(p.groups);
    std::iota(order.begin(), order.end(), 0);
    best_of(order, static_cast<int>(p.groups), [&](int g) { return sums[g].chosen_by; });
    const auto limit = static_cast<std::size_t>(p.limit);
    for (std::size_t in = 0; in < limit; ++in) {
      for (std::size_t out = limit; out < order.size(); ++out) {
        const GroupScore& a = sums[order[in]];
        const GroupScore& b = sums[order[out]];
        // Other experts may have the same sum in float64, but not in f32.
        const bool equal =
            a.certain && b.certain && same(a.first, b.first) && same(a.second, b.second);
        routed.groups_are_close |= !equal && a.chosen_by - b.chosen_by <= a.error + b.error;
      }
    }
    order.resize(limit);
    std::erase_if(open, [&](std::int64_t e) {
      return std::ranges::find(order, static_cast<int>(e / size)) == order.end();
    });
  }
  routed.open.resize(p.experts);
  for (const std::int64_t e : open) routed.open[e] = true;
  best_of(open, p.top, score);
  routed.indices = std::move(open);
  return routed;
}

struct RoutedWeight {
  double value = 0;
  double bound = 0;
};

// The weights of these experts of a token. Every term is off by the relative error of a sigmoid or,
// of softmax, an exponential; so is their sum, which adds as many roundings; the quotient and the
// product add two.
inline std::vector<RoutedWeight> routed_weights(const MoeRoutingProblem& p, std::int64_t token,
                                                const std::vector<std::int64_t>& indices) {
  const float* logits = static_cast<const float*>(p.logits) + token * p.experts;
  double best = -std::numeric_limits<double>::infinity();
  for (const std::int64_t e : indices) best = std::max(best, double{logits[e]});
  std::vector<RoutedWeight> weights;
  double sum = 0;
  double relative = 0;
  for (const std::int64_t e : indices) {
    const double x = p.softmax ? logits[e] - best : double{logits[e]};
    const double term = p.softmax ? std::exp(x) : 1 / (1 + std::exp(-x));
    relative = std::max(relative, p.softmax ? exp_error(std::abs(x)) : sigmoid_error(x));
    weights.push_back({.value = term});
    sum += term;
  }
  const double error = 2 * relative + (static_cast<double>(indices.size()) + 4) * kRoundoffF32;
  for (RoutedWeight& w : weights) {
    const double vanished = underflow(DType::f32) * (1 + p.scale / sum);
    w.value = w.value / sum * p.scale;
    w.bound = rounded(w.value, w.value * error + vanished, DType::f32);
  }
  return weights;
}

}  // namespace moat::reference
