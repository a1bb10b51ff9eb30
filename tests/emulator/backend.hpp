// SPDX-License-Identifier: Apache-2.0
// A backend that runs kernels on an emulated architecture, as a GPU's backend runs them.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "backends/simt/device_facts.hpp"
#include "backends/simt/program.hpp"
#include "backends/vocabulary/menu.hpp"
#include "tests/emulator/emulator.hpp"
#include "tests/emulator/global_memory.hpp"

namespace moat::emulator {

// `AtomsOf` is an architecture over an emulated instruction set, such as simt::Plain<Lanes<32>>;
// `SchedulesOf` the table of tile sizes, which chooses for the reference device of its family.
template <class AtomsOf, class SchedulesOf>
class Backend {
 public:
  using Atoms = AtomsOf;
  using Schedules = SchedulesOf;
  template <class S>
  using Block = simt::ThreadBlock<Atoms, S>;

  // A launch has at most max_blocks blocks; attention is split over `splits` key ranges, and sums
  // over k into as many parts. Schedules choose for `units` compute units, or for those of the
  // reference device, or `choice` does.
  explicit Backend(int max_blocks = 3, int splits = 1, int units = 0,
                   const ScheduleChoice* choice = nullptr)
      : max_blocks_(max_blocks), splits_(splits), facts_(Schedules::kReference), choice_(choice) {
    if (units > 0) facts_.compute_units = units;
  }

  Schedules schedules() const { return Schedules(facts_, choice_); }
  template <class Schedule>
  int concurrent_blocks() const {
    return max_blocks_;
  }
  template <class Schedule>
  int splits(std::int64_t /*items*/, int steps) const {
    return std::min(splits_, steps);
  }
  template <class Schedule, class T>
  simt::SplitK<T> split_k(const Tensor<T>& c, int steps, int grain = 1) {
    const int each = ceil_div(ceil_div(steps, grain), splits_) * grain;
    return simt::share_k<Schedule>(*this, c, steps, std::min(each, steps));
  }
  unsigned* arrivals() { return &arrivals_; }
  // The numbers are NaN.
  float* shared_sums(std::size_t counters, std::size_t floats) {
    counters_ = ceil_div(counters, std::size_t{4}) * 4;
    sums_.assign(counters_ + floats, ~0U);
    std::fill_n(sums_.begin(), counters_, 0U);
    return reinterpret_cast<float*>(sums_.data() + counters_);
  }
  // Counters that are not 0.
  unsigned arrived() const {
    const auto of_sums = std::span(sums_).first(counters_);
    return (arrivals_ > 0 ? 1 : 0) +
           static_cast<unsigned>(std::ranges::count_if(of_sums, [](unsigned n) { return n > 0; }));
  }

  // Filled with NaN.
  void* workspace(std::size_t bytes) {
    workspace_.assign(bytes, std::byte{0xff});
    return workspace_.data();
  }

  template <class Kernel, class S, class Args>
  void launch(std::int64_t items, const Args& args) {
    const Grid grid{.blocks = static_cast<int>(std::min<std::int64_t>(items, max_blocks_)),
                    .waves = S::kWarps,
                    .wave_width = Atoms::kWaveWidth,
                    .shared_bytes = simt::kSharedBytes<Kernel, S, Atoms>,
                    .exchanged = sums_.empty()
                                     ? std::span(workspace_)
                                     : std::as_writable_bytes(std::span(sums_).subspan(counters_))};
    // Operands of tests that know no allocations may lie anywhere, and so may these.
    std::optional<GlobalMemory> workspace;
    std::optional<GlobalMemory> arrivals;
    std::optional<GlobalMemory> sums;
    if (GlobalMemory::any()) {
      workspace.emplace(workspace_.data(), workspace_.size());
      arrivals.emplace(&arrivals_, sizeof(arrivals_));
      sums.emplace(sums_.data(), sums_.size() * sizeof(unsigned));
    }
    using Program = simt::Program<Kernel, S, Atoms>;
    const typename Program::template Bound<Args> bound{args};
    run(grid, [&](unsigned char* arena) { Program::template run<Args>(arena, bound); });
  }

 private:
  int max_blocks_;
  int splits_;
  simt::DeviceFacts facts_;
  const ScheduleChoice* choice_;
  unsigned arrivals_ = 0;
  std::vector<unsigned> sums_;  // behind counters_ counters
  std::size_t counters_ = 0;
  std::vector<std::byte> workspace_;
};

}  // namespace moat::emulator
