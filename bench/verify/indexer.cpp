// SPDX-License-Identifier: Apache-2.0
#include "problems/reference/indexer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "bench/verify/expected.hpp"
#include "bench/verify/fill.hpp"
#include "bench/verify/random.hpp"

namespace moat {
namespace {

class ExpectedScores : public Verifier::Expected {
 public:
  ExpectedScores(const IndexerProblem& p, Data data, const VerifyOptions& options)
      : p_(p), problem_(p) {
    const double cost = 1.0 * p.heads * kIndexDim;
    const auto all = static_cast<double>(elements());
    sampled_ = all * cost > options.full_work;
    chosen_ = stratified(elements(), sampled_ ? std::max(16.0, options.sample_work / cost) : all,
                         stream_seed(options.seed, 21));
    wanted_.resize(chosen_.size());
#pragma omp parallel for schedule(dynamic, 64)
    for (std::size_t i = 0; i < chosen_.size(); ++i) {
      const std::int64_t row = chosen_[i] / p.kv_len;
      const auto score = reference::indexer_score(
          p, row / p.q_len, row % p.q_len, chosen_[i] % p.kv_len, data, options.flushes_subnormals);
      wanted_[i] = {.value = score.value, .bound = score.bound};
    }
    if (sampled_) find_lengths();
  }

  const Problem& problem() const override { return problem_; }

  Check check(const std::byte* output, bool guarded, Summation) const override {
    Check result{.passed = true, .elements = elements(), .sampled = sampled_};
    check_written(result, output, DType::f32, rows(), p_.kv_len, p_.kv_len, guarded,
                  [&](std::int64_t row, std::int64_t key) { return name(row * p_.kv_len + key); });
    if (!result.passed) return result;
    const auto* scores = reinterpret_cast<const float*>(output);
    judge_all(static_cast<std::int64_t>(chosen_.size()), DType::f32,
              [&](std::int64_t i, Judge& judge) {
                judge.compare(i, scores[chosen_[i]], wanted_[i].value, wanted_[i].bound);
              })
        .report(result, [&](std::int64_t i) { return name(chosen_[i]); });
    if (sampled_) check_lengths(scores, result);
    return result;
  }

 private:
  std::int64_t rows() const { return std::int64_t{p_.batch} * p_.q_len; }
  std::int64_t elements() const { return rows() * p_.kv_len; }

  std::string name(std::int64_t element) const {
    const std::int64_t row = element / p_.kv_len;
    return fmt::format("sequence {}, query {}, key {}", row / p_.q_len, row % p_.q_len,
                       element % p_.kv_len);
  }

  // Of every key, and of the queries of every row, times their weights' sizes and added up.
  void find_lengths() {
    with_half(p_.dtype, [&]<class T>(Type<T>) {
      const auto length = [](const void* data, std::int64_t row) {
        const T* x = static_cast<const T*>(data) + row * kIndexDim;
        double square = 0;
        for (int d = 0; d < kIndexDim; ++d) square += std::pow(double{to_float(x[d])}, 2);
        return std::sqrt(square);
      };
      key_lengths_.resize(std::int64_t{p_.batch} * p_.kv_len);
      query_lengths_.resize(rows());
#pragma omp parallel for schedule(static)
      for (std::size_t i = 0; i < key_lengths_.size(); ++i) {
        key_lengths_[i] = length(p_.k, static_cast<std::int64_t>(i));
      }
#pragma omp parallel for schedule(static)
      for (std::int64_t row = 0; row < rows(); ++row) {
        for (std::int64_t i = row * p_.heads; i < (row + 1) * p_.heads; ++i) {
          query_lengths_[row] +=
              std::abs(static_cast<const float*>(p_.weights)[i]) * length(p_.q, i);
        }
      }
    });
  }

  // No score is larger than the lengths of its factors allow (Cauchy and Schwarz), but for
  // roundings, and those behind a query are −∞.
  void check_lengths(const float* scores, Check& result) const {
    constexpr double kRounded = 1.001;
    judge_all(rows(), DType::f32, [&](std::int64_t row, Judge& judge) {
      const int visible = visible_keys(p_, static_cast<int>(row % p_.q_len));
      const double* keys = key_lengths_.data() + row / p_.q_len * p_.kv_len;
      for (int j = 0; j < p_.kv_len; ++j) {
        const double got = scores[row * p_.kv_len + j];
        const double most = kRounded * query_lengths_[row] * keys[j];
        const double want =
            j < visible ? std::clamp(got, -most, most) : -std::numeric_limits<double>::infinity();
        if (got != want) judge.note(row * p_.kv_len + j, got, want, 0);
      }
    }).report(result, [&](std::int64_t i) { return name(i) + " against the lengths"; });
  }

  IndexerProblem p_;
  Problem problem_;
  bool sampled_ = false;
  std::vector<int> chosen_;      // elements of the scores
  std::vector<Bounded> wanted_;  // of those
  std::vector<double> key_lengths_;
  std::vector<double> query_lengths_;
};

}  // namespace

// Products are as often below 0 as above it, so that their rectification decides. Weights have
// either sign and differ by up to 2³, so that those of another head show.
void fill(const IndexerProblem& p, std::uint64_t seed, int) {
  auto* weights = const_cast<float*>(static_cast<const float*>(p.weights));
  for (std::int64_t i = 0; i < std::int64_t{p.batch} * p.q_len * p.heads; ++i) {
    const std::uint64_t bits = random_bits(seed, static_cast<std::uint64_t>(i));
    weights[i] = std::ldexp(std::copysign(1 + std::abs(weights[i]), weights[i]),
                            -static_cast<int>(bits % 4));
  }
}
int row_kinds(const IndexerProblem&) { return 0; }

std::unique_ptr<Verifier::Expected> expect(const IndexerProblem& host, Data data,
                                           const VerifyOptions& options) {
  return std::make_unique<ExpectedScores>(host, data, options);
}

}  // namespace moat
