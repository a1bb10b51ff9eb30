// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/verify/plain.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <vector>

#include "tests/support/overloaded.hpp"

namespace moat::testing {
namespace {

float narrowed(float x, DType type) {
  return with_dtype(type, [&]<class T>(Type<T>) { return to_float(from_float<T>(x)); });
}

float to_tf32(float x) {
  const auto bits = std::bit_cast<std::uint32_t>(x);
  return std::bit_cast<float>((bits + 0xfffu + ((bits >> 13) & 1u)) & ~0x1fffu);
}

// Σ x·y in f32.
class Adder {
 public:
  explicit Adder(const Plain& how) : how_(how) {}

  template <class X, class Y>
  float dot(std::int64_t n, X&& x, Y&& y) const {
    switch (how_.order) {
      case SumOrder::forward: {
        float sum = 0;
        for (std::int64_t i = 0; i < n; ++i) sum = add(sum, x(i) * y(i));
        return sum;
      }
      case SumOrder::backward: {
        float sum = 0;
        for (std::int64_t i = n; i-- > 0;) sum = add(sum, x(i) * y(i));
        return sum;
      }
      case SumOrder::fused: {
        float sum = 0;
        for (std::int64_t i = 0; i < n; ++i) {
          sum = narrowed(std::fma(x(i), y(i), sum), how_.accumulate);
        }
        return sum;
      }
      case SumOrder::lanes: {
        float sums[16] = {};
        for (std::int64_t i = 0; i < n; ++i) sums[i % 16] = add(sums[i % 16], x(i) * y(i));
        float sum = 0;
        for (const float s : sums) sum = add(sum, s);
        return sum;
      }
      case SumOrder::folded:
        return folded(n, x, y);
      default:
        return pairwise(0, n, x, y);
    }
  }

 private:
  float add(float sum, float x) const { return narrowed(sum + x, how_.accumulate); }

  // Neumaier's sum of plain sums of 64.
  template <class X, class Y>
  static float folded(std::int64_t n, X& x, Y& y) {
    float total = 0;
    float lost = 0;
    for (std::int64_t begin = 0; begin < n; begin += 64) {
      float recent = 0;
      for (std::int64_t i = begin; i < std::min(n, begin + 64); ++i) recent += x(i) * y(i);
      const float sum = total + recent;
      lost += std::abs(total) >= std::abs(recent) ? (total - sum) + recent : (recent - sum) + total;
      total = sum;
    }
    return total + lost;
  }

  template <class X, class Y>
  float pairwise(std::int64_t begin, std::int64_t end, X& x, Y& y) const {
    if (end - begin == 0) return 0;
    if (end - begin == 1) return x(begin) * y(begin);
    const std::int64_t middle = begin + (end - begin) / 2;
    return add(pairwise(begin, middle, x, y), pairwise(middle, end, x, y));
  }

  const Plain& how_;
};

constexpr auto kOne = [](std::int64_t) { return 1.0f; };

template <class T>
void gemm(const GemmProblem& p, const Plain& how) {
  const auto* a = static_cast<const T*>(p.a);
  const auto* b = static_cast<const T*>(p.b);
  auto* c = static_cast<T*>(p.c);
  const std::int64_t lda = p.lda ? p.lda : p.k;
  const bool bt = (p.order_b == Order::transposed) != how.ignore_order_b;
  const std::int64_t ldb = p.ldb ? p.ldb : (bt ? p.k : p.n);
  const std::int64_t ldc = p.ldc ? p.ldc : p.n;
  const auto widen = [&](T x) { return how.tf32 ? to_tf32(to_float(x)) : to_float(x); };
  const Adder adder(how);
  for (int i = 0; i < p.m; ++i) {
    for (int j = 0; j < p.n; ++j) {
      c[i * ldc + j] = from_float<T>(adder.dot(
          p.k, [&](std::int64_t s) { return widen(a[i * lda + s]); },
          [&](std::int64_t s) { return widen(bt ? b[j * ldb + s] : b[s * ldb + j]); }));
    }
  }
}

template <class T>
void attention(const AttentionProblem& p, const Plain& how) {
  const Adder adder(how);
  const int group = p.q_heads / p.kv_heads;
  const std::int64_t q_row = std::int64_t{p.q_heads} * p.head_dim;
  const std::int64_t kv_row = std::int64_t{p.kv_heads} * p.head_dim;
  const float scale = how.forget_scale ? 1.0f : p.scale;
  for (int batch = 0; batch < p.batch; ++batch) {
    for (int head = 0; head < p.q_heads; ++head) {
      const auto* k = static_cast<const T*>(p.k) + batch * p.kv_len * kv_row +
                      std::int64_t{head / group} * p.head_dim;
      const auto* v = static_cast<const T*>(p.v) + (k - static_cast<const T*>(p.k));
      for (int query = 0; query < p.q_len; ++query) {
        const std::int64_t at =
            (std::int64_t{batch} * p.q_len + query) * q_row + std::int64_t{head} * p.head_dim;
        const auto* q = static_cast<const T*>(p.q) + at;
        auto* o = static_cast<T*>(p.o) + at;
        const int limit = p.causal ? query + p.kv_len - p.q_len + 1 : p.kv_len;
        const int keys = std::clamp(limit + how.mask_shift, 0, p.kv_len);
        std::vector<float> weight(keys);
        float top = -std::numeric_limits<float>::infinity();
        for (int j = 0; j < keys; ++j) {
          weight[j] = scale * adder.dot(
                                  p.head_dim, [&](std::int64_t d) { return to_float(q[d]); },
                                  [&](std::int64_t d) { return to_float(k[j * kv_row + d]); });
          top = std::max(top, weight[j]);
        }
        if (how.forget_maximum) top = 0;
        for (float& w : weight) w = std::exp(w - top);
        const float sum = adder.dot(
            keys, [&](std::int64_t j) { return weight[j]; }, kOne);
        float inverse = keys > 0 ? 1.0f / sum : 0.0f;
        if (how.weights == Plain::Weights::normalised_then_rounded) {
          for (float& w : weight) w *= inverse;
          inverse = 1;
        }
        if (how.weights != Plain::Weights::f32) {
          for (float& w : weight) w = narrowed(w, p.dtype);
        }
        for (int d = 0; d < p.head_dim; ++d) {
          o[d] = from_float<T>(inverse *
                               adder.dot(
                                   keys, [&](std::int64_t j) { return weight[j]; },
                                   [&](std::int64_t j) { return to_float(v[j * kv_row + d]); }));
        }
      }
    }
  }
}

template <class T>
void reduce(const ReductionProblem& p, const Plain& how) {
  const auto* x = static_cast<const T*>(p.x);
  const std::int64_t n = p.n - how.ignored;
  if (p.op == ReductionOp::sum) {
    *static_cast<float*>(p.result) = Adder(how).dot(
        n, [&](std::int64_t i) { return to_float(x[i]); }, kOne);
    return;
  }
  float top = -std::numeric_limits<float>::infinity();
  std::int64_t index = 0;
  for (std::int64_t i = 0; i < n; ++i) {
    const float value = to_float(x[i]);
    if (value > top || (how.last_of_equals && value == top)) {
      top = value;
      index = i;
    }
  }
  if (p.op == ReductionOp::max) {
    *static_cast<float*>(p.result) = top;
  } else {
    *static_cast<std::int64_t*>(p.result) = index;
  }
}

template <class T>
void rows(const RowsProblem& p, const Plain& how) {
  const Adder adder(how);
  const auto* weight = static_cast<const T*>(p.weight);
  for (int r = 0; r < p.rows; ++r) {
    const T* x = static_cast<const T*>(p.x) + std::int64_t{r} * p.cols;
    T* y = static_cast<T*>(p.y) + std::int64_t{r} * p.cols;
    const auto wide = [&](std::int64_t i) { return to_float(x[i]); };
    if (p.op == RowsOp::softmax) {
      float top = wide(0);
      for (int i = 1; i < p.cols; ++i) top = std::max(top, wide(i));
      if (how.forget_maximum) top = 0;
      const auto exp = [&](std::int64_t i) { return std::exp(wide(i) - top); };
      const float sum = adder.dot(p.cols, exp, kOne);
      for (int i = 0; i < p.cols; ++i) y[i] = from_float<T>(exp(i) / sum);
    } else {
      const float squares = adder.dot(p.cols, wide, wide);
      const float mean = squares / static_cast<float>(p.cols);
      const float power = mean + (how.forget_epsilon ? 0.0f : p.epsilon);
      const float scale = 1.0f / (how.forget_root ? power : std::sqrt(power));
      for (int i = 0; i < p.cols; ++i) {
        y[i] = from_float<T>(wide(i) * scale * to_float(weight[i]));
      }
    }
  }
}

}  // namespace

void solve(const Problem& problem, const Plain& how) {
  with_dtype(dtype(problem), [&]<class T>(Type<T>) {
    std::visit(Overloaded{
                   [&](const GemmProblem& p) { gemm<T>(p, how); },
                   [&](const AttentionProblem& p) { attention<T>(p, how); },
                   [&](const ReductionProblem& p) { reduce<T>(p, how); },
                   [&](const RowsProblem& p) { rows<T>(p, how); },
                   [](const auto&) {},
               },
               problem);
  });
}

}  // namespace moat::testing
