// SPDX-License-Identifier: Apache-2.0
// How the tiles of a product lie and are multiplied: each schedule names one mode of this folder,
// `using Mode = …;`, and a worker forwards the vocabulary's operations on tiles to it.
#pragma once

#include <concepts>
#include <cstdint>

#include "backends/cpu/scratch.hpp"
#include "backends/cpu/tiling.hpp"
#include "problems/tensor.hpp"

namespace moat::cpu {

// What a mode has of the worker that it serves. `launch` numbers the launches of a backend, so that
// panels of an earlier one are told apart.
struct WorkerContext {
  Scratch& scratch;
  std::int64_t launch;
};

// What a mode M provides:
//   M::kName               what menus call it
//   M::Left, Right, Sums   the vocabulary's panels and accumulators
//   M(WorkerContext)
//   load, zeros, mma, store   as the vocabulary has them
//   size_tiles(rows, cols, most, workers)   the size of all tiles of a matrix but those at its
//                                  edges, for the operations that follow; `most` is the schedule's
//                                  m × n, `workers` are those that share the matrix
//   M::kSizedForWorkers    that size follows from the number of workers, of which none may be left
//                          out
//   M::kByColumns          the tiles of a column are visited in turn, not those of a row
// Modes that attention uses have M::Stages<Sums, Key, Value, LoadKey, LoadValue> besides, what the
// consumer of Worker::attend visits.
template <class M>
concept TileMode =
    requires(M mode, const WorkerContext& worker, typename M::template Left<float, 96, 128>& left,
             const typename M::template Left<float, 96, 128>::Source& a,
             typename M::template Right<float, 128, 128, Order::transposed>& right,
             const typename M::template Right<float, 128, 128, Order::transposed>::Source& b,
             typename M::template Sums<96, 128>& sums, const Tensor<float>& to, Coord at) {
  M(worker);
  { M::kName } -> std::same_as<const char* const&>;
  { M::kSizedForWorkers } -> std::same_as<const bool&>;
  { M::kByColumns } -> std::same_as<const bool&>;
  { mode.size_tiles(1, 1, TileSize{}, 1) } -> std::same_as<TileSize>;
  mode.load(left, a, at);
  mode.load(right, b, at);
  { mode.template zeros<96, 128>() } -> std::same_as<typename M::template Sums<96, 128>>;
  mode.mma(sums, left, right);
  mode.store(to, at, sums);
};

}  // namespace moat::cpu
