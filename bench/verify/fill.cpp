// SPDX-License-Identifier: Apache-2.0
#include "bench/verify/fill.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "bench/verify/random.hpp"
#include "problems/reference/attention.hpp"
#include "problems/reference/gemm.hpp"

namespace moat {
namespace {

// Inputs are const for kernels; the harness owns them.
template <class T>
T* writable(const void* data) {
  return static_cast<T*>(const_cast<void*>(data));
}

// Whether results of 30 000 products with factors of 2²⁰ do not fit.
bool is_narrow(DType t) { return traits(t).largest < 0x1p100; }

// Position of special element `i` among `count`, spread evenly over them (Weyl's sequence of the
// golden ratio).
std::int64_t spread_position(std::int64_t i, std::int64_t count) {
  const double at = static_cast<double>(i) * 0.6180339887498949;
  return std::min(static_cast<std::int64_t>((at - std::floor(at)) * static_cast<double>(count)),
                  count - 1);
}

// What becomes of a row of A or a column of B.
enum class Line : std::uint8_t { plain, small, large, one_large };

Line line_kind(std::int64_t i) {
  switch (i % 16) {
    case 5:
      return Line::one_large;
    case 9:
      return Line::small;
    case 13:
      return Line::large;
    default:
      return Line::plain;
  }
}

// Changes `steps` elements; at(s) is element s.
template <class T, class At>
void fill_line(std::int64_t line, int steps, float small, float large, At at) {
  constexpr float kLarge = 64;
  const Line kind = line_kind(line);
  if (kind == Line::plain) return;
  if (kind == Line::one_large) {
    T& x = at(spread_position(line / 16, steps));
    x = from_float<T>(to_float(x) < 0 ? -kLarge : kLarge);
    return;
  }
  const float factor = kind == Line::small ? small : large;
  for (int s = 0; s < steps; ++s) at(s) = from_float<T>(to_float(at(s)) * factor);
}

template <class T>
void fill_gemm(const GemmProblem& p) {
  // Results of 30 000 products stay within f16.
  const bool narrow = is_narrow(p.dtype);
  T* a = writable<T>(p.a);
  T* b = writable<T>(p.b);
#pragma omp parallel for schedule(static)
  for (int i = 0; i < p.m; ++i) {
    fill_line<T>(i, p.k, narrow ? 0x1p-6f : 0x1p-20f, narrow ? 0x1p4f : 0x1p12f,
                 [&](std::int64_t s) -> T& { return a[reference::index_a(p, i, s)]; });
  }
#pragma omp parallel for schedule(static)
  for (int j = 0; j < p.n; ++j) {
    fill_line<T>(j, p.k, narrow ? 0x1p-3f : 0x1p-12f, narrow ? 0x1p2f : 0x1p8f,
                 [&](std::int64_t s) -> T& { return b[reference::index_b(p, s, j)]; });
  }
}

// Elements of queries and keys that shift all logits of a query alike.
constexpr int kShifts = 4;
constexpr float kKeyShift = 4;

constexpr bool is_shift(int d) { return d % 16 == 3 && d / 16 < kShifts; }

// What becomes of a query.
constexpr int kQueryKinds = 8;

template <class T>
void fill_attention(const AttentionProblem& p, std::uint64_t seed, int first) {
  T* q = writable<T>(p.q);
  T* k = writable<T>(p.k);
  T* v = writable<T>(p.v);
  const int group = p.q_heads / p.kv_heads;
  const float query_shift = std::min(100 / (p.scale * kShifts * kKeyShift), 512.0f);
#pragma omp parallel for schedule(static)
  for (std::int64_t row = 0; row < std::int64_t{p.batch} * p.q_len * p.q_heads; ++row) {
    // Not the same queries in every head.
    const std::int64_t kind = (row / p.q_heads + 3 * (row % p.q_heads) + first) % kQueryKinds;
    if (kind != 1 && kind != 4) continue;
    for (int d = 0; d < p.head_dim; ++d) {
      if (is_shift(d))
        q[row * p.head_dim + d] = from_float<T>(kind == 1 ? query_shift : -query_shift);
    }
  }

  // Makes a key whose logit for the query is `gain` above that of a key at right angles to it.
  const auto point = [&](T* key, int batch, int head, int query, double gain) {
    const T* to = q + reference::index_query(p, batch, head, query);
    double square = 0;
    for (int d = 0; d < p.head_dim; ++d) {
      if (!is_shift(d)) square += std::pow(double{to_float(to[d])}, 2);
    }
    const auto factor = static_cast<float>(std::min(gain / (square * p.scale), 64.0));
    for (int d = 0; d < p.head_dim; ++d) key[d] = from_float<T>(to_float(to[d]) * factor);
  };
#pragma omp parallel for schedule(static)
  for (std::int64_t row = 0; row < std::int64_t{p.batch} * p.kv_len * p.kv_heads; ++row) {
    const auto kv_head = static_cast<int>(row % p.kv_heads);
    const auto index = static_cast<int>(row / p.kv_heads % p.kv_len);
    const auto batch = static_cast<int>(row / p.kv_heads / p.kv_len);
    T* key = k + row * p.head_dim;
    const std::uint64_t bits = random_bits(seed, static_cast<std::uint64_t>(row));
    const int head = kv_head * group + static_cast<int>(bits % static_cast<std::uint64_t>(group));
    const int diagonal = index - (p.kv_len - p.q_len);  // the first query that sees it
    constexpr double kCertain = 10;
    switch ((bits >> 32) % 8) {
      case 0:
        if (p.causal && diagonal >= 0) point(key, batch, head, diagonal, kCertain);
        break;
      case 1:
        if (p.causal && diagonal >= 1) point(key, batch, head, diagonal - 1, kCertain);
        break;
      case 2:
      case 3: {
        // Of half of the queries, so that the others weigh all keys alike.
        const auto any = static_cast<int>((bits >> 40) % static_cast<std::uint64_t>(p.q_len));
        const bool pointed_at = p.q_len > 1 ? any % 2 == 0 : p.q_heads == 1 || head % 2 == 0;
        const auto gain = static_cast<double>(3 + (bits >> 20) % 3 * 2);
        if (pointed_at) point(key, batch, head, any, gain);
        break;
      }
      default:
        break;
    }
    for (int d = 0; d < p.head_dim; ++d) {
      if (is_shift(d)) key[d] = from_float<T>(kKeyShift);
    }
    for (int d = 0; d < p.head_dim; ++d) {
      T& value = v[row * p.head_dim + d];
      if (d % 16 == 6) value = from_float<T>(to_float(value) * 0x1p6f);
      if (d % 16 == 9) value = from_float<T>(std::abs(to_float(value)));
      if (d % 16 == 12) value = from_float<T>(to_float(value) * 0x1p-8f);
    }
  }
}

// In [2⁻ᵉ, 1) with e = 18 − digits, all of the type's digits used.
template <class T>
float summand(std::uint64_t bits) {
  constexpr int kUnit = 18;
  constexpr int kDigits = std::min(traits(kDType<T>).digits, kUnit);
  const auto mantissa =
      static_cast<std::int64_t>(bits % (1u << (kDigits - 1))) + (1 << (kDigits - 1));
  const auto exponent = static_cast<int>((bits >> 32) % (kUnit - kDigits + 1));
  return std::ldexp(static_cast<float>(mantissa), exponent - kUnit);
}

template <class T>
void fill_sum(const ReductionProblem& p, std::uint64_t seed) {
  T* x = writable<T>(p.x);
#pragma omp parallel for schedule(static)
  for (std::int64_t i = 0; i < p.n; ++i) {
    float magnitude = summand<T>(random_bits(seed, static_cast<std::uint64_t>(i)));
    if (i == 0 || i + 1 == p.n) magnitude = 0.75f;  // the ends are missed if they are left out
    x[i] = from_float<T>(i / kSignRun % 2 == 0 ? magnitude : -magnitude);
  }
}

template <class T>
void fill_peaks(const ReductionProblem& p, std::uint64_t seed, int kind) {
  T* x = writable<T>(p.x);
  if (kind == kNothing) {
    std::fill_n(x, p.n, from_float<T>(-std::numeric_limits<float>::infinity()));
    return;
  }
#pragma omp parallel for schedule(static)
  for (std::int64_t i = 0; i < p.n; ++i) x[i] = from_float<T>(-1 - std::abs(to_float(x[i])));
  const auto top = [&](bool first, std::uint64_t bits) {
    if (p.op == ReductionOp::argmax) return first || bits % 2 == 0 ? -0.0f : 0.0f;
    const auto digit = static_cast<float>(seed % 32);  // another maximum for another seed
    if (!is_narrow(p.dtype)) return -(0.5f + digit / 64);
    return -(2 + digit) * static_cast<float>(2 * traits(p.dtype).underflow);
  };
  const auto n = static_cast<std::uint64_t>(p.n);
  const auto first = static_cast<std::int64_t>(random_bits(seed, 0) % (n / 4 + 1));
  x[first] = from_float<T>(top(true, 0));
  constexpr std::uint64_t kPlaces = 64;
  for (std::uint64_t i = 1; i <= kPlaces; ++i) {
    const std::uint64_t bits = random_bits(seed, i);
    // Beside NaN none but those beside the first: no later one makes up for what was forgotten.
    if (kind == kNotANumber && i % 4 != 0) continue;
    // Some beside the first, some anywhere behind it.
    const auto behind = static_cast<std::int64_t>(i % 4 == 0 ? i / 4 : 1 + bits % n);
    if (behind < p.n - first) x[first + behind] = from_float<T>(top(false, bits >> 40));
  }
  if (kind != kNotANumber) return;
#pragma omp parallel for schedule(static)
  for (std::int64_t i = 0; i < p.n; ++i) {
    const bool hidden = random_bits(seed, kPlaces + 1 + static_cast<std::uint64_t>(i)) % 4 == 0;
    if (hidden) x[i] = from_float<T>(std::numeric_limits<float>::quiet_NaN());
  }
  // Whatever lane saw a maximum sees NaN next.
  constexpr std::int64_t kStretch = 4096;
  const std::int64_t begin = first + static_cast<std::int64_t>(kPlaces / 4) + 1;
  for (std::int64_t i = begin; i < std::min(begin + std::min(kStretch, p.n / 8), p.n); ++i) {
    x[i] = from_float<T>(std::numeric_limits<float>::quiet_NaN());
  }
}

constexpr int kRowKinds = 16;

// A power of two near x.
float power_of_two(double x) { return static_cast<float>(std::exp2(std::round(std::log2(x)))); }

template <class T>
void fill_rms_norm(const RowsProblem& p, std::uint64_t seed, int first) {
  T* x = writable<T>(p.x);
  const float near_epsilon = p.epsilon > 1e-9f ? power_of_two(std::sqrt(p.epsilon)) : 0x1p-8f;
  const float large = is_narrow(p.dtype) ? 0x1p7f : 0x1p30f;
#pragma omp parallel for schedule(static)
  for (int r = 0; r < p.rows; ++r) {
    T* row = x + std::int64_t{r} * p.cols;
    const std::uint64_t bits = random_bits(seed, static_cast<std::uint64_t>(r));
    const auto place = static_cast<std::int64_t>(bits % static_cast<std::uint64_t>(p.cols));
    const auto each = [&](auto f) {
      for (int i = 0; i < p.cols; ++i) row[i] = from_float<T>(f(to_float(row[i])));
    };
    const int kind = (r + first) % kRowKinds;
    switch (kind % 8) {
      case 0:
      case 4:
        each([&](float v) { return v * near_epsilon; });
        break;
      case 1:
        each([&](float v) { return v * near_epsilon * 0x1p-4f; });
        break;
      case 2:
        each([&](float v) { return v * large; });
        break;
      case 3:  // equal values whose squares add up without rounding
        each([&](float) { return 1.5f * near_epsilon; });
        break;
      case 5:
        each([&](float v) { return v * 0x1p-6f; });
        row[place] = from_float<T>(-48.0f);
        break;
      case 6:
        if (kind == 6) each([](float) { return 0.0f; });
        break;
      default:
        break;
    }
  }
}

template <class T>
void fill_softmax(const RowsProblem& p, std::uint64_t seed, int first) {
  T* x = writable<T>(p.x);
#pragma omp parallel for schedule(static)
  for (int r = 0; r < p.rows; ++r) {
    T* row = x + std::int64_t{r} * p.cols;
    const std::uint64_t bits = random_bits(seed, static_cast<std::uint64_t>(r));
    const auto place = static_cast<std::int64_t>(bits % static_cast<std::uint64_t>(p.cols));
    const auto each = [&](auto f) {
      for (int i = 0; i < p.cols; ++i) row[i] = from_float<T>(f(to_float(row[i]), i));
    };
    if (first == kNothing) {
      each([](float, int) { return -std::numeric_limits<float>::infinity(); });
      continue;
    }
    const int kind = (r + first) % kRowKinds;
    switch (kind % 8) {
      case 0:
        each([](float v, int) { return 100 + v; });
        break;
      case 1:
        each([](float v, int) { return -120 + v; });
        break;
      case 2:
        each([&](float v, int) { return (kind == 2 ? 20 : 43) * v; });
        break;
      case 3:
        each([](float, int) { return 30.0f; });
        break;
      case 5:
        row[place] = from_float<T>(kind == 5 ? 120.0f : 12.0f);
        break;
      case 6:
        each([](float v, int) { return 100 + 8 * v; });
        break;
      case 4:
        if (kind == 12) {
          each([&](float v, int i) {
            const bool hidden =
                i != place && random_bits(bits, static_cast<std::uint64_t>(i)) % 4 == 0;
            return hidden ? -std::numeric_limits<float>::infinity() : v;
          });
        }
        break;
      case 7:
        each([&](float v, int i) {
          return 20 * (static_cast<float>(i) / static_cast<float>(p.cols)) - 10 + v;
        });
        break;
      default:
        break;
    }
  }
}

}  // namespace

// Of every 16 rows of A and columns of B one is small, one large (by powers of two) and one has a
// single large element, at steps that spread over all of k: the slice which holds it decides the
// whole row or column.
void fill(const GemmProblem& p, std::uint64_t, int) {
  with_dtype(p.dtype, [&]<class T>(Type<T>) { fill_gemm<T>(p); });
}

// Of every 8 queries one has logits near 100 and one near −100, all of them, so that exponentials
// overflow or vanish without the maximum, and a key of zeros outweighs all others. Keys point to a
// query that is to see them or, just beyond the causal edge, is not to: their weight exceeds those
// of thousands of other keys, so that the maximum rises early in some rows and late in others.
// Some dimensions of V are large, some small and some of one sign.
void fill(const AttentionProblem& p, std::uint64_t seed, int first) {
  with_dtype(p.dtype, [&]<class T>(Type<T>) { fill_attention<T>(p, seed, first); });
}

// Sum: multiples of 2⁻¹⁸ in [2⁻¹¹, 1), positive and negative in turns of kSignRun elements, so that
// partial sums are large and lose digits but sums of kFoldInterval elements are exact.
// Max and argmax: negative throughout, with the maximum at many places. It is a subnormal number in
// f16 (max), and −0 at its first place, later ±0 (argmax). With kNothing as the kind they are −∞
// throughout, with kNotANumber a quarter of them is NaN, and so is a stretch behind the maximum.
void fill(const ReductionProblem& p, std::uint64_t seed, int first) {
  with_dtype(p.dtype, [&]<class T>(Type<T>) {
    switch (p.op) {
      case ReductionOp::sum:
        return fill_sum<T>(p, seed);
      case ReductionOp::max:
      case ReductionOp::argmax:
        return fill_peaks<T>(p, seed, first);
    }
  });
}

// RMSNorm: rows with a mean square near epsilon, far below and far above, of zeros, of equal values
// and with one large element. Softmax: rows near 100 and −120, of equal values, with a range of 40
// and of 86, whose least weights are just normal numbers, with one element that outweighs the
// others or leaves nothing of them, rising to the end, and with −∞ at places. With kNothing as the
// first kind all of softmax's rows are −∞ throughout.
void fill(const RowsProblem& p, std::uint64_t seed, int first) {
  with_dtype(p.dtype, [&]<class T>(Type<T>) {
    switch (p.op) {
      case RowsOp::softmax:
        return fill_softmax<T>(p, seed, first);
      case RowsOp::rms_norm:
        return fill_rms_norm<T>(p, seed, first);
    }
  });
}

// Nothing: ceilings bring their own inputs.
void fill(const CeilingProblem&, std::uint64_t, int) {}

std::vector<int> special_kinds(const Problem& problem) {
  if (const auto* rows = std::get_if<RowsProblem>(&problem)) {
    return rows->op == RowsOp::softmax ? std::vector{kNothing} : std::vector<int>{};
  }
  if (std::holds_alternative<TopkProblem>(problem)) return {kNotANumber};
  if (std::holds_alternative<QuantiseProblem>(problem)) return {kNotANumber};
  const auto* reduction = std::get_if<ReductionProblem>(&problem);
  if (reduction == nullptr || reduction->op == ReductionOp::sum) return {};
  return {kNothing, kNotANumber};
}

int row_kinds(const GemmProblem&) { return 0; }
int row_kinds(const AttentionProblem&) { return kQueryKinds; }
int row_kinds(const ReductionProblem&) { return 0; }
int row_kinds(const RowsProblem&) { return kRowKinds; }
int row_kinds(const CeilingProblem&) { return 0; }

}  // namespace moat
