// SPDX-License-Identifier: Apache-2.0
#include "bench/explain/model.hpp"

#include <algorithm>
#include <functional>
#include <numeric>
#include <queue>

namespace moat::explain {
namespace {

double quotient(double a, double b) { return b > 0 ? a / b : 0; }

// The term's time where the peak is known.
Term term(double amount, std::optional<double> rate, double efficiency = 1) {
  Term t{.amount = amount, .rate = rate};
  if (rate && *rate > 0 && efficiency > 0) t.seconds = amount / (*rate * efficiency);
  return t;
}

std::int64_t end_of_dealt(const std::vector<std::int64_t>& steps, int units) {
  std::vector<std::int64_t> ends(static_cast<std::size_t>(units));
  for (std::size_t i = 0; i < steps.size(); ++i) ends[i % ends.size()] += steps[i];
  return *std::ranges::max_element(ends);
}

std::int64_t end_of_taken(const std::vector<std::int64_t>& steps, int units) {
  std::priority_queue<std::int64_t, std::vector<std::int64_t>, std::greater<>> free_at;
  for (int i = 0; i < units; ++i) free_at.push(0);
  std::int64_t last = 0;
  for (const std::int64_t length : steps) {
    const std::int64_t end = free_at.top() + length;
    free_at.pop();
    free_at.push(end);
    last = std::max(last, end);
  }
  return last;
}

}  // namespace

double fill_of(const LaunchWork& work, int units) {
  if (work.items <= 0 || units <= 0) return 1;
  if (work.steps.empty()) {
    const std::int64_t rounds = ceil_div(work.items, std::int64_t{units});
    return static_cast<double>(work.items) / static_cast<double>(rounds * units);
  }
  const std::int64_t last =
      work.dealt ? end_of_dealt(work.steps, units) : end_of_taken(work.steps, units);
  const auto all = std::accumulate(work.steps.begin(), work.steps.end(), std::int64_t{0});
  return last > 0 ? static_cast<double>(all) / static_cast<double>(last * units) : 1;
}

int resident_blocks(const KnownDevice& device, const PlannedLaunch& launch) {
  int blocks = std::max(launch.beside, 1);
  const std::size_t shared = launch.shared_bytes + device.reserved_shared_bytes;
  if (shared > 0 && device.unit_shared_bytes > 0) {
    blocks = std::min(blocks, static_cast<int>(device.unit_shared_bytes / shared));
  }
  if (launch.threads > 0 && device.unit_threads > 0) {
    blocks = std::min(blocks, device.unit_threads / static_cast<int>(launch.threads));
  }
  return std::max(blocks, 1);
}

LaunchModel model(const KnownDevice& device, const PlannedLaunch& launch, const LaunchWork& work) {
  LaunchModel m;
  m.launch = launch;
  m.work = work;
  m.resident = resident_blocks(device, launch);
  m.waves = quotient(static_cast<double>(work.items), 1.0 * m.resident * device.compute_units);
  m.fill = fill_of(work, device.compute_units);
  m.useful = work.tile_flops > 0 ? std::min(1.0, work.flops / work.tile_flops) : 1;
  m.products = term(work.flops, launch.product_rate, m.fill * m.useful);
  m.memory = term(work.memory_bytes, device.memory_rate);
  m.cache = term(work.cache_bytes, device.cache_rate);
  m.seconds = kLaunchSeconds;
  const auto take = [&](Limit limit, const Term& t) {
    if (t.amount <= 0) return;
    if (!t.seconds) {
      m.unknown.push_back(limit);
    } else if (*t.seconds > m.seconds) {
      m.seconds = *t.seconds;
      m.bound = limit;
    }
  };
  take(Limit::products, m.products);
  take(Limit::memory, m.memory);
  take(Limit::cache, m.cache);
  // A cache is read as fast as memory at least. The edges of tiles are not known of all kernels.
  const bool cache_fits = m.memory.rate && m.cache.amount <= *m.memory.rate * m.seconds;
  const bool edges = launch.products.empty() || work.tile_flops > 0;
  for (const Limit limit : m.unknown) {
    if (limit != Limit::cache || !cache_fits) m.open.push_back(limit);
  }
  if (!edges && m.products.seconds) m.open.push_back(Limit::products);
  return m;
}

bool bound_is_known(const LaunchModel& launch) {
  return std::ranges::all_of(launch.open, [&](Limit limit) { return limit == launch.bound; });
}

}  // namespace moat::explain
