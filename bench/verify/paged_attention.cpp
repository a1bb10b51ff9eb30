// SPDX-License-Identifier: Apache-2.0
#include "problems/reference/paged_attention.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <limits>
#include <numeric>
#include <vector>

#include "bench/verify/chosen_keys.hpp"
#include "bench/verify/expected.hpp"
#include "bench/verify/fill.hpp"
#include "bench/verify/random.hpp"

namespace moat {
namespace {

constexpr int kQueryKinds = 8;

// Elements of queries and keys that shift all logits of a query alike.
constexpr int kShifts = 4;
constexpr float kKeyShift = 4;
constexpr bool is_shift(int d) { return d % 16 == 3 && d / 16 < kShifts; }

template <class T>
T* writable(const void* data) {
  return static_cast<T*>(const_cast<void*>(data));
}

// Entries that name no page: far beyond the cache, or negative.
int absurd(std::int64_t i) { return i % 2 == 0 ? 2147480000 : -1000000007; }

// A step that visits 0 … count − 1, scattered and none twice.
std::int64_t scattering_step(std::int64_t count) {
  auto step =
      std::max<std::int64_t>(static_cast<std::int64_t>(0.618 * static_cast<double>(count)), 1);
  while (std::gcd(step, count) != 1) ++step;
  return step;
}

// Pages of a sequence do not follow each other in the cache. They depend on the shape alone, so
// that a part of one cache may stand in another.
void fill_table(const PagedAttentionProblem& p) {
  int* lengths = writable<int>(p.lengths);
  int* table = writable<int>(p.table);
  const int width = table_width(p);
  const std::int64_t pages = cache_pages(p);
  const std::int64_t step = scattering_step(pages);
  std::int64_t next = 1;
  for (int b = 0; b < p.batch; ++b) {
    lengths[b] = length_of(p, b);
    const int first = first_key(p, lengths[b]) / p.page;
    const int end = ceil_div(lengths[b], p.page);
    for (int i = 0; i < width; ++i) {
      int& entry = table[std::int64_t{b} * width + i];
      entry = i < first || i >= end ? absurd(b + i) : static_cast<int>(next++ * step % pages);
    }
  }
}

// What a problem with lists is over all keys, with a table and lengths of its own.
class OverAllKeys {
 public:
  explicit OverAllKeys(const PagedAttentionProblem& p)
      : problem_(over_all_keys(p)),
        table_(std::int64_t{p.batch} * table_width(problem_)),
        lengths_(p.batch) {
    problem_.table = table_.data();
    problem_.lengths = lengths_.data();
    fill_table(problem_);
  }
  OverAllKeys(const OverAllKeys&) = delete;
  OverAllKeys& operator=(const OverAllKeys&) = delete;

  const PagedAttentionProblem& problem() const { return problem_; }
  int length(int sequence) const { return lengths_[sequence]; }

 private:
  PagedAttentionProblem problem_;
  std::vector<int> table_;
  std::vector<int> lengths_;
};

// Writes the lists, with −1 or no slot behind them, and returns which slots they name.
std::vector<bool> fill_lists(const PagedAttentionProblem& p) {
  const ChosenKeys chosen = choose_keys(p);
  int* lengths = writable<int>(p.lengths);
  int* entry = writable<int>(p.table);
  std::vector<bool> named(static_cast<std::size_t>(cache_pages(p)));
  for (std::size_t query = 0; query < chosen.lists.size(); ++query) {
    const std::vector<int>& list = chosen.lists[query];
    const std::vector<int>& slots = chosen.slots[query / static_cast<std::size_t>(p.q_len)];
    lengths[query] = static_cast<int>(list.size());
    for (int i = 0; i < p.top; ++i, ++entry) {
      if (i < lengths[query]) {
        *entry = slots[list[i]];
        named[*entry] = true;
      } else {
        *entry = i % 2 == 0 ? -1 : absurd(i / 2);
      }
    }
  }
  return named;
}

// NaN in all slots of a cache but those that hold a key which some query sees.
template <class T>
void hide_unused(const PagedAttentionProblem& p, const std::vector<bool>& used, const void* cache,
                 int width) {
  T* rows = writable<T>(cache);
  const std::int64_t row = std::int64_t{p.kv_heads} * width;
#pragma omp parallel for schedule(static)
  for (std::int64_t slot = 0; slot < static_cast<std::int64_t>(used.size()); ++slot) {
    if (used[slot]) continue;
    std::fill_n(rows + slot * row, row, from_float<T>(std::numeric_limits<float>::quiet_NaN()));
  }
}

template <class T>
void fill_caches(const PagedAttentionProblem& p, std::uint64_t seed, int first_kind) {
  T* q = writable<T>(p.q);
  const int group = p.q_heads / p.kv_heads;
  const int dim = p.head_dim;
  const float query_shift = std::min(100 / (p.scale * kShifts * kKeyShift), 512.0f);
#pragma omp parallel for schedule(static)
  for (std::int64_t row = 0; row < std::int64_t{p.batch} * p.q_len * p.q_heads; ++row) {
    // Not the same queries in every head.
    const std::int64_t kind = (row / p.q_heads + 3 * (row % p.q_heads) + first_kind) % kQueryKinds;
    if (kind != 1 && kind != 4) continue;
    for (int d = 0; d < dim; ++d) {
      if (is_shift(d)) q[row * dim + d] = from_float<T>(kind == 1 ? query_shift : -query_shift);
    }
  }

  // Makes a key whose logit for the query is `gain` above that of a key at right angles to it.
  const auto point = [&](T* key, int sequence, int head, int query, double gain) {
    const T* to = q + reference::row_of(p, sequence, head, query) * dim;
    double square = 0;
    for (int d = 0; d < dim; ++d) {
      if (!is_shift(d)) square += std::pow(double{to_float(to[d])}, 2);
    }
    const auto factor = static_cast<float>(std::min(gain / (square * p.scale), 64.0));
    for (int d = 0; d < dim; ++d) key[d] = from_float<T>(to_float(to[d]) * factor);
  };
  for (int b = 0; b < p.batch; ++b) {
    const int length = length_of(p, b);
    const int begin = first_key(p, length);
#pragma omp parallel for schedule(static)
    for (std::int64_t at = std::int64_t{begin} * p.kv_heads; at < std::int64_t{length} * p.kv_heads;
         ++at) {
      const auto j = static_cast<int>(at / p.kv_heads);
      const auto kv_head = static_cast<int>(at % p.kv_heads);
      T* key = const_cast<T*>(reference::key_at<T>(p, b, kv_head, j));
      const std::uint64_t bits = random_bits(
          seed, static_cast<std::uint64_t>(b * std::int64_t{p.kv_len} * p.kv_heads + at));
      const int head = kv_head * group + static_cast<int>(bits % static_cast<std::uint64_t>(group));
      const std::int64_t at_it = std::int64_t{j} - (length - p.q_len);  // the query at its position
      const auto aim = [&](std::int64_t query) {
        constexpr double kCertain = 10;
        if (query >= 0 && query < p.q_len) point(key, b, head, static_cast<int>(query), kCertain);
      };
      switch ((bits >> 32) % 8) {
        case 0:
          if (p.causal) aim(at_it);
          break;
        case 1:  // one that is not to see it
          if (p.causal) aim(at_it - 1);
          break;
        case 2:
        case 3: {
          // Of half of the queries, so that the others weigh all keys alike.
          const auto any = static_cast<int>((bits >> 40) % static_cast<std::uint64_t>(p.q_len));
          const bool pointed_at = p.q_len > 1 ? any % 2 == 0 : p.q_heads == 1 || head % 2 == 0;
          const auto gain = static_cast<double>(3 + (bits >> 20) % 3 * 2);
          if (pointed_at) point(key, b, head, any, gain);
          break;
        }
        case 4:  // the first one for which the window does not reach it, and the last for which it
                 // does
          if (p.window != 0) aim(at_it + p.window - static_cast<std::int64_t>(bits >> 41) % 2);
          break;
        default:
          break;
      }
      for (int d = 0; d < dim; ++d) {
        if (is_shift(d)) key[d] = from_float<T>(kKeyShift);
      }
      if (p.latent) continue;
      T* value = const_cast<T*>(reference::value_at<T>(p, b, kv_head, j));
      for (int d = 0; d < values_of(p); ++d) {
        if (d % 16 == 6) value[d] = from_float<T>(to_float(value[d]) * 0x1p6f);
        if (d % 16 == 9) value[d] = from_float<T>(std::abs(to_float(value[d])));
        if (d % 16 == 12) value[d] = from_float<T>(to_float(value[d]) * 0x1p-8f);
      }
    }
  }
}

std::vector<bool> slots_in_use(const PagedAttentionProblem& p) {
  std::vector<bool> used(static_cast<std::size_t>(cache_pages(p) * p.page));
  for (int b = 0; b < p.batch; ++b) {
    const int length = length_of(p, b);
    for (int j = first_key(p, length); j < length; ++j) used[reference::slot_of(p, b, j)] = true;
  }
  return used;
}

// Codes of a cache of elements, NaN where no query sees the key. The largest number of each block
// has one of several codes, so that scales of neighbouring blocks differ by factors, and is what it
// was.
void encode_cache(const PagedAttentionProblem& p, const bf16* elements, std::uint64_t seed) {
  constexpr float kLargestCodes[] = {448, 208, 88, 36};
  constexpr int kBlocks = CodedKey::kCodes / kPerScale;
  constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();
  auto* keys = writable<CodedKey>(p.k);
  CodedKey unused;
  std::ranges::fill(unused.codes, encode<e4m3>(kNaN));
  std::ranges::fill(unused.scales, kNaN);
  std::ranges::fill(unused.elements, from_float<bf16>(kNaN));
  std::fill_n(keys, cache_pages(p) * p.page, unused);
  for (int b = 0; b < p.batch; ++b) {
    const int length = length_of(p, b);
#pragma omp parallel for schedule(static)
    for (int j = first_key(p, length); j < length; ++j) {
      const std::int64_t slot = reference::slot_of(p, b, j);
      const bf16* from = elements + slot * CodedKey::kNumbers;
      CodedKey& key = keys[slot];
      for (int block = 0; block < kBlocks; ++block) {
        const int begin = block * kPerScale;
        float largest = kLeastAmax;
        for (int i = begin; i < begin + kPerScale; ++i) {
          largest = std::max(largest, std::abs(to_float(from[i])));
        }
        const std::uint64_t bits = random_bits(seed, slot * kBlocks + block);
        key.scales[block] = largest / kLargestCodes[bits % std::size(kLargestCodes)];
        for (int i = begin; i < begin + kPerScale; ++i) {
          key.codes[i] = encode<e4m3>(to_float(from[i]) / key.scales[block]);
        }
      }
      std::copy_n(from + CodedKey::kCodes, CodedKey::kElements, key.elements);
    }
  }
}

// As those of elements, in codes.
void fill_coded(const PagedAttentionProblem& p, std::uint64_t seed, int first_kind) {
  std::vector<bf16> elements(cache_pages(p) * p.page * CodedKey::kNumbers);
  fill_uniform(elements.data(), DType::bf16, std::ssize(elements), stream_seed(seed, 1));
  PagedAttentionProblem of_elements = p;
  of_elements.code.reset();
  of_elements.k = elements.data();
  fill_caches<bf16>(of_elements, seed, first_kind);
  encode_cache(p, elements.data(), stream_seed(seed, 2));
}

class ExpectedPagedAttention : public Verifier::Expected {
 public:
  ExpectedPagedAttention(const PagedAttentionProblem& p, Data data, const VerifyOptions& options)
      : p_(p.top == 0 ? p : query_by_query(p)), problem_(p), values_(values_of(p)) {
    const int* lengths = static_cast<const int*>(p_.lengths);
    lengths_.assign(lengths, lengths + p_.batch);
    const double all = static_cast<double>(rows());
    const double pairs = visible_pairs(p) / (1.0 * p.batch * p.q_len);
    const double cost = std::max(pairs, 32.0) * (p.head_dim + values_);
    sampled_ = all * cost > options.full_work;
    const double wanted = sampled_ ? std::max(16.0, options.sample_work / cost) : all;
    rows_ = stratified(rows(), wanted, stream_seed(options.seed, 21));
    targets_.resize(rows_.size() * values_);
    log2_sums_.resize(rows_.size());
#pragma omp parallel for schedule(dynamic)
    for (std::size_t i = 0; i < rows_.size(); ++i) {
      const Row at = locate(rows_[i]);
      const auto row =
          reference::attention_row(p_, at.sequence, at.head, at.query, options.flushes_subnormals);
      for (int d = 0; d < values_; ++d) {
        targets_[i * values_ + d] = {.value = row.out[d].value,
                                     .bound = reference::bound(p, row.out[d], row.value_abs[d],
                                                               row.logits, data, row.flushed[d])};
      }
      log2_sums_[i] = {.value = row.log2_sum,
                       .bound = reference::log2_sum_bound(row.log2_sum, row.logits, data)};
    }
    if (sampled_) find_ranges();
  }

  const Problem& problem() const override { return problem_; }

  // That of the same shape which is verified as the one of the constructor.
  void stand_for(const Problem& problem) { problem_ = problem; }

  Check check(const std::byte* output, bool guarded, Summation) const override {
    const std::vector<OutputPlace> places = output_places(problem_);
    const std::byte* o = output + places.at(0).offset;
    const std::byte* lse = output + places.at(1).offset;
    Check result{.passed = true, .elements = rows() * (values_ + 1), .sampled = sampled_};
    check_written(result, o, p_.dtype, rows(), values_, values_, true,
                  [&](std::int64_t row, std::int64_t d) { return name(locate_row(row), d); });
    check_written(result, lse, DType::f32, rows(), 1, 1, guarded,
                  [&](std::int64_t row, std::int64_t) { return "lse, " + name(locate_row(row)); });
    if (!result.passed) return result;
    with_half(p_.dtype, [&]<class T>(Type<T>) {
      check_rows(reinterpret_cast<const T*>(o), result);
      if (sampled_) check_ranges(reinterpret_cast<const T*>(o), result);
    });
    const auto* sums = reinterpret_cast<const float*>(lse);
    judge_all(static_cast<std::int64_t>(rows_.size()), DType::f32,
              [&](std::int64_t i, Judge& judge) {
                const Row at = locate(rows_[i]);
                const Bounded& want = log2_sums_[i];
                judge.compare(i, sums[reference::row_of(p_, at.sequence, at.head, at.query)],
                              want.value, want.bound);
              })
        .report(result, [&](std::int64_t i) { return "lse, " + name(locate(rows_[i])); });
    return result;
  }

 private:
  struct Row {
    int sequence, head, query;
  };

  std::int64_t rows() const { return std::int64_t{p_.batch} * p_.q_len * p_.q_heads; }

  // Rows are numbered query by query within a head, so that a stratum is a range of queries.
  Row locate(std::int64_t row) const {
    return {.sequence = static_cast<int>(row / p_.q_len / p_.q_heads),
            .head = static_cast<int>(row / p_.q_len % p_.q_heads),
            .query = static_cast<int>(row % p_.q_len)};
  }
  // As they lie in memory.
  Row locate_row(std::int64_t row) const {
    return {.sequence = static_cast<int>(row / p_.q_heads / p_.q_len),
            .head = static_cast<int>(row % p_.q_heads),
            .query = static_cast<int>(row / p_.q_heads % p_.q_len)};
  }

  // As the problem has them: queries with lists of their own are verified as sequences.
  std::string name(const Row& at) const {
    const int each = std::get<PagedAttentionProblem>(problem_).q_len / p_.q_len;
    return fmt::format("sequence {}, query {}, head {}", at.sequence / each,
                       at.sequence % each + at.query, at.head);
  }
  std::string name(const Row& at, std::int64_t d) const {
    return fmt::format("{}, column {}", name(at), d);
  }

  template <class T>
  void check_rows(const T* o, Check& result) const {
    judge_all(static_cast<std::int64_t>(rows_.size()), p_.dtype, [&](std::int64_t i, Judge& judge) {
      const Row at = locate(rows_[i]);
      const T* row = o + reference::row_of(p_, at.sequence, at.head, at.query) * values_;
      for (int d = 0; d < values_; ++d) {
        const Bounded& allowed = targets_[i * values_ + d];
        judge.compare(i * values_ + d, to_float(row[d]), allowed.value, allowed.bound);
      }
    }).report(result, [&](std::int64_t i) {
      return name(locate(rows_[i / values_]), i % values_);
    });
  }

  // The least and the largest value of each column that some query of the sequence sees, and 0
  // where a sink may take all weight.
  void find_ranges() {
    const std::int64_t columns = std::int64_t{p_.batch} * p_.kv_heads;
    ranges_.assign(columns * values_, {std::numeric_limits<double>::infinity(),
                                       -std::numeric_limits<double>::infinity()});
    with_half(p_.dtype, [&]<class T>(Type<T>) {
#pragma omp parallel for schedule(dynamic)
      for (std::int64_t column = 0; column < columns; ++column) {
        const auto sequence = static_cast<int>(column / p_.kv_heads);
        const auto kv_head = static_cast<int>(column % p_.kv_heads);
        const int length = lengths_[sequence];
        Range* ranges = ranges_.data() + column * values_;
        for (int j = first_key(p_, length); j < length; ++j) {
          const T* v = reference::value_at<T>(p_, sequence, kv_head, j);
          for (int d = 0; d < values_; ++d) {
            const double x = to_float(v[d]);
            ranges[d] = {std::min(ranges[d].low, x), std::max(ranges[d].high, x)};
          }
        }
        for (int d = 0; d < values_ && p_.sinks; ++d) {
          ranges[d] = {std::min(ranges[d].low, 0.0), std::max(ranges[d].high, 0.0)};
        }
      }
    });
  }

  // A mean with weights ≥ 0 lies between the least and the largest value; rounding of weights and
  // of the result moves it by no more than a few parts of the type's precision.
  template <class T>
  void check_ranges(const T* o, Check& result) const {
    const int group = p_.q_heads / p_.kv_heads;
    judge_all(rows(), p_.dtype, [&](std::int64_t row, Judge& judge) {
      const Row at = locate_row(row);
      const int length = lengths_[at.sequence];
      const KeyRange seen = keys_of(p_, length, at.query);
      const Range* ranges =
          ranges_.data() + (std::int64_t{at.sequence} * p_.kv_heads + at.head / group) * values_;
      for (int d = 0; d < values_; ++d) {
        const double got = to_float(o[row * values_ + d]);
        const bool none = seen.begin == seen.end;
        const double want = none ? 0.0 : std::clamp(got, ranges[d].low, ranges[d].high);
        const double most = std::max(std::abs(ranges[d].low), std::abs(ranges[d].high));
        const double slack = (4 * reference::unit_roundoff(p_.dtype) +
                              reference::growth(4.0 * length + 64, Data::any)) *
                             most;
        if (got != want) judge.note(row * values_ + d, got, want, none ? 0.0 : slack);
      }
    }).report(result, [&](std::int64_t i) {
      return name(locate_row(i / values_), i % values_) + " against the range of V";
    });
  }

  struct Range {
    double low, high;
  };

  PagedAttentionProblem p_;  // lists as those of sequences of one query
  Problem problem_;
  std::vector<int> lengths_;  // sequences
  int values_;                // elements of one
  bool sampled_ = false;
  std::vector<int> rows_;
  std::vector<Bounded> targets_;    // rows × values
  std::vector<Bounded> log2_sums_;  // rows
  std::vector<Range> ranges_;       // sequences × key heads × values
};

}  // namespace

ChosenKeys choose_keys(const PagedAttentionProblem& p) {
  const OverAllKeys all(p);
  ChosenKeys chosen;
  for (int b = 0; b < p.batch; ++b) {
    const int length = all.length(b);
    std::vector<int>& slots = chosen.slots.emplace_back(length);
    for (int j = 0; j < length; ++j)
      slots[j] = static_cast<int>(reference::slot_of(all.problem(), b, j));
    const std::int64_t step = scattering_step(length);
    std::int64_t next = 1;
    for (int query = 0; query < p.q_len; ++query) {
      std::vector<int>& list = chosen.lists.emplace_back();
      const auto count = static_cast<std::size_t>(listed_keys(p, length, query));
      for (; list.size() < count; ++next) {
        const auto key = static_cast<int>(next * step % length);
        if (key <= length - p.q_len + query) list.push_back(key);
      }
    }
  }
  return chosen;
}

// Queries, keys and values are those of attention (fill.cpp). Keys point, besides, to queries at
// both sides of the window's edge. Of every four sinks one weighs about as much as all keys, one as
// one key, one outweighs what is not near 100 and one is outweighed by what is not near −100.
// Slots that hold no key which a query sees are NaN, and their entries in the table name no page.
// Of lists the keys are those of a causal problem, so that some point to queries that do not see
// them.
void fill(const PagedAttentionProblem& p, std::uint64_t seed, int first) {
  if (p.top != 0) {
    const OverAllKeys all(p);
    const std::vector<bool> named = fill_lists(p);
    with_half(p.dtype, [&]<class T>(Type<T>) {
      fill_caches<T>(all.problem(), seed, first);
      hide_unused<T>(p, named, p.k, p.head_dim);
    });
    return;
  }
  fill_table(p);
  if (p.code) return fill_coded(p, seed, first);
  if (p.sinks) {
    float* sinks = writable<float>(p.sink_logits);
    for (int h = 0; h < p.q_heads; ++h) {
      const float by[] = {std::log(static_cast<float>(p.kv_len)), 0.0f, 50.0f, -50.0f};
      sinks[h] += by[h % 4];
    }
  }
  const std::vector<bool> used = slots_in_use(p);
  with_half(p.dtype, [&]<class T>(Type<T>) {
    fill_caches<T>(p, seed, first);
    hide_unused<T>(p, used, p.k, p.head_dim);
    if (!p.latent) hide_unused<T>(p, used, p.v, values_of(p));
  });
}
int row_kinds(const PagedAttentionProblem&) { return kQueryKinds; }

std::unique_ptr<Verifier::Expected> expect(const PagedAttentionProblem& host, Data data,
                                           const VerifyOptions& options) {
  std::vector<bf16> elements;
  auto expected = std::make_unique<ExpectedPagedAttention>(reference::with_elements(host, elements),
                                                           data, options);
  expected->stand_for(host);
  return expected;
}

}  // namespace moat
