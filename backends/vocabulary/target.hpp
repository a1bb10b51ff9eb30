// SPDX-License-Identifier: Apache-2.0
// What the launchers of kernels/ need of a backend: memory for a launch, the launch itself, and a
// table of schedules for each kind of problem.
//
//   backend.workspace(bytes)      memory for intermediate results of one launch, until the next
//                                 call
//   backend.arrivals()            a counter that is 0 between launches
//   backend.concurrent_blocks<S>()
//                                 how many blocks with schedule S keep the device busy
//   backend.splits<S>(items, key_steps)
//                                 ranges of keys for each of `items` tiles of queries, 1 to
//                                 key_steps
//   backend.split_k<S>(c, steps, grain = 1) → Block<S>::SplitK<T>
//                                 the matrix c, Tensor<T>, of sums of `steps` steps of k each, of
//                                 which blocks may share whole multiples of `grain` in this launch;
//                                 its parts<m, n>() are the work items with tiles of m × n
//   Backend::Block<S>             the block that runs programs with schedule S
//   backend.launch<Kernel, S>(items, args)    runs Kernel::run<S>(block, args) in blocks for
//                                 `items` work items
//   backend.schedules()           the tables, a Backend::Schedules, for its device: each calls
//                                 f(Type<S>) with the schedule S of a problem
//     gemm<T>(problem, f), weight_gemm<T>(problem, f), scaled_gemm<T, C>(problem, f),
//     grouped_gemm<T>(problem, f), which calls f(Type<S>, RowRange) for each range of rows,
//     attention<T, head_dim>(problem, f), paged_attention<T, head_dim, values>(problem, f),
//     indexer<T>(problem, f), reduction<T>(problem, f), rows<T>(columns, f)
//
// Failures are exceptions (backends/device.hpp).
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <stdexcept>

#include "backends/vocabulary/operations.hpp"
#include "problems/attention.hpp"
#include "problems/gemm.hpp"
#include "problems/grouped_gemm.hpp"
#include "problems/indexer.hpp"
#include "problems/paged_attention.hpp"
#include "problems/reduction.hpp"
#include "problems/scaled_gemm.hpp"
#include "problems/weight_gemm.hpp"

namespace moat {

template <class Backend>
concept HasWorkspace = requires(Backend& backend, std::size_t bytes) {
  { backend.workspace(bytes) } -> std::same_as<void*>;
};
template <class Backend>
concept HasArrivals = requires(Backend& backend) {
  { backend.arrivals() } -> std::same_as<unsigned*>;
};
// Any kernel and any schedule: the operations are only declared for them.
struct AnyKernel;
struct AnySchedule;
template <class Backend>
concept HasConcurrentBlocks = requires(const Backend& backend) {
  { backend.template concurrent_blocks<AnySchedule>() } -> std::same_as<int>;
};
template <class Backend>
concept HasSplits = requires(const Backend& backend, std::int64_t items, int key_steps) {
  { backend.template splits<AnySchedule>(items, key_steps) } -> std::same_as<int>;
};
template <class Backend, class T>
concept HasSplitK = requires(Backend& backend, const Tensor<T>& c, int steps) {
  {
    backend.template split_k<AnySchedule>(c, steps).template parts<1, 1>()
    } -> std::same_as<std::int64_t>;
  {
    backend.template split_k<AnySchedule>(c, steps, 1).template parts<1, 1>()
    } -> std::same_as<std::int64_t>;
};
template <class Backend>
concept HasBlock = requires {
  typename Backend::template Block<AnySchedule>;
};
template <class Backend>
concept HasLaunch = requires(Backend& backend, std::int64_t items, const Ignore& args) {
  backend.template launch<AnyKernel, AnySchedule>(items, args);
};
template <class Backend>
concept HasSchedules = requires {
  typename Backend::Schedules;
};

// The items of a launch whose program counts them in an int. Throws std::invalid_argument if they
// are too many for that.
inline std::int64_t countable(std::int64_t items) {
  if (items <= std::numeric_limits<int>::max()) return items;
  throw std::invalid_argument("more work items than 32 bits count");
}

// A backend of any launcher; its tables may be defined elsewhere.
template <class Backend>
concept Target = HasWorkspace<Backend> && HasArrivals<Backend> && HasConcurrentBlocks<Backend> &&
    HasSplits<Backend> && HasBlock<Backend> && HasLaunch<Backend> && HasSchedules<Backend>;

// With the tables of one kind of problem.
template <class Backend, class T>
concept GemmTarget = Target<Backend> && HasSplitK<Backend, T> &&
    requires(Backend& backend, const GemmProblem& p, Ignore f) {
  backend.schedules().template gemm<T>(p, f);
};
template <class Backend, class T>
concept WeightGemmTarget = Target<Backend> && HasSplitK<Backend, T> &&
    requires(Backend& backend, const WeightGemmProblem& p, Ignore f) {
  backend.schedules().template weight_gemm<T>(p, f);
};
template <class Backend, class T, class C>
concept ScaledGemmTarget = Target<Backend> && HasSplitK<Backend, T> &&
    requires(Backend& backend, const ScaledGemmProblem& p, Ignore f) {
  backend.schedules().template scaled_gemm<T, C>(p, f);
};
template <class Backend, class T>
concept GroupedGemmTarget = Target<Backend> &&
    requires(Backend& backend, const GroupedGemmProblem& p, Ignore f) {
  backend.schedules().template grouped_gemm<T>(p, f);
};
template <class Backend, class T>
concept IndexerTarget = Target<Backend> &&
    requires(Backend& backend, const IndexerProblem& p, Ignore f) {
  backend.schedules().template indexer<T>(p, f);
};
template <class Backend, class T>
concept ReductionTarget = Target<Backend> &&
    requires(Backend& backend, const ReductionProblem& p, Ignore f) {
  backend.schedules().template reduction<T>(p, f);
};
template <class Backend, class T>
concept RowsTarget = Target<Backend> && requires(Backend& backend, std::int64_t columns, Ignore f) {
  backend.schedules().template rows<T>(columns, f);
};
// Partial results are merged row by row.
template <class Backend, class T, int d>
concept AttentionTarget = RowsTarget<Backend, T> &&
    requires(Backend& backend, const AttentionProblem& p, Ignore f) {
  backend.schedules().template attention<T, d>(p, f);
};
template <class Backend, class T, int d, int v>
concept PagedAttentionTarget = RowsTarget<Backend, T> &&
    requires(Backend& backend, const PagedAttentionProblem& p, Ignore f) {
  backend.schedules().template paged_attention<T, d, v>(p, f);
};

}  // namespace moat
