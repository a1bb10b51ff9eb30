// SPDX-License-Identifier: Apache-2.0
#include "backends/cpu/device.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <omp.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <cstring>

#include "backends/cpu/host_memory.hpp"
#include "backends/cpu/kernel_table.hpp"
#include "backends/cpu/processor.hpp"
#include "backends/cpu/sets.hpp"
#include "backends/cpu/units.hpp"

namespace moat {

namespace cpu {

namespace {

using Clock = std::chrono::steady_clock;

// Calls f(begin, size) for the parts of a range on all threads, so that the first touch of a page
// is by the thread that will compute near it.
template <class F>
void in_parts(std::size_t bytes, int threads, F f) {
  constexpr std::size_t kSmall = std::size_t{1} << 20;
  if (bytes < kSmall) return f(std::size_t{0}, bytes);
#pragma omp parallel num_threads(threads)
  {
    const auto part = static_cast<std::size_t>(omp_get_thread_num());
    const auto parts = static_cast<std::size_t>(omp_get_num_threads());
    const std::size_t size =
        ceil_div(ceil_div(bytes, parts), HostMemory::kAlignment) * HostMemory::kAlignment;
    const std::size_t begin = std::min(bytes, part * size);
    f(begin, std::min(size, bytes - begin));
  }
}

class CpuDevice : public Device {
 public:
  explicit CpuDevice(int threads) : backend_(threads) {
    const auto cpuinfo = read_text("/proc/cpuinfo");
    info_.backend = "cpu";
    info_.name = processor_name(cpuinfo);
    info_.architecture = chosen_set().architecture;
    info_.compute_units = threads;
    info_.memory_bytes = usable_memory_bytes();
    info_.cache_bytes = last_level_cache_bytes();
    info_.max_clock_mhz = max_clock_mhz();
    info_.host = true;
  }

  const DeviceInfo& info() const override { return info_; }

  void* allocate(std::size_t bytes) override {
    if (const auto available = available_memory_bytes(); bytes > available) {
      throw OutOfMemory(fmt::format(
          "{} bytes asked for, but {} are available: choose a smaller case", bytes, available));
    }
    void* p = memory_.allocate(bytes);
    if (p == nullptr) throw OutOfMemory(fmt::format("there is no block of {} bytes", bytes));
    return p;
  }

  void release(void* p) noexcept override { memory_.release(p); }

  void upload(void* to, const void* from, std::size_t bytes) override {
    in_parts(bytes, backend_.threads(), [&](std::size_t begin, std::size_t size) {
      std::memcpy(static_cast<std::byte*>(to) + begin, static_cast<const std::byte*>(from) + begin,
                  size);
    });
  }

  void download(void* to, const void* from, std::size_t bytes) override {
    std::memcpy(to, from, bytes);
  }

  void fill(void* p, unsigned char byte, std::size_t bytes) override {
    in_parts(bytes, backend_.threads(), [&](std::size_t begin, std::size_t size) {
      std::memset(static_cast<std::byte*>(p) + begin, byte, size);
    });
  }

  void run(const Problem& problem) override { kernels_.run(backend_, problem); }

  std::vector<std::string> schedules(const Problem& problem) override {
    std::vector<std::string> names;
    run_chosen({.wanted = {}, .offered = &names}, problem);
    return names;
  }

  void run_with(const std::string& schedule, const Problem& problem) override {
    run_chosen({.wanted = schedule}, problem);
  }

  void synchronize() override {}

  std::vector<Unit> units() override { return cpu::units(backend_.threads()); }

  void start_timer() override { start_ = Clock::now(); }
  void stop_timer() override { stop_ = Clock::now(); }
  double elapsed() override { return std::chrono::duration<double>(stop_ - start_).count(); }

 private:
  void run_chosen(const ScheduleChoice& choice, const Problem& problem) {
    const ChoiceInForce guard(backend_.choice(), choice);
    run(problem);
  }

  const KernelTable& kernels_ = chosen<KernelTable>();
  Backend backend_;
  // Twice as many addresses, because not all ranges between blocks fit another. With several NUMA
  // nodes no page is kept: who touches it first decides its node.
  HostMemory memory_{2 * usable_memory_bytes(), !has_numa_nodes()};
  DeviceInfo info_;
  Clock::time_point start_;
  Clock::time_point stop_;
};

}  // namespace

std::unique_ptr<Device> make_device(int threads) { return std::make_unique<CpuDevice>(threads); }

}  // namespace cpu

DeviceList list_cpu_devices() {
  DeviceList list;
  if (const auto missing = cpu::missing_features(cpu::chosen_set(), cpu::features_here());
      !missing.empty()) {
    list.skipped = fmt::format(
        "this build's kernels use {}, which this processor lacks: configure with -DMOAT_CPU=native "
        "on this machine, or with -DMOAT_CPU=all for any",
        fmt::join(missing, ", "));
    return list;
  }
  if (const auto refusal = cpu::refusal(cpu::chosen_set()); !refusal.empty()) {
    list.skipped = fmt::format("the set {} is chosen: {}", cpu::chosen_set().name, refusal);
    return list;
  }
  list.devices.push_back(cpu::make_device(cpu::default_threads()));
  return list;
}

}  // namespace moat
