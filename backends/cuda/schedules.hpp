// SPDX-License-Identifier: Apache-2.0
// Tile sizes and block shapes on NVIDIA GPUs, per kernel and element type.
#pragma once

#include <tuple>
#include <type_traits>

#include "backends/cuda/reference_devices.hpp"
#include "backends/cuda/split.hpp"
#include "backends/simt/schedule.hpp"
#include "backends/simt/tma.hpp"
#include "backends/simt/warp_specialized_schedule.hpp"
#include "backends/vocabulary/menu.hpp"
#include "backends/vocabulary/schedule.hpp"
#include "problems/codes.hpp"
#include "problems/problem.hpp"

namespace moat::cuda {

// Sized for a multiprocessor of an A100, with 164 KiB of shared memory and 64 Ki registers. Two or
// more blocks of it hide one's barriers and softmax under another's products.
struct Sm80Schedules {
  static constexpr simt::DeviceFacts kReference = kA100;

  // Below, the 8 roundoffs that split products of f32 may be off by would show.
  static constexpr int kShortSums = 32;

  explicit constexpr Sm80Schedules(const simt::DeviceFacts& its_device,
                                   const ScheduleChoice* its_choice = nullptr)
      : device(its_device), choice(its_choice) {}

  // Steps of 64 bytes of a row of k and four stages, or 128 bytes and three: two or three steps are
  // on their way while one is multiplied. Waves of 64 × 64 read 4 KiB of 16-bit fragments for
  // 64 Ki products. Fewer tiles than multiprocessors are made smaller, of which three blocks
  // have room. Few rows: the weights are read once, and memory binds: small blocks, many of them.
  // Split fragments of f32 take twice the registers.
  template <class T>
  auto gemms(const GemmProblem& p) const {
    constexpr int k = 64 / sizeof(T);
    using Few = simt::TileSchedule<T, 16, 64, 2 * k, 1, 4, 3, 4>;
    const Offer<Few> few = simt::few_rows<Few>(p.m);
    if constexpr (sizeof(T) == 2) {
      using Small = simt::TileSchedule<T, 64, 64, 2 * k, 2, 2, 3, 3>;
      using Large = simt::TileSchedule<T, 128, 128, k, 2, 2, 2, 4>;
      return Menu<Few, Small, Large>{
          few, {.best = simt::tiles(p, 128, 128) < device.compute_units}, {}};
    } else {
      using Exact = simt::TileSchedule<T, 64, 64, k, 2, 2, 3, 3>;
      using Small = simt::TileSchedule<SplitF32, 64, 64, 2 * k, 2, 2, 3, 3>;
      using Large = simt::TileSchedule<SplitF32, 128, 64, 2 * k, 2, 2, 2, 3>;
      const bool splits = p.k >= kShortSums;
      return Menu<Few, Exact, Small, Large>{
          few,
          {.best = !splits},
          {.best = simt::tiles(p, 128, 64) < device.compute_units, .fits = splits},
          {.fits = splits}};
    }
  }
  template <class T, class F>
  void gemm(const GemmProblem& p, F f) const {
    choose(choice, gemms<T>(p), f);
  }

  // As the GEMM that a group is like.
  template <class T, class F>
  void grouped_gemm(const GroupedGemmProblem& p, F f) const {
    gemm<T>(simt::typical_product(p), [&](auto s) { f(s, RowRange{}); });
  }

  // Decoded panels pass through registers and need no more than two stages, of 128 bytes of a row
  // or, for few rows, 256. Blocks that run beside each other hide one's reads.
  template <class T, class F>
  void weight_gemm(const WeightGemmProblem& p, F f) const {
    using Few = simt::TileSchedule<T, 16, 64, 128, 1, 4, 3, 2>;
    using Many = simt::TileSchedule<T, 128, 128, 64, 2, 2, 2, 2>;
    choose(choice, Menu<Few, Many>{simt::few_rows<Few>(p.m), {}}, f);
  }

  // Sums of a block of k stand beside those of all, which halves the tile.
  template <class T>
  static auto scaled_gemms(int m) {
    using Few = simt::TileSchedule<T, 16, 64, 128, 1, 4, 3, 2>;
    using Many = simt::TileSchedule<T, 128, 64, 64, 2, 2, 2, 2>;
    return Menu<Few, Many>{simt::few_rows<Few>(m), {}};
  }
  template <class T, class C, class F>
  void scaled_gemm(const ScaledGemmProblem& p, F f) const {
    choose(choice, scaled_gemms<T>(p.m), f);
  }

  // Two steps of keys and values are in shared memory, of f32 2048 elements each. With short rows a
  // wave has 32 queries and uses every fragment of keys and values twice; long ones leave registers
  // for 16. f32 multiplies in plain FMAs, because accumulators of split products are no operands of
  // the next.
  template <class T, int kHeadDim>
  static auto attentions(const AttentionProblem& p) {
    constexpr bool kShort = kHeadDim == 64;
    // One query per head: a wave per block, and three steps to keep memory busy.
    using One = std::conditional_t<sizeof(T) == 4, simt::TileSchedule<T, 16, 16, 0, 2, 1, 2, 3>,
                                   simt::TileSchedule<T, 16, 32, 0, 1, 1, 3, 3>>;
    using Many =
        std::conditional_t<sizeof(T) == 4, simt::TileSchedule<T, 64, 2048 / kHeadDim, 0, 4, 1, 2>,
                           simt::TileSchedule<T, 128, 64, 0, kShort ? 4 : 8, 1, kShort ? 2 : 1>>;
    return Menu<One, Many>{{.fits = p.q_len == 1}, {.fits = p.q_len > 1}};
  }
  template <class T, int kHeadDim, class F>
  void attention(const AttentionProblem& p, F f) const {
    choose(choice, attentions<T, kHeadDim>(p), f);
  }

  // Rows are looked up one by one and copied asynchronously, on every architecture. As attention,
  // but that long heads leave room for fewer queries and keys. Latent keys meet many heads; half of
  // the values' columns are 128 sums of a lane.
  template <class T, int kHeadDim, int kValues, class F>
  static void paged_attention(const PagedAttentionProblem& p, F f) {
    if constexpr (kHeadDim > 256) {
      f(Type<simt::TileSchedule<T, 32, 32, kValues / 2, 2, 1, 1, 2>>{});
    } else if (p.q_len == 1) {
      if constexpr (kHeadDim > 128) {
        // One wave would have no registers left for the places of twice as many rows.
        f(Type<simt::TileSchedule<T, 32, 16, kValues, 2, 1, 2, 2>>{});
      } else {
        f(Type<simt::TileSchedule<T, 16, 32, kValues, 1, 1, 3, 3>>{});
      }
    } else if constexpr (kHeadDim == 64) {
      f(Type<simt::TileSchedule<T, 128, 64, kValues, 4, 1, 2>>{});
    } else {
      constexpr int n = kHeadDim == 256 ? 32 : 64;
      f(Type<simt::TileSchedule<T, 128, n, kValues, 8, 1, 1>>{});
    }
  }

  // 64 keys and as many heads, DeepSeek-V3.2's, are a step of 32 KiB, of which two blocks with two
  // each have room: one's loads hide under the other's products.
  template <class T, class F>
  static void indexer(const IndexerProblem&, F f) {
    f(Type<simt::TileSchedule<T, 64, 64, 0, 4, 1, 2>>{});
  }

  // Memory binds. 32 warps whose lanes have 64 bytes each on their way are 64 KiB, more than the
  // 20 KiB of a multiprocessor that 2 TB/s and a latency of a microsecond ask for.
  template <class T, class F>
  static void reduction(const ReductionProblem&, F f) {
    f(Type<simt::FlatSchedule<8, 4>>{});
  }

  // A short row is one warp's, which waits for no other: eight would have 4 elements a lane of
  // 1024, half of what a lane takes at once. 16 of them are under way, with 128 registers a lane. A
  // long row is read again from the cache, which eight warps do before others push it out.
  template <class T, class F>
  void rows(std::int64_t cols, F f) const {
    using Short = simt::FlatSchedule<1, 16>;
    using Long = simt::FlatSchedule<8, 4>;
    choose(choice, Menu<Short, Long>{{.best = cols <= 1024}, {}}, f);
  }

  simt::DeviceFacts device;
  const ScheduleChoice* choice;
};

// Large products of 16-bit types and of E4M3 go through the tensor memory accelerator and
// warpgroups; what those cannot take, and what memory binds anyway, through sm_80's schedules.
struct Sm90aSchedules : Sm80Schedules {
  static constexpr simt::DeviceFacts kReference = kH100;

  using Sm80Schedules::Sm80Schedules;

  // 64 rows for each of two consumers, and as many columns as the grid of tiles fills the device
  // with: the widest product reads the least per FLOP. Stages of 48, 32 and 24 KiB fill the shared
  // memory. The three groups share 64 Ki registers: 40 a lane of the producer, 232 of the
  // consumers, of which up to 128 are sums.
  template <class T>
  auto gemms(const GemmProblem& p) const {
    const auto others = Sm80Schedules::gemms<T>(p);
    if constexpr (sizeof(T) == 2) {
      using Wide = simt::WarpSpecializedSchedule<T, kTileRows, 256, 64, 2, 4, 40, 232>;
      using Middle = simt::WarpSpecializedSchedule<T, kTileRows, 128, 64, 2, 6, 40, 232>;
      using Narrow = simt::WarpSpecializedSchedule<T, kTileRows, 64, 64, 2, 8, 40, 232>;
      const std::int64_t b_cols = p.order_b == Order::transposed ? p.k : p.n;
      const bool fits =
          copyable<T>(p.a, p.lda ? p.lda : p.k) && copyable<T>(p.b, p.ldb ? p.ldb : b_cols);
      const bool many = p.m > simt::kFewRows;
      const std::int64_t wide = time_of(p, 256);
      const std::int64_t middle = time_of(p, 128);
      const std::int64_t narrow = time_of(p, 64);
      return std::tuple_cat(
          Menu<Wide, Middle, Narrow>{
              {.best = many && wide <= middle && wide <= narrow, .fits = fits},
              {.best = many && middle <= narrow, .fits = fits},
              {.best = many, .fits = fits}},
          others);
    } else {
      return others;
    }
  }
  template <class T, class F>
  void gemm(const GemmProblem& p, F f) const {
    choose(choice, gemms<T>(p), f);
  }

  // The same with these.
  template <class T, class F>
  void grouped_gemm(const GroupedGemmProblem& p, F f) const {
    gemm<T>(simt::typical_product(p), [&](auto s) { f(s, RowRange{}); });
  }

  // 64 query rows for each of two consumers, which take turns: one multiplies while the other
  // computes weights. Two steps of 128 keys beside the queries are at most 160 KiB.
  template <class T, int kHeadDim, class F>
  void attention(const AttentionProblem& p, F f) const {
    const auto others = attentions<T, kHeadDim>(p);
    if constexpr (sizeof(T) == 2) {
      using Pair = simt::WarpSpecializedSchedule<T, 128, 128, 0, 2, 2, 40, 232>;
      const bool fits = p.q_len > 1 && copyable<T>(p.q) && copyable<T>(p.k) && copyable<T>(p.v);
      choose(choice, std::tuple_cat(Menu<Pair>{{.fits = fits}}, others), f);
    } else {
      choose(choice, others, f);
    }
  }

  // E4M3 is multiplied as it is, in steps that are a block of k; its sums and those of all k take
  // as many registers as a product twice as wide. Stages have 32 or 24 KiB.
  template <class T, class C, class F>
  void scaled_gemm(const ScaledGemmProblem& p, F f) const {
    const auto others = scaled_gemms<T>(p.m);
    if constexpr (std::is_same_v<C, e4m3>) {
      using Wide = simt::WarpSpecializedSchedule<C, kTileRows, 128, 128, 2, 6, 40, 232>;
      using Narrow = simt::WarpSpecializedSchedule<C, kTileRows, 64, 128, 2, 8, 40, 232>;
      const bool fits = copyable<C>(p.a, p.k) && copyable<C>(p.b, p.k);
      const bool many = p.m > simt::kFewRows;
      const GemmProblem shape{.m = p.m, .n = p.n, .k = p.k};
      choose(choice,
             std::tuple_cat(
                 Menu<Wide, Narrow>{
                     {.best = many && time_of(shape, 128) <= time_of(shape, 64), .fits = fits},
                     {.best = many, .fits = fits}},
                 others),
             f);
    } else {
      choose(choice, others, f);
    }
  }

 private:
  static constexpr int kTileRows = 128;

  // A model of a product's time with tiles of `cols` columns, for the same k: waves of a tile for
  // each multiprocessor, as long as a step's operands, kTileRows rows and `cols` columns, take.
  std::int64_t time_of(const GemmProblem& p, int cols) const {
    return ceil_div(simt::tiles(p, kTileRows, cols), std::int64_t{device.compute_units}) *
           (kTileRows + cols);
  }

  // Dense rows of attention are always whole chunks.
  template <class T>
  static bool copyable(const void* data, std::int64_t row_stride = 0) {
    return simt::can_box(
        Tensor<const T>{.data = static_cast<const T*>(data), .row_stride = row_stride});
  }
};

}  // namespace moat::cuda
