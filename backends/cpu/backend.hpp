// SPDX-License-Identifier: Apache-2.0
// The CPU backend as kernels see it: include last where a kernel is instantiated.
#pragma once

#include <omp.h>

#include <exception>

#include "backends/cpu/runtime.hpp"
#include "backends/cpu/schedules.hpp"
#include "backends/cpu/worker.hpp"

namespace moat::cpu {

// All in one function and with arguments of its own: results that are stored could else be what
// loops over memory read their pointers from, again for each vector.
template <class Kernel, class Schedule, class Args>
[[gnu::flatten]] void run_rows(Worker<Schedule>& block, Args args) {
  Kernel::template run<Schedule>(block, args);
}

inline Schedules Backend::schedules() const { return {choice_}; }

template <class Kernel, class Schedule, class Args>
void Backend::launch(std::int64_t items, const Args& args) {
  if (is_listing(choice_)) return;
  const auto workers = Schedule::Mode::kSizedForWorkers
                           ? threads_
                           : static_cast<int>(std::min<std::int64_t>(items, threads_));
  next_.store(0, std::memory_order_relaxed);
  ++launches_;
  std::exception_ptr failure;
#pragma omp parallel num_threads(workers)
  {
    const int worker = omp_get_thread_num();
    // No exception may leave a parallel region.
    try {
      auto& scratch = scratch_[worker];
      if (!scratch) scratch = std::make_unique<Scratch>();
      Worker<Schedule> block(*scratch, next_, worker, omp_get_num_threads(), launches_,
                             kept_bytes_);
      if constexpr (Schedule::kDynamic) {
        Kernel::template run<Schedule>(block, args);
      } else {
        run_rows<Kernel, Schedule>(block, args);
      }
    } catch (...) {
#pragma omp critical
      failure = std::current_exception();
    }
  }
  if (failure) {
    arrivals_ = 0;
    std::rethrow_exception(failure);
  }
}

}  // namespace moat::cpu
