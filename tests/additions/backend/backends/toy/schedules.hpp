// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "backends/simt/device_facts.hpp"
#include "backends/simt/schedule.hpp"
#include "backends/vocabulary/menu.hpp"
#include "backends/vocabulary/schedule.hpp"
#include "problems/problem.hpp"

namespace moat::toy {

// One size for each kind of kernel: small, because lanes are emulated one by one.
struct Schedules {
  static constexpr simt::DeviceFacts kReference{.compute_units = 2, .shared_bytes = 64 << 10};

  explicit constexpr Schedules(const simt::DeviceFacts&, const ScheduleChoice* = nullptr) {}

  template <class T, class F>
  static void gemm(const GemmProblem&, F f) {
    f(Type<simt::TileSchedule<T, 32, 32, 32 / sizeof(T), 1, 1, 2>>{});
  }

  template <class T, class F>
  static void weight_gemm(const WeightGemmProblem&, F f) {
    f(Type<simt::TileSchedule<T, 32, 32, 64 / sizeof(T), 1, 1, 2>>{});
  }

  template <class T, class C, class F>
  static void scaled_gemm(const ScaledGemmProblem&, F f) {
    f(Type<simt::TileSchedule<T, 32, 32, 64 / sizeof(T), 1, 1, 2>>{});
  }

  template <class T, class F>
  static void grouped_gemm(const GroupedGemmProblem&, F f) {
    f(Type<simt::TileSchedule<T, 32, 32, 32 / sizeof(T), 1, 1, 2>>{}, RowRange{});
  }

  template <class T, int kHeadDim, class F>
  static void attention(const AttentionProblem&, F f) {
    f(Type<simt::TileSchedule<T, 32, 16, 0, 2, 1, 1>>{});
  }

  template <class T, int kHeadDim, int kValues, class F>
  static void paged_attention(const PagedAttentionProblem&, F f) {
    f(Type<simt::TileSchedule<T, 32, 16, (kValues > 128 ? 128 : kValues), 2, 1, 1>>{});
  }

  template <class T, class F>
  static void indexer(const IndexerProblem&, F f) {
    f(Type<simt::TileSchedule<T, 32, 16, 0, 2, 1, 1>>{});
  }

  template <class T, class F>
  static void reduction(const ReductionProblem&, F f) {
    f(Type<simt::FlatSchedule<2, 2>>{});
  }

  template <class T, class F>
  static void rows(std::int64_t /*cols*/, F f) {
    f(Type<simt::FlatSchedule<2, 2>>{});
  }
};

}  // namespace moat::toy
