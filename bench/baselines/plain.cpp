// SPDX-License-Identifier: Apache-2.0
#include "bench/baselines/plain.hpp"

#include <omp.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>
#include <variant>
#include <vector>

#include "problems/summation.hpp"

namespace moat {
namespace {

// Independent accumulators: enough vectors to hide the latency of an addition.
constexpr int kLanes = 128;

// Branch-free, so that loops over it vectorise.
template <class T>
float widen(T x) {
  return to_float(x);
}
inline float widen(f16 x) {
  const std::uint32_t magnitude = x.bits & 0x7fffu;
  // The exponents' biases differ by 112; of infinities and NaN the exponent becomes 255.
  const std::uint32_t special = magnitude >= 0x7c00u ? 0x7f800000u : 0;
  const float scaled = std::bit_cast<float>(magnitude << 13) * 0x1p112f;
  const std::uint32_t sign = std::uint32_t{x.bits & 0x8000u} << 16;
  return std::bit_cast<float>(std::bit_cast<std::uint32_t>(scaled) | special | sign);
}

template <class T, class Value>
double lane_sum(const T* x, std::int64_t n, Value&& value) {
  double total = 0;
  for (std::int64_t begin = 0; begin < n;) {
    std::array<float, kLanes> lanes{};
    const std::int64_t end = std::min(n, begin + std::int64_t{kLanes} * kFoldInterval);
    for (; begin + kLanes <= end; begin += kLanes) {
      for (int j = 0; j < kLanes; ++j) lanes[j] += value(widen(x[begin + j]));
    }
    for (; begin < end; ++begin) total += value(widen(x[begin]));
    for (const float lane : lanes) total += lane;
  }
  return total;
}

struct Peak {
  float value = -std::numeric_limits<float>::infinity();
  std::int64_t index = std::numeric_limits<std::int64_t>::max();

  // The greater value, of equal ones the first.
  void merge(const Peak& other) {
    if (other.value > value || (other.value == value && other.index < index)) *this = other;
  }
};

template <class T>
float lane_max(const T* x, std::int64_t n) {
  std::array<float, kLanes> lanes;
  lanes.fill(-std::numeric_limits<float>::infinity());
  std::int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes) {
    for (int j = 0; j < kLanes; ++j) {
      const float v = widen(x[i + j]);
      lanes[j] = v > lanes[j] ? v : lanes[j];
    }
  }
  float best = *std::ranges::max_element(lanes);
  for (; i < n; ++i) {
    const float v = widen(x[i]);
    best = v > best ? v : best;
  }
  return best;
}

// Positions fit an int within a part of the vector.
template <class T>
Peak lane_argmax(const T* x, std::int64_t begin, std::int64_t end) {
  constexpr std::int64_t kPart = std::int64_t{1} << 30;
  Peak best;
  best.index = begin;
  for (; begin < end; begin += kPart) {
    const auto n = static_cast<int>(std::min(kPart, end - begin));
    const T* part = x + begin;
    std::array<float, kLanes> lanes;
    std::array<int, kLanes> indices;
    lanes.fill(-std::numeric_limits<float>::infinity());
    indices.fill(std::numeric_limits<int>::max());
    int i = 0;
    for (; i + kLanes <= n; i += kLanes) {
      for (int j = 0; j < kLanes; ++j) {
        const float v = widen(part[i + j]);
        const bool above = v > lanes[j];
        lanes[j] = above ? v : lanes[j];
        indices[j] = above ? i + j : indices[j];
      }
    }
    for (int j = 0; j < kLanes; ++j) best.merge({.value = lanes[j], .index = begin + indices[j]});
    for (; i < n; ++i) {
      if (const float v = widen(part[i]); v > best.value) best = {.value = v, .index = begin + i};
    }
  }
  return best;
}

// The part of 0 … n that falls to this thread, in whole cache lines.
std::pair<std::int64_t, std::int64_t> my_part(std::int64_t n) {
  const std::int64_t part =
      ceil_div(ceil_div(n, std::int64_t{omp_get_num_threads()}), std::int64_t{64}) * 64;
  const std::int64_t begin = std::min(n, part * omp_get_thread_num());
  return {begin, std::min(n, begin + part)};
}

template <class T>
void reduce(const ReductionProblem& p, int threads) {
  const auto* x = static_cast<const T*>(p.x);
  switch (p.op) {
    case ReductionOp::sum: {
      double total = 0;
#pragma omp parallel num_threads(threads) reduction(+ : total)
      {
        const auto [begin, end] = my_part(p.n);
        total += lane_sum(x + begin, end - begin, [](float v) { return v; });
      }
      *static_cast<float*>(p.result) = static_cast<float>(total);
      break;
    }
    case ReductionOp::max: {
      float best = -std::numeric_limits<float>::infinity();
#pragma omp parallel num_threads(threads) reduction(max : best)
      {
        const auto [begin, end] = my_part(p.n);
        best = std::max(best, lane_max(x + begin, end - begin));
      }
      *static_cast<float*>(p.result) = best;
      break;
    }
    case ReductionOp::argmax: {
      Peak best;
#pragma omp parallel num_threads(threads)
      {
        const auto [begin, end] = my_part(p.n);
        if (begin < end) {
          const Peak mine = lane_argmax(x, begin, end);
#pragma omp critical
          best.merge(mine);
        }
      }
      *static_cast<std::int64_t*>(p.result) = best.index;
      break;
    }
  }
}

template <class T>
void rms_norm(const RowsProblem& p, int threads) {
  const auto* all = static_cast<const T*>(p.x);
  const auto* weight = static_cast<const T*>(p.weight);
  auto* result = static_cast<T*>(p.y);
#pragma omp parallel for num_threads(threads)
  for (int row = 0; row < p.rows; ++row) {
    const T* x = all + std::int64_t{row} * p.cols;
    T* y = result + std::int64_t{row} * p.cols;
    const double squares = lane_sum(x, p.cols, [](float v) { return v * v; });
    const auto scale = static_cast<float>(1 / std::sqrt(squares / p.cols + p.epsilon));
    for (int i = 0; i < p.cols; ++i) y[i] = from_float<T>(widen(x[i]) * scale * widen(weight[i]));
  }
}

template <class T>
void swiglu(const SwigluProblem& p, int threads) {
  const auto* all = static_cast<const T*>(p.x);
  auto* result = static_cast<T*>(p.y);
#pragma omp parallel for num_threads(threads)
  for (int row = 0; row < p.rows; ++row) {
    const T* x = all + std::int64_t{row} * 2 * p.cols;
    T* y = result + std::int64_t{row} * p.cols;
    for (int i = 0; i < p.cols; ++i) {
      float gate = widen(x[i]);
      float value = widen(x[p.cols + i]);
      float exponent = gate;
      if (p.limit > 0) {
        gate = std::min(gate, p.limit);
        value = std::max(std::min(value, p.limit), -p.limit) + 1;
        exponent = kLimitedSlope * gate;
      }
      y[i] = from_float<T>(gate / (1 + std::exp(-exponent)) * value);
    }
  }
}

template <class T>
void rope(const RopeProblem& p, int threads) {
  const int half = p.head_dim / 2;
  const int apart = p.interleaved ? 1 : half;
  const int step = p.interleaved ? 2 : 1;
#pragma omp parallel for num_threads(threads)
  for (int token = 0; token < p.tokens; ++token) {
    const float* cos = static_cast<const float*>(p.cos) + std::int64_t{token} * half;
    const float* sin = static_cast<const float*>(p.sin) + std::int64_t{token} * half;
    for (int head = 0; head < p.heads; ++head) {
      const std::int64_t begin = (std::int64_t{token} * p.heads + head) * p.head_dim;
      const T* x = static_cast<const T*>(p.x) + begin;
      T* y = static_cast<T*>(p.y) + begin;
      for (int i = 0; i < half; ++i) {
        const float a = widen(x[i * step]);
        const float b = widen(x[i * step + apart]);
        y[i * step] = from_float<T>(a * cos[i] - b * sin[i]);
        y[i * step + apart] = from_float<T>(b * cos[i] + a * sin[i]);
      }
    }
  }
}

// The scale of a block whose largest absolute value is `amax`, which it enters, and what its
// numbers are multiplied by.
template <class C, class Scale>
float enter_scale(float amax, Scale& scale) {
  scale = round_up<Scale>(std::max(amax, kLeastAmax) / kLargest<C>);
  return 1 / decode(scale);
}

template <class T, class C, class Scale>
void quantise(const QuantiseProblem& p, int threads) {
  const auto* x = static_cast<const T*>(p.x);
  auto* codes = static_cast<C*>(p.codes);
  auto* scales = static_cast<Scale*>(p.scales);
  const int rows = p.per_block ? kPerScale : 1;
  const int down = ceil_div(p.rows, rows);
  const int across = ceil_div(p.cols, kPerScale);
#pragma omp parallel for collapse(2) num_threads(threads)
  for (int i = 0; i < down; ++i) {
    for (int j = 0; j < across; ++j) {
      const int width = std::min(kPerScale, p.cols - j * kPerScale);
      const auto for_each_part = [&](auto f) {
        for (int row = i * rows; row < std::min((i + 1) * rows, p.rows); ++row) {
          const std::int64_t begin = std::int64_t{row} * p.cols + std::int64_t{j} * kPerScale;
          f(x + begin, codes + begin);
        }
      };
      float amax = 0;
      for_each_part([&](const T* from, C*) {
        for (int k = 0; k < width; ++k) {
          const float size = std::abs(widen(from[k]));
          amax = size > amax ? size : amax;
        }
      });
      const float inverse = enter_scale<C>(amax, scales[std::int64_t{i} * across + j]);
      for_each_part([&](const T* from, C* to) {
        for (int k = 0; k < width; ++k) to[k] = encode<C>(widen(from[k]) * inverse);
      });
    }
  }
}

template <class T>
void quantise(const QuantiseProblem& p, int threads) {
  with_scaled_code(p.code, [&]<class C>(Type<C>) {
    with_scale(p.ue8m0, [&]<class Scale>(Type<Scale>) { quantise<T, C, Scale>(p, threads); });
  });
}

// Writes the sums of a row and returns what RMSNorm multiplies them by.
template <class T, class P>
float add_row(const P& p, std::int64_t begin) {
  const T* x = static_cast<const T*>(p.x) + begin;
  const T* residual = static_cast<const T*>(p.residual) + begin;
  T* sum = static_cast<T*>(p.sum) + begin;
  for (int i = 0; i < p.cols; ++i) sum[i] = from_float<T>(widen(x[i]) + widen(residual[i]));
  const double squares = lane_sum(sum, p.cols, [](float v) { return v * v; });
  return static_cast<float>(1 / std::sqrt(squares / p.cols + p.epsilon));
}

template <class T>
void add_norm(const AddNormProblem& p, int threads) {
#pragma omp parallel for num_threads(threads)
  for (int row = 0; row < p.rows; ++row) {
    const std::int64_t begin = std::int64_t{row} * p.cols;
    const auto* weight = static_cast<const T*>(p.weight);
    const T* sum = static_cast<const T*>(p.sum) + begin;
    T* y = static_cast<T*>(p.y) + begin;
    const float scale = add_row<T>(p, begin);
    for (int i = 0; i < p.cols; ++i) y[i] = from_float<T>(widen(sum[i]) * scale * widen(weight[i]));
  }
}

template <class T, class C, class Scale>
void add_norm_quantise(const AddNormQuantiseProblem& p, int threads) {
  const int across = ceil_div(p.cols, kPerScale);
#pragma omp parallel for num_threads(threads)
  for (int row = 0; row < p.rows; ++row) {
    const std::int64_t begin = std::int64_t{row} * p.cols;
    const float norm = add_row<T>(p, begin);
    for (int j = 0; j < across; ++j) {
      const int first = j * kPerScale;
      const int width = std::min(kPerScale, p.cols - first);
      const T* sum = static_cast<const T*>(p.sum) + begin + first;
      const T* weight = static_cast<const T*>(p.weight) + first;
      C* codes = static_cast<C*>(p.codes) + begin + first;
      std::array<float, kPerScale> y;
      float amax = 0;
      for (int k = 0; k < width; ++k) {
        y[k] = widen(sum[k]) * norm * widen(weight[k]);
        const float size = std::abs(y[k]);
        amax = size > amax ? size : amax;
      }
      Scale& scale = static_cast<Scale*>(p.scales)[std::int64_t{row} * across + j];
      const float inverse = enter_scale<C>(amax, scale);
      for (int k = 0; k < width; ++k) codes[k] = encode<C>(y[k] * inverse);
    }
  }
}

template <class T>
void add_norm_quantise(const AddNormQuantiseProblem& p, int threads) {
  with_scaled_code(p.code, [&]<class C>(Type<C>) {
    with_scale(p.ue8m0,
               [&]<class Scale>(Type<Scale>) { add_norm_quantise<T, C, Scale>(p, threads); });
  });
}

template <class T>
void gather(const GatherProblem& p, int threads) {
#pragma omp parallel for num_threads(threads)
  for (int token = 0; token < p.tokens; ++token) {
    const std::int64_t row = static_cast<const std::int64_t*>(p.ids)[token];
    std::copy_n(static_cast<const T*>(p.table) + row * p.dim, p.dim,
                static_cast<T*>(p.y) + std::int64_t{token} * p.dim);
  }
}

// NaN first, then larger numbers, of equals the lower column.
template <class T>
void topk(const TopkProblem& p, int threads) {
#pragma omp parallel num_threads(threads)
  {
    std::vector<int> columns(p.cols);
#pragma omp for
    for (int row = 0; row < p.rows; ++row) {
      const T* x = static_cast<const T*>(p.x) + std::int64_t{row} * p.cols;
      std::iota(columns.begin(), columns.end(), 0);
      const auto comes_first = [x](int a, int b) {
        const float left = widen(x[a]);
        const float right = widen(x[b]);
        if (std::isnan(left) != std::isnan(right)) return std::isnan(left);
        return left > right || (!(left < right) && a < b);
      };
      std::partial_sort(columns.begin(), columns.begin() + p.k, columns.end(), comes_first);
      for (int rank = 0; rank < p.k; ++rank) {
        const std::int64_t to = std::int64_t{row} * p.k + rank;
        static_cast<T*>(p.values)[to] = x[columns[rank]];
        static_cast<std::int64_t*>(p.positions)[to] = columns[rank];
      }
    }
  }
}

template <class T>
void sample(const SampleProblem& p, int threads) {
  std::vector<T> values(std::size_t{1} * p.rows * p.k);
  std::vector<std::int64_t> columns(values.size());
  topk<T>({.dtype = p.dtype,
           .rows = p.rows,
           .cols = p.cols,
           .k = p.k,
           .x = p.logits,
           .values = values.data(),
           .positions = columns.data()},
          threads);
  for (std::int64_t row = 0; row < p.rows; ++row) {
    const T* x = values.data() + row * p.k;
    const auto weight = [&](int i) {
      return std::exp(double{widen(x[i]) - widen(x[0])} / p.temperature);
    };
    double total = 0;
    for (int i = 0; i < p.k; ++i) total += weight(i);
    double kept = 0;
    for (int i = 0; i < p.k && (p.top_p >= 1 || kept < p.top_p * total); ++i) kept += weight(i);
    const double place = static_cast<const float*>(p.uniform)[row] * kept;
    int i = 0;
    for (double sum = weight(0); sum <= place && i + 1 < p.k; sum += weight(i)) ++i;
    static_cast<std::int64_t*>(p.tokens)[row] = columns[row * p.k + i];
  }
}

// Whether a plain loop stands in for a library: where none has the operation.
bool has_loop(const Problem& problem) {
  const auto* rows = std::get_if<RowsProblem>(&problem);
  return (rows != nullptr && rows->op == RowsOp::rms_norm) ||
         std::holds_alternative<ReductionProblem>(problem) ||
         std::holds_alternative<AddNormProblem>(problem) ||
         std::holds_alternative<QuantiseProblem>(problem) ||
         std::holds_alternative<AddNormQuantiseProblem>(problem) ||
         std::holds_alternative<SwigluProblem>(problem) ||
         std::holds_alternative<GatherProblem>(problem) ||
         std::holds_alternative<TopkProblem>(problem) ||
         std::holds_alternative<SampleProblem>(problem) ||
         std::holds_alternative<RopeProblem>(problem);
}

class Plain final : public Baseline {
 public:
  explicit Plain(int threads) : threads_(threads) {}

  std::string name() const override { return "plain"; }
  std::string version() const override { return __VERSION__; }
  std::string detail() const override { return "OpenMP loops, vectorised by the compiler"; }
  std::string kernel(const Problem&) const override { return "loop"; }

  std::optional<std::string> unsupported(const Problem& problem) const override {
    if (has_loop(problem)) return std::nullopt;
    return "plain loops stand in only where no library has the operation";
  }

  std::function<void(const Problem&)> prepare(const Problem& problem) override {
    if (const auto reason = unsupported(problem)) throw std::runtime_error(*reason);
    return [threads = threads_](const Problem& p) {
      with_dtype(dtype(p), [&]<class T>(Type<T>) {
        if (const auto* reduction = std::get_if<ReductionProblem>(&p)) {
          reduce<T>(*reduction, threads);
        } else if (const auto* gated = std::get_if<SwigluProblem>(&p)) {
          swiglu<T>(*gated, threads);
        } else if (const auto* rope_of = std::get_if<RopeProblem>(&p)) {
          rope<T>(*rope_of, threads);
        } else if (const auto* looked_up = std::get_if<GatherProblem>(&p)) {
          gather<T>(*looked_up, threads);
        } else if (const auto* largest = std::get_if<TopkProblem>(&p)) {
          topk<T>(*largest, threads);
        } else if (const auto* sampled = std::get_if<SampleProblem>(&p)) {
          sample<T>(*sampled, threads);
        } else if (const auto* numbers = std::get_if<QuantiseProblem>(&p)) {
          quantise<T>(*numbers, threads);
        } else if (const auto* rows = std::get_if<AddNormQuantiseProblem>(&p)) {
          add_norm_quantise<T>(*rows, threads);
        } else if (const auto* sums = std::get_if<AddNormProblem>(&p)) {
          add_norm<T>(*sums, threads);
        } else {
          rms_norm<T>(std::get<RowsProblem>(p), threads);
        }
      });
    };
  }

 private:
  int threads_;
};

std::unique_ptr<Baseline> make(int threads) { return std::make_unique<Plain>(threads); }

}  // namespace
}  // namespace moat

MOAT_CPU_TABLE(PlainLoops, moat_plain) = {.make = moat::make};
