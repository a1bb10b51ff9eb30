// SPDX-License-Identifier: Apache-2.0
#include "bench/explain/work.hpp"

#include <algorithm>
#include <variant>

namespace moat::explain {
namespace {

double round_up(double value, int step) {
  return step > 0 ? step * static_cast<double>(
                               ceil_div(static_cast<std::int64_t>(value), std::int64_t{step}))
                  : value;
}

double bytes_of(DType t) { return static_cast<double>(size_of(t)); }
double bytes_of(Code c) { return 1.0 / traits(c).per_unit; }

// Tiles of a product of matrices, through all of k.
void add_tiles(LaunchWork& work, const PlannedLaunch& launch, std::int64_t tiles, int k,
               double a_bytes, double b_bytes) {
  const double steps = round_up(k, launch.k);
  work.items = tiles;
  work.tile_flops = 2.0 * static_cast<double>(tiles) * launch.m * launch.n * steps;
  work.cache_bytes = static_cast<double>(tiles) * k * (launch.m * a_bytes + launch.n * b_bytes);
}

// The same where items are parts of the tiles' sums (backends/simt/split_k.hpp): the first of all
// tiles, then the second, …, all of as many whole multiples of `grain` of k but the last, which has
// what is left. Sums of several parts are written and read.
void add_parts(LaunchWork& work, const PlannedLaunch& launch, int m, int n, int k, int grain,
               double a_bytes, double b_bytes) {
  if (launch.m == 0 || launch.n == 0 || launch.k == 0) return;
  const std::int64_t tiles = std::int64_t{ceil_div(m, launch.m)} * ceil_div(n, launch.n);
  add_tiles(work, launch, tiles, k, a_bytes, b_bytes);
  work.items = launch.items;
  if (launch.items <= tiles) return;
  const std::int64_t splits = launch.items / tiles;
  const std::int64_t steps = ceil_div(k, launch.k);
  const std::int64_t grain_steps = std::max(grain / launch.k, 1);
  const std::int64_t each = ceil_div(ceil_div(steps, grain_steps), splits) * grain_steps;
  const std::int64_t last = steps - (splits - 1) * each;
  if (last != each) {
    work.steps.assign(static_cast<std::size_t>(launch.items - tiles), each);
    work.steps.insert(work.steps.end(), static_cast<std::size_t>(tiles), last);
    work.dealt = launch.persistent;
  }
  const double sums = 4.0 * static_cast<double>(launch.items) * launch.m * launch.n;
  work.cache_bytes += 2 * sums;
  work.memory_bytes += 2 * sums;
}

void add_products(LaunchWork&, const PlannedLaunch&, const auto&, bool) {}

void add_products(LaunchWork& work, const PlannedLaunch& launch, const GemmProblem& p,
                  bool /*only*/) {
  add_parts(work, launch, p.m, p.n, p.k, 1, bytes_of(p.dtype),
            bytes_of(p.dtype_b.value_or(p.dtype)));
}

void add_products(LaunchWork& work, const PlannedLaunch& launch, const WeightGemmProblem& p,
                  bool /*only*/) {
  add_parts(work, launch, p.m, p.n, p.k, 1, bytes_of(p.dtype), bytes_of(p.code));
}

void add_products(LaunchWork& work, const PlannedLaunch& launch, const ScaledGemmProblem& p,
                  bool /*only*/) {
  add_parts(work, launch, p.m, p.n, p.k, kPerScale, bytes_of(p.code), bytes_of(p.code));
}

// A launch has blocks for more tiles than there are, because only the device knows the groups'
// lengths; the others end at once.
void add_products(LaunchWork& work, const PlannedLaunch& launch, const GroupedGemmProblem& p,
                  bool only) {
  if (!only || launch.m == 0) return;
  std::int64_t down = 0;
  for (const std::int64_t rows : expert_rows(p)) down += ceil_div(rows, std::int64_t{launch.m});
  add_tiles(work, launch, down * ceil_div(p.n, launch.n), p.k, bytes_of(p.dtype),
            bytes_of(p.dtype));
}

// A tile of m queries takes steps of n keys, of which a causal mask hides some from it. One query:
// the heads that share keys are the rows of a tile.
void add_products(LaunchWork& work, const PlannedLaunch& launch, const AttentionProblem& p,
                  bool /*only*/) {
  if (launch.m == 0 || launch.n == 0) return;
  const bool packed = p.q_len == 1;
  const std::int64_t groups = std::int64_t{p.batch} * (packed ? p.kv_heads : p.q_heads);
  const int rows = packed ? p.q_heads / p.kv_heads : p.q_len;
  const int row_tiles = ceil_div(rows, launch.m);
  const int key_steps = ceil_div(p.kv_len, launch.n);
  const auto splits = static_cast<int>(
      std::max<std::int64_t>(1, launch.items / std::max<std::int64_t>(1, groups * row_tiles)));
  const int steps_of_split = ceil_div(key_steps, splits);
  std::int64_t all_steps = 0;
  const auto steps_at = [&](int tile, int split) {
    const int last_row = std::min((tile + 1) * launch.m, rows) - 1;
    const int keys =
        packed || !p.causal ? p.kv_len : std::clamp(p.kv_len - p.q_len + last_row + 1, 0, p.kv_len);
    const int first = split * steps_of_split;
    return std::max(0, std::min(first + steps_of_split, ceil_div(keys, launch.n)) - first);
  };
  bool alike = true;
  for (int tile = row_tiles - 1; tile >= 0; --tile) {
    for (int split = 0; split < splits; ++split) {
      const int steps = steps_at(tile, split);
      alike = alike && steps == steps_at(row_tiles - 1, 0);
      all_steps += steps * groups;
    }
  }
  if (!alike) {
    for (int tile = row_tiles - 1; tile >= 0; --tile) {
      for (int split = 0; split < splits; ++split) {
        work.steps.insert(work.steps.end(), static_cast<std::size_t>(groups),
                          steps_at(tile, split));
      }
    }
  }
  const double d = p.head_dim;
  work.tile_flops = 4.0 * static_cast<double>(all_steps) * launch.m * launch.n * d;
  work.cache_bytes = bytes_of(p.dtype) * d *
                     (2.0 * static_cast<double>(all_steps) * launch.n +
                      static_cast<double>(launch.items) * launch.m);
}

}  // namespace

std::size_t main_launch(const std::vector<PlannedLaunch>& launches) {
  const auto found =
      std::ranges::find_if(launches, [](const auto& l) { return !l.products.empty(); });
  return found == launches.end() ? launches.size() - 1
                                 : static_cast<std::size_t>(found - launches.begin());
}

std::vector<LaunchWork> work_of(const Problem& problem,
                                const std::vector<PlannedLaunch>& launches) {
  std::vector<LaunchWork> all;
  if (launches.empty()) return all;
  const std::size_t main = main_launch(launches);
  const double written = written_bytes(problem);
  const auto multiplying =
      std::ranges::count_if(launches, [](const auto& l) { return !l.products.empty(); });
  for (std::size_t i = 0; i < launches.size(); ++i) {
    const PlannedLaunch& launch = launches[i];
    LaunchWork work{.items = launch.items};
    const bool last = i + 1 == launches.size();
    if (i == main) work.memory_bytes += bytes(problem) - written;
    if (last) work.memory_bytes += written;
    const auto workspace = static_cast<double>(launch.workspace_bytes);
    if (launches.size() > 1) work.memory_bytes += workspace * (i == 0 || last ? 1 : 2);
    if (!launch.products.empty()) {
      work.flops = flops(problem) / static_cast<double>(multiplying);
      std::visit([&](const auto& p) { add_products(work, launch, p, multiplying == 1); }, problem);
    }
    all.push_back(std::move(work));
  }
  return all;
}

}  // namespace moat::explain
