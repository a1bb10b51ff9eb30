// SPDX-License-Identifier: Apache-2.0
#include "problems/reference/moe_routing.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "bench/verify/expected.hpp"
#include "bench/verify/fill.hpp"
#include "bench/verify/random.hpp"

namespace moat {
namespace {

// Indices are those of float64, place by place, but that of two experts which differ by less than
// f32 may be off by either may stand. Before an expert all those of lower numbers are chosen that
// have its logit and its bias. Where groups are too close, any experts may be chosen, and only
// their weights are held to them.
class ExpectedRouting : public Verifier::Expected {
 public:
  explicit ExpectedRouting(const MoeRoutingProblem& p)
      : p_(p), problem_(p), tokens_(static_cast<std::size_t>(p.tokens)) {
#pragma omp parallel for schedule(static)
    for (int token = 0; token < p.tokens; ++token) {
      tokens_[static_cast<std::size_t>(token)] = reference::routed_token(p, token);
    }
  }

  const Problem& problem() const override { return problem_; }

  Check check(const std::byte* output, bool guarded, Summation) const override {
    const std::vector<OutputPlace> places = output_places(problem_);
    const std::byte* weights = output + places.at(1).offset;
    Check result{.passed = true, .elements = 2 * std::int64_t{p_.tokens} * p_.top};
    check_guard(result, output, places.at(0).bytes);
    check_written(result, weights, DType::f32, p_.tokens, p_.top, p_.top, guarded,
                  [&](std::int64_t row, std::int64_t col) { return name(row * p_.top + col); });
    const auto* indices = reinterpret_cast<const std::int64_t*>(output);
    for (std::int64_t token = 0; result.passed && token < p_.tokens; ++token) {
      check_indices(result, token, indices + token * p_.top);
    }
    if (!result.passed) return result;
    const auto* got = reinterpret_cast<const float*>(weights);
    judge_all(p_.tokens, DType::f32, [&](std::int64_t token, Judge& judge) {
      const std::int64_t begin = token * p_.top;
      const auto want =
          reference::routed_weights(p_, token, {indices + begin, indices + begin + p_.top});
      for (int i = 0; i < p_.top; ++i) {
        judge.compare(begin + i, got[begin + i], want[i].value, want[i].bound);
      }
    }).report(result, [&](std::int64_t at) { return name(at); });
    result.checked += std::int64_t{p_.tokens} * p_.top;
    return result;
  }

 private:
  std::string name(std::int64_t at) const {
    return fmt::format("weight of token {}, choice {}", at / p_.top, at % p_.top);
  }

  void check_indices(Check& result, std::int64_t token, const std::int64_t* got) const {
    const reference::RoutedToken& want = tokens_[static_cast<std::size_t>(token)];
    std::vector<bool> taken(static_cast<std::size_t>(p_.experts));
    for (int i = 0; i < p_.top; ++i) {
      const auto where = [&] { return fmt::format("token {}, choice {}", token, i); };
      if (got[i] < 0 || got[i] >= p_.experts) {
        return fail(result, fmt::format("{}: {} is no expert", where(), got[i]));
      }
      if (taken[static_cast<std::size_t>(got[i])]) {
        return fail(result, fmt::format("{}: expert {} was chosen before", where(), got[i]));
      }
      taken[static_cast<std::size_t>(got[i])] = true;
      for (int e = 0; e < got[i] && !want.groups_are_close; ++e) {
        if (want.open[e] && !taken[static_cast<std::size_t>(e)] &&
            reference::same_expert(p_, token, e, got[i])) {
          return fail(result,
                      fmt::format("{}: got expert {} before its equal {}", where(), got[i], e));
        }
      }
      if (got[i] == want.indices[i] || want.groups_are_close) continue;
      const auto& its = want.scores[got[i]];
      const auto& best = want.scores[want.indices[i]];
      if (std::abs(its.chosen_by - best.chosen_by) > its.error + best.error) {
        return fail(result,
                    fmt::format("{}: got expert {}, want {}", where(), got[i], want.indices[i]));
      }
    }
  }

  MoeRoutingProblem p_;
  Problem problem_;
  std::vector<reference::RoutedToken> tokens_;
};

constexpr int kTokenKinds = 4;

}  // namespace

// Biases are of seven values, up to ±0.3, so that other experts are chosen than without them. Of
// every 4 tokens one has logits of few values, so that experts tie within and across groups, one
// equal logits throughout, and one logits up to ±30, at whose end scores are equal in f32.
void fill(const MoeRoutingProblem& p, std::uint64_t seed, int first) {
  auto* bias = const_cast<float*>(static_cast<const float*>(p.bias));
  for (int e = 0; e < p.experts; ++e) {
    const auto value = static_cast<std::uint64_t>(bias[e] * 3.5f + 3.5f);
    const std::uint64_t bits = random_bits(stream_seed(seed, 1), value);
    bias[e] = 0.3f * symmetric_uniform(static_cast<std::uint32_t>(bits));
  }
  auto* logits = const_cast<float*>(static_cast<const float*>(p.logits));
#pragma omp parallel for schedule(static)
  for (int token = 0; token < p.tokens; ++token) {
    float* row = logits + std::int64_t{token} * p.experts;
    const auto kind = (token + first) % kTokenKinds;
    const float shift = symmetric_uniform(
        static_cast<std::uint32_t>(random_bits(seed, static_cast<std::uint64_t>(token))));
    for (int e = 0; e < p.experts; ++e) {
      const float x = row[e];
      if (kind == 0) row[e] = 4 * x;
      if (kind == 1) row[e] = shift + static_cast<float>(static_cast<int>(x * 3));
      if (kind == 2) row[e] = shift;
      if (kind == 3) row[e] = 30 * x;
    }
  }
}
int row_kinds(const MoeRoutingProblem&) { return kTokenKinds; }

std::unique_ptr<Verifier::Expected> expect(const MoeRoutingProblem& host, Data,
                                           const VerifyOptions&) {
  return std::make_unique<ExpectedRouting>(host);
}

}  // namespace moat
