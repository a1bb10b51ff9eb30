// SPDX-License-Identifier: Apache-2.0
// Tile sizes and block shapes on AMD GPUs, per kernel and element type. A compute unit has 64 KiB
// of fast memory (LDS).
#pragma once

#include <type_traits>

#include "backends/hip/reference_devices.hpp"
#include "backends/simt/schedule.hpp"
#include "backends/vocabulary/menu.hpp"
#include "backends/vocabulary/schedule.hpp"
#include "problems/problem.hpp"

namespace moat::hip {

struct PlainSchedules {
  static constexpr simt::DeviceFacts kReference = kMi100;

  explicit constexpr PlainSchedules(const simt::DeviceFacts& its_device,
                                    const ScheduleChoice* its_choice = nullptr)
      : device(its_device), choice(its_choice) {}

  // A step of k is 32 bytes of a row, so that two blocks fit a compute unit. Few rows: the weights
  // are read once, four waves side by side in longer steps. Tiles that would not fill the compute
  // units twice are made smaller.
  template <class T, class F>
  void gemm(const GemmProblem& p, F f) const {
    constexpr int k = 32 / sizeof(T);
    using Few = simt::TileSchedule<T, 16, 64, 4 * k, 1, 4, 2>;
    using Small = simt::TileSchedule<T, 64, 64, k, 2, 2, 2>;
    using Large = simt::TileSchedule<T, 128, 64, k, 2, 2, 2>;
    const bool small = simt::tiles(p, 128, 64) < 2 * device.compute_units;
    choose(choice, Menu<Few, Small, Large>{simt::few_rows<Few>(p.m), {.best = small}, {}}, f);
  }

  // As the GEMM that a group is like.
  template <class T, class F>
  void grouped_gemm(const GroupedGemmProblem& p, F f) const {
    gemm<T>(simt::typical_product(p), [&](auto s) { f(s, RowRange{}); });
  }

  // The same of codes, in steps that are whole chunks of them.
  template <class T, class F>
  void weight_gemm(const WeightGemmProblem& p, F f) const {
    codes_gemm<T>(p.m, f);
  }
  template <class T, class C, class F>
  void scaled_gemm(const ScaledGemmProblem& p, F f) const {
    codes_gemm<T>(p.m, f);
  }

  // One query per head: a wave per block, and many blocks; f32 and long heads need two for the
  // registers that loads pass through. Long heads leave room for fewer queries and keys.
  template <class T, int kHeadDim, class F>
  void attention(const AttentionProblem& p, F f) const {
    constexpr bool kLong = kHeadDim > 64;
    if (p.q_len == 1) {
      constexpr int kWarps = kLong || sizeof(T) == 4 ? 2 : 1;
      f(Type<simt::TileSchedule<T, 16 * kWarps, 16, 0, kWarps, 1, 1>>{});
    } else {
      f(Type<simt::TileSchedule<T, kLong ? 64 : 128, kLong ? 16 : 32, 0, 4, 1, 1>>{});
    }
  }

  // As attention, but that the longest heads leave room for fewer queries and keys. Latent keys
  // meet many heads, and loads of their rows pass through the registers of as many lanes.
  template <class T, int kHeadDim, int kValues, class F>
  static void paged_attention(const PagedAttentionProblem& p, F f) {
    constexpr int kColumns = kHeadDim == 256 ? kValues / 2 : kValues;
    if constexpr (kHeadDim > 256) {
      f(Type<simt::TileSchedule<T, 32, 16, kValues / 8, 2, 1, 1>>{});
    } else if (p.q_len == 1) {
      constexpr int kWarps = kHeadDim > 128 ? 4 : kHeadDim > 64 ? 2 : 1;
      f(Type<simt::TileSchedule<T, 16 * kWarps, 16, kColumns, kWarps, 1, 1>>{});
    } else {
      constexpr bool kLong = kHeadDim > 64;
      f(Type<simt::TileSchedule<T, kLong ? 64 : 128, kLong ? 16 : 32, kColumns, 4, 1, 1>>{});
    }
  }

  // Two steps of 64 keys and 32 heads are 48 KiB.
  template <class T, class F>
  static void indexer(const IndexerProblem&, F f) {
    f(Type<simt::TileSchedule<T, 64, 32, 0, 4, 1, 1>>{});
  }

  // Memory binds. 16 waves of 64 lanes with 64 bytes each on their way are 64 KiB, more than the
  // 20 KiB of a compute unit that 5 TB/s on 304 of them and a latency of a microsecond ask for.
  template <class T, class F>
  static void reduction(const ReductionProblem&, F f) {
    f(Type<simt::FlatSchedule<4, 4>>{});
  }

  // A short row is one wave's, which waits for no other: four of 64 lanes would have 4 elements a
  // lane of 1024, half of what a lane takes at once. A long one is read again from the cache, which
  // four waves do before others push it out. Four blocks leave a lane 256 registers, or 128.
  template <class T, class F>
  void rows(std::int64_t cols, F f) const {
    using Short = simt::FlatSchedule<1, 4>;
    using Long = simt::FlatSchedule<4, 4>;
    choose(choice, Menu<Short, Long>{{.best = cols <= 1024}, {}}, f);
  }

  simt::DeviceFacts device;
  const ScheduleChoice* choice;

 private:
  template <class T, class F>
  void codes_gemm(int m, F f) const {
    using Few = simt::TileSchedule<T, 16, 64, 64, 1, 4, 2>;
    using Many = simt::TileSchedule<T, 64, 64, 32, 2, 2, 2>;
    choose(choice, Menu<Few, Many>{simt::few_rows<Few>(m), {}}, f);
  }
};

struct CdnaSchedules : PlainSchedules {
  static constexpr simt::DeviceFacts kReference = kMi300x;

  using PlainSchedules::PlainSchedules;

  // 128 × 128: two blocks fill a compute unit's LDS with two stages each, so that one block's MFMA
  // cover the other's barriers; a wave's 64 × 64 needs 64 of its 256 registers for sums. Fewer
  // tiles than compute units are made smaller. Few rows are bound by memory: one wave a block, for
  // as many blocks as possible.
  template <class T, class F>
  void gemm(const GemmProblem& p, F f) const {
    constexpr int k = 64 / sizeof(T);
    using Few = simt::TileSchedule<T, 16, 32, 4 * k, 1, 1, 2>;
    using Small = simt::TileSchedule<T, 64, 64, 2 * k, 2, 2, 2>;
    using Large = simt::TileSchedule<T, 128, 128, k, 2, 2, 2>;
    const bool small = simt::tiles(p, 128, 128) < device.compute_units;
    choose(choice, Menu<Few, Small, Large>{simt::few_rows<Few>(p.m), {.best = small}, {}}, f);
  }

  // The same with these.
  template <class T, class F>
  void grouped_gemm(const GroupedGemmProblem& p, F f) const {
    gemm<T>(simt::typical_product(p), [&](auto s) { f(s, RowRange{}); });
  }

  // The same of codes. Where sums of a block of k stand beside those of all, the tile is halved.
  template <class T, class F>
  void weight_gemm(const WeightGemmProblem& p, F f) const {
    using Few = simt::TileSchedule<T, 16, 32, 128, 1, 1, 2>;
    using Many = simt::TileSchedule<T, 128, 128, 32, 2, 2, 2>;
    choose(choice, Menu<Few, Many>{simt::few_rows<Few>(p.m), {}}, f);
  }
  template <class T, class C, class F>
  void scaled_gemm(const ScaledGemmProblem& p, F f) const {
    using Few = simt::TileSchedule<T, 16, 32, 128, 1, 1, 2>;
    using Many = simt::TileSchedule<T, 128, 64, 32, 2, 2, 2>;
    choose(choice, Menu<Few, Many>{simt::few_rows<Few>(p.m), {}}, f);
  }

  // 32 query rows a wave, because each wave reads all keys and values from LDS; with 64 keys the
  // panels of head_dim 128 fill 64 KiB. f32 is twice as long and has half of either. One query per
  // head: a wave a block.
  template <class T, int kHeadDim, class F>
  void attention(const AttentionProblem& p, F f) const {
    constexpr bool kLong = kHeadDim * sizeof(T) > 256;
    if (p.q_len == 1) {
      f(Type<simt::TileSchedule<T, 16, 64 / sizeof(T), 0, 1, 1, 2>>{});
    } else {
      f(Type<simt::TileSchedule<T, kLong ? 64 : 128, kLong ? 32 : 64, 0, 4, 1, 1>>{});
    }
  }

  // As attention.
  template <class T, int kHeadDim, int kValues, class F>
  static void paged_attention(const PagedAttentionProblem& p, F f) {
    if constexpr (kHeadDim > 256) {
      f(Type<simt::TileSchedule<T, 16, 32, kValues / 4, 1, 1, 1>>{});
    } else if (p.q_len == 1) {
      // Loads of the longest rows pass through the registers of twice as many lanes.
      constexpr int kWarps = kHeadDim > 128 ? 2 : 1;
      f(Type<simt::TileSchedule<T, 16 * kWarps, 32, kValues, kWarps, 1, 1>>{});
    } else {
      constexpr bool kLong = kHeadDim > 128;
      f(Type<simt::TileSchedule<T, kLong ? 64 : 128, kLong ? 32 : 64, kValues, 4, 1, 1>>{});
    }
  }
};

struct Rdna3Schedules : PlainSchedules {
  static constexpr simt::DeviceFacts kReference = kRx7900Xtx;

  using PlainSchedules::PlainSchedules;

  // Waves of 32 lanes: eight share 128 × 128, so that the sums are 64 of a lane's 256 registers.
  // Fewer tiles than compute units are made smaller. Loads of a block of one wave pass
  // through few lanes, which bounds their number. f32 has no matrix instruction.
  template <class T, class F>
  void gemm(const GemmProblem& p, F f) const {
    if constexpr (sizeof(T) == 4) {
      PlainSchedules::gemm<T>(p, f);
    } else {
      using Few = simt::TileSchedule<T, 16, 32, 64, 1, 1, 4>;
      using Small = simt::TileSchedule<T, 64, 64, 64, 2, 2, 2>;
      using Large = simt::TileSchedule<T, 128, 128, 32, 2, 4, 2>;
      const bool small = simt::tiles(p, 128, 128) < device.compute_units;
      choose(choice, Menu<Few, Small, Large>{simt::few_rows<Few>(p.m), {.best = small}, {}}, f);
    }
  }

  // The same with these.
  template <class T, class F>
  void grouped_gemm(const GroupedGemmProblem& p, F f) const {
    gemm<T>(simt::typical_product(p), [&](auto s) { f(s, RowRange{}); });
  }

  // The same of codes.
  template <class T, class F>
  void weight_gemm(const WeightGemmProblem& p, F f) const {
    codes_gemm<T>(p.m, f);
  }
  template <class T, class C, class F>
  void scaled_gemm(const ScaledGemmProblem& p, F f) const {
    codes_gemm<T>(p.m, f);
  }

  // 16 query rows a wave are one row of atoms; long heads have twice the sums and leave registers
  // for half the keys. One query per head: a wave a block, and many blocks.
  template <class T, int kHeadDim, class F>
  void attention(const AttentionProblem& p, F f) const {
    if constexpr (sizeof(T) == 4) {
      PlainSchedules::attention<T, kHeadDim>(p, f);
    } else if (p.q_len == 1) {
      f(Type<simt::TileSchedule<T, 16, 16, 0, 1, 1, 4>>{});
    } else {
      f(Type<simt::TileSchedule<T, 128, kHeadDim == 64 ? 64 : 32, 0, 8, 1, 1>>{});
    }
  }

  // Fragments of whole rows are 64 registers for all of k, and of 32 heads another 128.
  template <class T, class F>
  static void indexer(const IndexerProblem&, F f) {
    f(Type<simt::TileSchedule<T, 64, 16, 0, 4, 1, 1>>{});
  }

 private:
  template <class T, class F>
  void codes_gemm(int m, F f) const {
    using Few = simt::TileSchedule<T, 16, 32, 64, 1, 1, 4>;
    using Many = simt::TileSchedule<T, 128, 128, 32, 2, 4, 2>;
    choose(choice, Menu<Few, Many>{simt::few_rows<Few>(m), {}}, f);
  }
};

}  // namespace moat::hip
