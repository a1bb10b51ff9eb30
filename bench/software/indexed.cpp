// SPDX-License-Identifier: Apache-2.0
#include "bench/software/indexed.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "bench/cases/case.hpp"
#include "bench/software/kept.hpp"
#include "bench/verify/chosen_keys.hpp"

namespace moat {
namespace {

constexpr int kHeads = 64;        // index_n_heads of DeepSeek-V3.2
constexpr int kMostKeys = 65536;  // 256 · 256

std::optional<std::string> cannot_index(const Problem& problem, const DeviceInfo&) {
  const auto* p = std::get_if<PagedAttentionProblem>(&problem);
  if (p == nullptr || p->top == 0) {
    return fmt::format("an indexer chooses the keys of sparsemla, not of {}", kernel_name(problem));
  }
  if (p->batch != 1 || p->q_len != 1) return "keys are chosen for one query: use a case of b1q1";
  // Scores are whole numbers, each in two digits of the keys' types.
  if (p->kv_len > kMostKeys)
    return fmt::format("scores tell no more than {} keys apart", kMostKeys);
  return std::nullopt;
}

IndexerProblem indexer_of(const PagedAttentionProblem& p) {
  return {.dtype = p.dtype, .kv_len = p.kv_len, .heads = kHeads};
}
TopkProblem choice_of(const PagedAttentionProblem& p) {
  return {.dtype = DType::f32, .rows = 1, .cols = p.kv_len, .k = std::min(p.top, p.kv_len)};
}
// Slots are 32 bits each, as the elements are that this moves.
GatherProblem slots_of(const PagedAttentionProblem& p) {
  return {.dtype = DType::f32, .vocab = p.kv_len, .tokens = std::min(p.top, p.kv_len), .dim = 1};
}

// What the steps leave: scores, the largest of them and their positions, slots.
struct Between {
  explicit Between(const PagedAttentionProblem& p)
      : scores(4.0 * p.kv_len), values(4.0 * choice_of(p).k), positions(8.0 * choice_of(p).k) {}

  double scores, values, positions;
  double all() const { return scores + 2 * values + positions; }
};

double between(const Problem& problem) {
  return Between(std::get<PagedAttentionProblem>(problem)).all();
}

std::vector<Step> indexed_steps(const Problem& problem) {
  const auto& p = std::get<PagedAttentionProblem>(problem);
  const Between bytes(p);
  Step scores = step_of(indexer_of(p));
  scores.written_between = bytes.scores;
  Step choice = step_of(choice_of(p));
  choice.read_between = bytes.scores;
  choice.written_between = bytes.values + bytes.positions;
  Step slots = step_of(slots_of(p));
  slots.read_between = bytes.positions;
  slots.written_between = bytes.values;
  Step attention = step_of(p);
  attention.read_between = bytes.values;
  return {scores, choice, slots, attention};
}

// Where everything lies in the scratch, in bytes.
struct Places {
  explicit Places(const PagedAttentionProblem& p) {
    const auto kv = static_cast<std::size_t>(p.kv_len);
    const auto k = static_cast<std::size_t>(choice_of(p).k);
    const std::size_t row = kIndexDim * size_of(p.dtype);
    keys = place(kv * row);
    queries = place(kHeads * row);
    weights = place(kHeads * sizeof(float));
    slots = place(kv * sizeof(int));
    scores = place(kv * sizeof(float));
    values = place(k * sizeof(float));
    positions = place(k * sizeof(std::int64_t));
    list = place(k * sizeof(int));
  }

  std::size_t keys, queries, weights, slots, scores, values, positions, list;
  std::size_t end = 0;

 private:
  std::size_t place(std::size_t bytes) {
    constexpr std::size_t kAlignment = 256;
    const std::size_t begin = end;
    end += (bytes + kAlignment - 1) / kAlignment * kAlignment;
    return begin;
  }
};

double scratch(const Problem& problem) {
  return static_cast<double>(Places(std::get<PagedAttentionProblem>(problem)).end);
}

// Inputs of the indexer by which key i of the list has the score list.size() − i, and all others
// none above 0. A score is hi · 256 + lo, both whole numbers up to 256 that bf16 holds. Half of the
// heads see the negative of it, which rectified is 0.
template <class T>
void fill_indexer(const std::vector<int>& list, std::vector<T>& queries, std::vector<T>& keys,
                  std::array<float, kHeads>& weights) {
  for (int h = 0; h < kHeads; ++h) {
    const float sign = h % 2 == 0 ? 1 : -1;
    queries[std::size_t{kIndexDim} * h] = from_float<T>(256 * sign);
    queries[std::size_t{kIndexDim} * h + 1] = from_float<T>(sign);
    weights[h] = sign * 2 / kHeads;
  }
  for (std::size_t i = 0; i < keys.size(); ++i) {
    const auto d = i % kIndexDim;
    keys[i] = from_float<T>(d < 2 ? -1.0f : static_cast<float>(i * 7 % 31) / 16 - 1);
  }
  for (std::size_t i = 0; i < list.size(); ++i) {
    const std::size_t score = list.size() - i;
    T* key = keys.data() + std::size_t{kIndexDim} * static_cast<std::size_t>(list[i]);
    key[0] = from_float<T>(static_cast<float>(score / 256));
    key[1] = from_float<T>(static_cast<float>(score % 256));
  }
}

double keys_of_indexer(const Problem& problem) {
  return kept_bytes(indexer_of(std::get<PagedAttentionProblem>(problem)));
}

std::function<void(const Problem&)> prepare_indexed(Device& device, const Problem& shape) {
  const auto& p = std::get<PagedAttentionProblem>(shape);
  const Places places(p);
  auto memory = scratch_on(device, static_cast<double>(places.end));
  std::byte* const base = memory.get();
  const ChosenKeys chosen = choose_keys(p);
  with_half(p.dtype, [&]<class T>(Type<T>) {
    std::vector<T> queries(std::size_t{kHeads} * kIndexDim, from_float<T>(0.0f));
    std::vector<T> keys(static_cast<std::size_t>(p.kv_len) * kIndexDim);
    std::array<float, kHeads> weights{};
    fill_indexer(chosen.lists.at(0), queries, keys, weights);
    device.upload(base + places.queries, queries.data(), queries.size() * sizeof(T));
    device.upload(base + places.keys, keys.data(), keys.size() * sizeof(T));
    device.upload(base + places.weights, weights.data(), sizeof weights);
  });
  const std::vector<int>& slots = chosen.slots.at(0);
  device.upload(base + places.slots, slots.data(), slots.size() * sizeof(int));
  return [&device, memory, places](const Problem& problem) {
    std::byte* const in = memory.get();
    PagedAttentionProblem attention = std::get<PagedAttentionProblem>(problem);
    IndexerProblem indexer = indexer_of(attention);
    indexer.q = in + places.queries;
    indexer.k = in + places.keys;
    indexer.weights = in + places.weights;
    indexer.scores = in + places.scores;
    device.run(indexer);
    TopkProblem choice = choice_of(attention);
    choice.x = in + places.scores;
    choice.values = in + places.values;
    choice.positions = in + places.positions;
    device.run(choice);
    GatherProblem gather = slots_of(attention);
    gather.table = in + places.slots;
    gather.ids = in + places.positions;
    gather.y = in + places.list;
    device.run(gather);
    attention.table = in + places.list;
    device.run(attention);
  };
}

}  // namespace

Chain indexed_chain() {
  return {.name = "indexed",
          .text =
              "sparse latent attention after the indexer's scores of all keys, the largest of "
              "them and their slots",
          .unsupported = cannot_index,
          .steps = indexed_steps,
          .between = between,
          .scratch = scratch,
          .prepare = prepare_indexed,
          .kept = keys_of_indexer};
}

}  // namespace moat
