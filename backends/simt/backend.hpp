// SPDX-License-Identifier: Apache-2.0
// What the launchers in kernels/ ask of a GPU, the same for every vendor. Plain C++: the runtime
// compiles it without a device compiler; backends/simt/launch.hpp adds the launch itself.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>

#include "backends/simt/device_facts.hpp"
#include "backends/simt/schedule.hpp"
#include "backends/simt/split_k.hpp"
#include "backends/vocabulary/menu.hpp"
#include "backends/vocabulary/target.hpp"
#include "problems/dtype.hpp"

namespace moat::simt {

template <class Atoms, class S>
class ThreadBlock;
struct KernelFacts;

// A grid of thread blocks.
struct Grid {
  const void* entry;  // the __global__ function
  unsigned blocks;
  unsigned threads;          // per block
  std::size_t shared_bytes;  // dynamic shared memory per block
  std::int64_t items;        // that the blocks share
  const KernelFacts* kernel;
};

// The queue of one GPU. Throws DeviceError and OutOfMemory.
class Queue {
 public:
  // `args` points at the arguments of the entry.
  virtual void enqueue(const Grid& grid, void** args) = 0;

  // Device memory for the launches that follow, valid until the next call.
  virtual void* workspace(std::size_t bytes) = 0;

  // A counter in device memory that is 0 between launches.
  virtual unsigned* arrivals() = 0;

  // Device memory for `floats` numbers, aligned to 16 bytes, of the launches that follow, valid
  // until the next call. Before it lie at least `counters` counters that are 0 between launches.
  virtual float* shared_sums(std::size_t counters, std::size_t floats) = 0;

  // Of the device.
  virtual const DeviceFacts& facts() const = 0;

  // Of schedules, in place of the tables'; null: theirs.
  virtual const ScheduleChoice* choice() const { return nullptr; }

 protected:
  ~Queue() = default;
};

// The most blocks of a grid: AMD counts a grid's threads in 32 bits. Blocks walk over what is left.
constexpr unsigned grid_blocks(std::int64_t items, int threads) {
  const std::int64_t most = std::numeric_limits<int>::max() / threads;
  return static_cast<unsigned>(std::clamp(items, std::int64_t{0}, most));
}

// What attention takes with so many ranges of keys for each of `items` tiles of queries, in
// quarters of a step, by a model: waves of as many blocks as the device runs at once, one as long
// as its steps. A range takes two steps more, for its first loads, which nothing hides, and to
// store its partial result; merging takes the four of a launch, and a quarter for each range.
constexpr std::int64_t split_cost(std::int64_t items, int key_steps, int concurrent, int splits) {
  const std::int64_t waves = ceil_div(items * splits, std::int64_t{concurrent});
  const std::int64_t ranges = 4 * waves * (ceil_div(key_steps, splits) + 2);
  return splits == 1 ? ranges : ranges + 4 * 4 + splits;
}

// Ranges of keys per work item, each with at least one of the key_steps ≥ 1, for a device that runs
// `concurrent` blocks at once: as many as the model above finds fastest in up to two waves, if that
// saves an eighth, which the model may be wrong by.
constexpr int key_splits(std::int64_t items, int key_steps, int concurrent) {
  if (items >= concurrent) return 1;
  const std::int64_t whole = split_cost(items, key_steps, concurrent, 1);
  int best = 1;
  std::int64_t least = whole;
  const std::int64_t most = 2 * std::int64_t{concurrent} / std::max<std::int64_t>(items, 1);
  for (int wanted = 2; wanted <= std::min<std::int64_t>(most, key_steps); ++wanted) {
    const int splits = ceil_div(key_steps, ceil_div(key_steps, wanted));
    const std::int64_t cost = split_cost(items, key_steps, concurrent, splits);
    if (cost < least) {
      best = splits;
      least = cost;
    }
  }
  return 8 * least <= 7 * whole ? best : 1;
}

// The backend of one architecture, as the launchers in kernels/ know it.
template <class Atoms, class ScheduleTable>
class Backend {
 public:
  using Schedules = ScheduleTable;
  template <class S>
  using Block = simt::ThreadBlock<Atoms, S>;

  explicit Backend(Queue& queue) : queue_(queue) { static_assert(Target<Backend>); }

  // The table of tile sizes for this device.
  Schedules schedules() const { return Schedules(queue_.facts(), queue_.choice()); }

  template <class Kernel, class S, class Args>
  void launch(std::int64_t items, const Args& args);

  void* workspace(std::size_t bytes) { return queue_.workspace(bytes); }
  unsigned* arrivals() { return queue_.arrivals(); }

  // As many as the device holds at once: more would wait for these.
  template <class Schedule>
  int concurrent_blocks() const {
    return Schedule::kResidency * queue_.facts().compute_units;
  }

  template <class Schedule, class T>
  SplitK<T> split_k(const Tensor<T>& c, int steps, int grain = 1) {
    const SplitShape shape = split_shape<Schedule>(c, steps, grain);
    const int each = steps_per_part(shape, queue_.facts().compute_units);
    return share_k<Schedule>(queue_, c, steps, each);
  }

  template <class Schedule>
  int splits(std::int64_t items, int key_steps) const {
    return key_splits(items, key_steps, kBlocksBeside<Schedule> * queue_.facts().compute_units);
  }

 private:
  Queue& queue_;
};

}  // namespace moat::simt
