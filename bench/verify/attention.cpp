// SPDX-License-Identifier: Apache-2.0
#include "problems/reference/attention.hpp"

#include <fmt/format.h>

#include "bench/verify/expected.hpp"
#include "bench/verify/random.hpp"

namespace moat {
namespace {

template <class T>
class ExpectedAttention : public Verifier::Expected {
 public:
  ExpectedAttention(const AttentionProblem& p, Data data, const VerifyOptions& options)
      : p_(p), problem_(p) {
    const double all = 1.0 * p.batch * p.q_heads * p.q_len;
    const double pairs = visible_pairs(p) / p.q_len;
    const double cost = 2.0 * std::max(pairs, 32.0) * p.head_dim;
    sampled_ = all * cost > options.full_work;
    const double wanted = sampled_ ? std::max(16.0, options.sample_work / cost) : all;
    rows_ = stratified(static_cast<std::int64_t>(all), wanted, stream_seed(options.seed, 20));
    targets_.resize(rows_.size() * p.head_dim);
#pragma omp parallel for schedule(dynamic)
    for (std::size_t i = 0; i < rows_.size(); ++i) {
      const Row at = locate(rows_[i]);
      const auto row =
          reference::attention_row(p, at.batch, at.head, at.query, options.flushes_subnormals);
      for (int d = 0; d < p.head_dim; ++d) {
        targets_[i * p.head_dim + d] = {
            .value = row.out[d].value,
            .bound = reference::bound(p, row.out[d], row.value_abs[d], row.logits, data,
                                      row.flushed[d])};
      }
    }
    if (sampled_) find_ranges(options.flushes_subnormals);
  }

  const Problem& problem() const override { return problem_; }

  Check check(const std::byte* output, bool guarded, Summation) const override {
    const std::int64_t all = std::int64_t{p_.batch} * p_.q_len * p_.q_heads;
    Check result{.passed = true, .elements = all * p_.head_dim, .sampled = sampled_};
    check_written(result, output, p_.dtype, all, p_.head_dim, p_.head_dim, guarded,
                  [&](std::int64_t row, std::int64_t d) {
                    const auto head = static_cast<int>(row % p_.q_heads);
                    const auto query = static_cast<int>(row / p_.q_heads % p_.q_len);
                    const auto batch = static_cast<int>(row / p_.q_heads / p_.q_len);
                    return name({.batch = batch, .head = head, .query = query}, d);
                  });
    if (!result.passed) return result;
    const T* o = reinterpret_cast<const T*>(output);
    judge_all(static_cast<std::int64_t>(rows_.size()), p_.dtype, [&](std::int64_t i, Judge& judge) {
      const Row at = locate(rows_[i]);
      const T* row = o + reference::index_query(p_, at.batch, at.head, at.query);
      for (int d = 0; d < p_.head_dim; ++d) {
        const Bounded& allowed = targets_[i * p_.head_dim + d];
        judge.compare(i * p_.head_dim + d, to_float(row[d]), allowed.value, allowed.bound);
      }
    }).report(result, [&](std::int64_t i) {
      return name(locate(rows_[i / p_.head_dim]), i % p_.head_dim);
    });
    if (sampled_) check_ranges(o, result);
    return result;
  }

 private:
  struct Row {
    int batch, head, query;
  };

  // Rows are numbered query by query within a head, so that a stratum is a range of queries.
  Row locate(std::int64_t row) const {
    return {.batch = static_cast<int>(row / p_.q_len / p_.q_heads),
            .head = static_cast<int>(row / p_.q_len % p_.q_heads),
            .query = static_cast<int>(row % p_.q_len)};
  }

  static std::string name(const Row& at, std::int64_t d) {
    return fmt::format("batch {}, query {}, head {}, column {}", at.batch, at.query, at.head, d);
  }

  // Largest length of a query's or key's vector, of its elements below `limit`.
  double largest_norm(const void* data, std::int64_t vectors,
                      double limit = std::numeric_limits<double>::infinity()) const {
    const T* x = static_cast<const T*>(data);
    double most = 0;
    for (std::int64_t i = 0; i < vectors; ++i) {
      double sum = 0;
      for (int d = 0; d < p_.head_dim; ++d) {
        const double value = to_float(x[i * p_.head_dim + d]);
        if (std::abs(value) < limit) sum += value * value;
      }
      most = std::max(most, sum);
    }
    return std::sqrt(most);
  }

  void find_ranges(bool flushes) {
    const std::int64_t queries = std::int64_t{p_.batch} * p_.q_len * p_.q_heads;
    const std::int64_t keys = std::int64_t{p_.batch} * p_.kv_len * p_.kv_heads;
    // |q·k| ≤ |q| · |k| for every pair.
    const double query = largest_norm(p_.q, queries);
    const double key = largest_norm(p_.k, keys);
    const double logit = p_.scale * query * key;
    reference::Logits logits{
        .abs = logit, .value = logit, .visible = p_.kv_len, .dim = p_.head_dim};
    // Where small operands count as zero, weights and values that do.
    double lost_weights = 0;
    double lost_values = 0;
    if (const double least = flushes ? reference::flushed_below(p_.dtype) : 0; least > 0) {
      logits.flushed = p_.scale * (largest_norm(p_.q, queries, least) * key +
                                   query * largest_norm(p_.k, keys, least));
      lost_weights = std::min(1.0, p_.kv_len * least * (1 + reference::weight_error(logits)));
      lost_values = least;
    }
    const T* v = static_cast<const T*>(p_.v);
    std::vector<double> largest(p_.head_dim);
    for (std::int64_t i = 0; i < keys; ++i) {
      for (int d = 0; d < p_.head_dim; ++d) {
        largest[d] = std::max(largest[d], std::abs(double{to_float(v[i * p_.head_dim + d])}));
      }
    }
    for (const double most : largest) {
      slack_.push_back(reference::bound(p_, {.value = most, .abs = most, .square = most * most},
                                        most * p_.kv_len, logits, Data::any,
                                        lost_weights * most + lost_values));
    }
  }

  // A mean with weights ≥ 0 lies between the least and the largest value.
  void check_ranges(const T* o, Check& result) const {
    const int group = p_.q_heads / p_.kv_heads;
    const std::int64_t columns = std::int64_t{p_.batch} * p_.kv_heads;
    judge_all(columns, p_.dtype, [&](std::int64_t column, Judge& judge) {
      const auto batch = static_cast<int>(column / p_.kv_heads);
      const auto kv_head = static_cast<int>(column % p_.kv_heads);
      std::vector<double> low(p_.head_dim, std::numeric_limits<double>::infinity());
      std::vector<double> high(p_.head_dim, -std::numeric_limits<double>::infinity());
      int key = 0;
      for (int query = 0; query < p_.q_len; ++query) {
        const int visible = reference::visible_keys(p_, query);
        for (; key < visible; ++key) {
          const T* v = static_cast<const T*>(p_.v) + reference::index_key(p_, batch, kv_head, key);
          for (int d = 0; d < p_.head_dim; ++d) {
            low[d] = std::min(low[d], double{to_float(v[d])});
            high[d] = std::max(high[d], double{to_float(v[d])});
          }
        }
        for (int g = 0; g < group; ++g) {
          const int head = kv_head * group + g;
          const std::int64_t first = reference::index_query(p_, batch, head, query);
          for (int d = 0; d < p_.head_dim; ++d) {
            const double got = to_float(o[first + d]);
            const double want = visible == 0 ? 0.0 : std::clamp(got, low[d], high[d]);
            if (got != want) judge.note(first + d, got, want, visible == 0 ? 0.0 : slack_[d]);
          }
        }
      }
    }).report(result, [&](std::int64_t i) {
      const std::int64_t row = i / p_.head_dim;
      const Row at{.batch = static_cast<int>(row / p_.q_heads / p_.q_len),
                   .head = static_cast<int>(row % p_.q_heads),
                   .query = static_cast<int>(row / p_.q_heads % p_.q_len)};
      return name(at, i % p_.head_dim) + " against the range of V";
    });
  }

  AttentionProblem p_;
  Problem problem_;
  bool sampled_ = false;
  std::vector<int> rows_;
  std::vector<Bounded> targets_;  // rows × head_dim
  std::vector<double> slack_;     // by which rounding may leave the range of V, per dimension
};

}  // namespace

std::unique_ptr<Verifier::Expected> expect(const AttentionProblem& host, Data data,
                                           const VerifyOptions& options) {
  return with_dtype(host.dtype, [&]<class T>(Type<T>) -> std::unique_ptr<Verifier::Expected> {
    return std::make_unique<ExpectedAttention<T>>(host, data, options);
  });
}

}  // namespace moat
