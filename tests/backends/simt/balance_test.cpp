// SPDX-License-Identifier: Apache-2.0
// How evenly attention's work falls to the units of devices that are not here: the real launcher,
// tables of schedules, numbers of key ranges and order of items, with blocks that only count the
// steps through their keys.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <functional>
#include <numeric>
#include <queue>
#include <string>
#include <vector>

#include "backends/cuda/schedules.hpp"
#include "backends/hip/schedules.hpp"
#include "backends/simt/backend.hpp"
#include "backends/simt/dealing.hpp"
#include "kernels/attention.hpp"
#include "tests/backends/archetype/block.hpp"

namespace moat {
namespace {

// Block number `index` of `blocks`, dealt to as those of GPUs are.
template <class S>
class CountingBlock : public archetype::Block<S> {
 public:
  CountingBlock(int index, int blocks)
      : archetype::Block<S>(index, blocks), index_(index), blocks_(blocks) {}

  template <class F>
  void longest_first(int groups, int count, F f) {
    simt::deal(index_, blocks_, groups, count, f);
  }

  template <class Q, class K, class V, int kM, int kN, class LoadQ, class LoadK, class LoadV,
            class Consume>
  void attend(int keys, LoadQ, LoadK, LoadV, Consume) {
    steps += ceil_div(keys, kN);
  }

  std::int64_t steps = 0;

 private:
  int index_;
  int blocks_;
};

struct Load {
  int splits = 1;
  int places = 0;             // blocks that run at once
  std::int64_t longest = 0;   // steps of a block with one item
  std::int64_t all = 0;       // steps of all blocks
  std::int64_t makespan = 0;  // of the place that ends last

  // The steps of a place, as a share of those of the last one.
  double balance() const {
    return static_cast<double>(all) / static_cast<double>(places * makespan);
  }
  // The least that any order could take, as a share of what this one takes.
  double of_possible() const {
    const double even = static_cast<double>(all) / places;
    return std::max(even, static_cast<double>(longest)) / static_cast<double>(makespan);
  }
};

template <class SchedulesOf>
class CountingBackend {
 public:
  using Schedules = SchedulesOf;
  template <class S>
  using Block = CountingBlock<S>;

  explicit CountingBackend(int units) : facts_(Schedules::kReference) {
    facts_.compute_units = units;
    static_assert(Target<CountingBackend>);
  }

  Schedules schedules() const { return Schedules(facts_); }
  void* workspace(std::size_t) { return nullptr; }
  unsigned* arrivals() { return nullptr; }
  template <class S>
  int concurrent_blocks() const {
    return S::kResidency * facts_.compute_units;
  }
  template <class S>
  int splits(std::int64_t items, int key_steps) const {
    return simt::key_splits(items, key_steps, simt::kBlocksBeside<S> * facts_.compute_units);
  }

  // Blocks of a persistent grid have items dealt; else each has one, and a place that becomes free
  // takes up the next one.
  template <class Kernel, class S, class Args>
  void launch(std::int64_t items, const Args& args) {
    if constexpr (requires { args.kv_len; }) {
      const auto count = static_cast<int>(items);
      load.splits = args.splits;
      load.places = simt::kBlocksBeside<S> * facts_.compute_units;
      const int blocks = S::kPersistent ? std::min(count, load.places) : count;
      std::priority_queue<std::int64_t, std::vector<std::int64_t>, std::greater<>> places;
      for (int i = 0; i < load.places; ++i) places.push(0);
      for (int i = 0; i < blocks; ++i) {
        CountingBlock<S> block(i, blocks);
        Kernel::template run<S>(block, args);
        load.all += block.steps;
        load.makespan = std::max(load.makespan, places.top() + block.steps);
        places.push(places.top() + block.steps);
        places.pop();
      }
      load.longest = ceil_div(args.keys_per_split, S::n);
    }
  }

  Load load;

 private:
  simt::DeviceFacts facts_;
};

template <class Schedules>
Load load_of(int units, const AttentionProblem& shape) {
  static const float memory[16] = {};
  AttentionProblem p = shape;
  p.q = p.k = p.v = memory;  // aligned for copies of boxes; nothing is read
  CountingBackend<Schedules> backend(units);
  launch_attention<bf16, 128>(backend, p);
  return backend.load;
}

AttentionProblem causal_prefill(int heads, int length, int batch = 1) {
  return {.dtype = DType::bf16,
          .batch = batch,
          .q_heads = heads,
          .kv_heads = heads,
          .q_len = length,
          .kv_len = length,
          .head_dim = 128,
          .causal = true};
}

constexpr int kH200 = 132;
constexpr int kH20 = 78;
constexpr int kA100 = 108;
constexpr int kMi300x = 304;
constexpr int kMi210 = 104;

TEST(AttentionBalance, CausalPrefillIsDealtEvenly) {
  for (const int heads : {8, 16, 32, 48, 56, 64}) {
    for (const int length : {2048, 4096, 8192, 16384, 32768}) {
      if (heads == 8 && length == 2048) continue;  // 128 items
      const Load load = load_of<cuda::Sm90aSchedules>(kH200, causal_prefill(heads, length));
      EXPECT_EQ(load.splits, 1) << heads << " heads, " << length;
      EXPECT_GE(load.balance(), 0.96) << heads << " heads, " << length;
    }
  }
  // Fewer items than units: the longest binds.
  EXPECT_EQ(load_of<cuda::Sm90aSchedules>(kH200, causal_prefill(8, 2048)).makespan, 16);
}

// Short problems end with a round that not all units take part in.
template <class Schedules>
void expect_near_the_possible(int units) {
  for (const int batch : {1, 2, 4}) {
    for (const int heads : {8, 12, 16, 20, 24, 28, 32, 40, 48, 56, 64}) {
      for (const int length : {2048, 4096, 8192, 16384}) {
        const Load load = load_of<Schedules>(units, causal_prefill(heads, length, batch));
        EXPECT_GE(load.of_possible(), length < 16384 ? 0.80 : 0.92)
            << units << " units, batch " << batch << ", " << heads << " heads, " << length;
      }
    }
  }
}

TEST(AttentionBalance, EveryDeviceComesNearThePossible) {
  expect_near_the_possible<cuda::Sm90aSchedules>(kH200);
  expect_near_the_possible<cuda::Sm90aSchedules>(kH20);
  expect_near_the_possible<cuda::Sm80Schedules>(kA100);
  expect_near_the_possible<hip::CdnaSchedules>(kMi300x);
  expect_near_the_possible<hip::CdnaSchedules>(kMi210);
}

// Prefill of 512 tokens with 32 heads has 128 tiles of queries.
TEST(AttentionBalance, NearlyAsManyItemsAsUnitsAreNotSplit) {
  AttentionProblem p = causal_prefill(32, 512);
  for (const bool causal : {false, true}) {
    p.causal = causal;
    for (const int keys : {512, 8192}) {
      p.kv_len = keys;
      EXPECT_EQ(load_of<cuda::Sm90aSchedules>(kH200, p).splits, 1) << keys;
      EXPECT_EQ(load_of<cuda::Sm90aSchedules>(kH20, p).splits, 1) << keys;
      EXPECT_EQ(load_of<cuda::Sm80Schedules>(kA100, p).splits, 1) << keys;
      EXPECT_EQ(load_of<hip::CdnaSchedules>(kMi210, p).splits, 1) << keys;
    }
  }
}

// A chunk of a long prompt, and a token that is decoded.
TEST(AttentionBalance, FewItemsWithManyKeysFillTheDevice) {
  AttentionProblem p = causal_prefill(16, 128);
  p.kv_len = 32768;
  EXPECT_EQ(load_of<cuda::Sm90aSchedules>(kH200, p).splits, 8);  // 128 of 132 units
  EXPECT_GE(load_of<hip::CdnaSchedules>(kMi300x, p).balance(), 0.9);
  p.q_heads = 32;
  p.kv_heads = 8;
  p.q_len = 1;
  for (const int keys : {8192, 32768, 131072}) {
    p.kv_len = keys;
    EXPECT_GE(load_of<cuda::Sm90aSchedules>(kH200, p).splits, 16) << keys;
    EXPECT_GE(load_of<cuda::Sm80Schedules>(kA100, p).splits, 16) << keys;
    EXPECT_GE(load_of<hip::CdnaSchedules>(kMi300x, p).splits, 16) << keys;
  }
}

}  // namespace
}  // namespace moat
