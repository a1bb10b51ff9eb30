// SPDX-License-Identifier: Apache-2.0
// Threads and memory behind the block programs. Names no vector type, so that code which is
// compiled without the instruction sets of the kernels can use it.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "backends/cpu/scratch.hpp"
#include "backends/cpu/split_k.hpp"
#include "backends/vocabulary/menu.hpp"
#include "backends/vocabulary/target.hpp"
#include "problems/dtype.hpp"

namespace moat {
namespace cpu {

struct Schedules;
template <class Schedule>
class Worker;

// What kernels launch on: `threads` workers, each a block. Not thread-safe.
class Backend {
 public:
  using Schedules = cpu::Schedules;
  template <class Schedule>
  using Block = Worker<Schedule>;

  explicit Backend(int threads);

  // The table of tile sizes.
  Schedules schedules() const;

  // Of schedules, in place of the table's, for the launches that follow; null: the table's. It
  // outlives them.
  const ScheduleChoice*& choice() { return choice_; }

  // Runs the block program on as many workers as there are work items, and waits for them. Throws
  // what a worker threw.
  template <class Kernel, class Schedule, class Args>
  void launch(std::int64_t items, const Args& args);

  // Memory for intermediate results of one launch, overwritten by the next.
  void* workspace(std::size_t bytes);

  // A counter that is 0 between launches.
  unsigned* arrivals() { return &arrivals_; }

  int threads() const { return threads_; }

  template <class Schedule>
  int concurrent_blocks() const {
    return threads_;
  }

  template <class Schedule, class T>
  SplitK<T> split_k(const Tensor<T>& c, int steps, int /*grain*/ = 1) const {
    return {c, steps};
  }

  // Key ranges per tile of queries, so that `items` tiles with `key_steps` steps each occupy all
  // workers: as few as give all the same share, or, if workers take a share of what is left and
  // tiles hold the rows of all heads, several a worker.
  template <class Schedule>
  int splits(std::int64_t items, int key_steps) const {
    if constexpr (Schedule::all_heads) {
      return splits_for_free_workers(items, key_steps);
    } else {
      return splits_for_all_workers(items, key_steps);
    }
  }

 private:
  int splits_for_free_workers(std::int64_t items, int key_steps) const;
  int splits_for_all_workers(std::int64_t items, int key_steps) const;

  int threads_;
  const ScheduleChoice* choice_ = nullptr;
  std::vector<std::unique_ptr<Scratch>> scratch_;  // one per worker, made by its thread
  std::vector<std::byte> workspace_;
  std::atomic<std::int64_t> next_ = 0;
  unsigned arrivals_ = 0;
  std::int64_t launches_ = 0;
  std::size_t kept_bytes_;  // packed panels that a worker keeps
};

}  // namespace cpu

using ThisBackend = cpu::Backend;
static_assert(Target<ThisBackend>);

}  // namespace moat
