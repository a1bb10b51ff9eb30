// SPDX-License-Identifier: Apache-2.0
// moat::Device on a vendor's runtime. The runtimes of NVIDIA and AMD differ in names and in what
// they tell about a device, so the class is written once over a Platform:
//   Platform::Runtime     the vendor's names: types, constants, and functions as simt::Call
//   Platform::program(architecture)      the simt::Program with this build's kernels for it
//   Platform::Telemetry   Telemetry(pci_bus_id, DeviceInfo&) adds what the runtime does not tell;
//                         clock_mhz() reads the current clock
//   Platform::architecture(properties)   such as sm_90a
//   Platform::facts(properties)          the DeviceFacts
//   Platform::flushes_subnormals(architecture)   as DeviceInfo has it
//   Platform::code_sum_bits(architecture)        as DeviceInfo has it
//   Platform::unsupported(properties)    why this build has no code for it, or nothing
//   Platform::absent(error)              why no device is visible
//   Platform::version(int)               of the runtime, as text
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

#include "backends/device.hpp"
#include "backends/simt/backend.hpp"
#include "backends/simt/runtime.hpp"
#include "backends/vocabulary/launchers.hpp"

namespace moat::simt {

// Solves a problem with the kernels of one architecture.
using Program = void (*)(Queue&, const Problem&);

template <class BackendOf>
void run_program(Queue& queue, const Problem& problem) {
  BackendOf backend(queue);
  std::visit([&](const auto& p) { launch(backend, p); }, problem);
}

// An architecture family of a backend: its name in the build, and its kernels.
struct Family {
  std::string_view name;
  Program program;
};

// The program of a family that the build has.
template <std::size_t kCount>
Program find_program(const Family (&families)[kCount], std::string_view name) {
  for (const Family& family : families) {
    if (family.name == name) return family.program;
  }
  throw DeviceError("this build has no kernels of the family " + std::string(name));
}

// A schedule that the device has no room for is refused in words, with `where`; the runtimes speak
// of an invalid argument. Throws DeviceError.
inline void require_room(const Grid& grid, const DeviceFacts& facts, const std::string& where) {
  if (grid.shared_bytes <= facts.shared_bytes) return;
  throw DeviceError("a block needs " + std::to_string(grid.shared_bytes) +
                    " bytes of shared memory and may have " + std::to_string(facts.shared_bytes) +
                    where);
}

// A launch that comes before any menu is of a kernel without one: a name that no schedule has keeps
// those of what it launches besides out of the list.
inline void end_listing(const ScheduleChoice& choice) {
  if (choice.offered->empty()) choice.offered->emplace_back();
}
inline std::vector<std::string> listed(std::vector<std::string> names) {
  if (!names.empty() && names.front().empty()) names.clear();
  return names;
}

template <class Platform>
class GpuDevice final : public Device, private Queue {
  using R = typename Platform::Runtime;

 public:
  // Opens the device; throws DeviceError.
  GpuDevice(int index, const typename R::Properties& properties) {
    info_.backend = R::kName;
    info_.name = properties.name;
    info_.architecture = Platform::architecture(properties);
    program_ = Platform::program(info_.architecture);
    info_.flushes_subnormals = Platform::flushes_subnormals(info_.architecture);
    info_.code_sum_bits = Platform::code_sum_bits(info_.architecture);
    info_.index = index;
    where_ = " on " + info_.backend + " device " + std::to_string(index) + " (" + info_.name + ")";
    facts_ = Platform::facts(properties);
    info_.compute_units = facts_.compute_units;
    info_.memory_bytes = properties.totalGlobalMem;
    info_.cache_bytes = static_cast<std::size_t>(properties.l2CacheSize);
    if (const auto khz = attribute<R>(R::kClockRate, index)) info_.max_clock_mhz = *khz / 1000;
    if (const auto ecc = attribute<R>(R::kEccEnabled, index)) info_.ecc = *ecc != 0;
    int version = 0;
    call(R::kRuntimeGetVersion, &version);
    info_.runtime = Platform::version(version);
    char pci_bus_id[32] = {};
    call(R::kDeviceGetPciBusId, pci_bus_id, int{sizeof pci_bus_id}, index);
    telemetry_ = std::make_unique<typename Platform::Telemetry>(pci_bus_id, info_);

    typename R::Stream stream = nullptr;
    call(R::kStreamCreate, &stream);
    stream_.reset(stream);
    for (auto* event : {&start_, &stop_}) {
      typename R::Event created = nullptr;
      call(R::kEventCreate, &created);
      event->reset(created);
    }
    arrivals_.reset(allocate(sizeof(unsigned)));
    fill(arrivals_.get(), 0, sizeof(unsigned));
    synchronize();
  }

  const DeviceInfo& info() const override { return info_; }

  void* allocate(std::size_t bytes) override {
    void* p = nullptr;
    select();
    check<R>(R::kMalloc, " of " + std::to_string(bytes) + " bytes" + where_, &p, bytes);
    return p;
  }

  void release(void* p) noexcept override { Free{}(p); }

  void upload(void* to, const void* from, std::size_t bytes) override {
    call(R::kMemcpyAsync, to, from, bytes, R::kHostToDevice, stream_.get());
    synchronize();
  }

  void download(void* to, const void* from, std::size_t bytes) override {
    call(R::kMemcpyAsync, to, from, bytes, R::kDeviceToHost, stream_.get());
    synchronize();
  }

  void fill(void* p, unsigned char byte, std::size_t bytes) override {
    call(R::kMemsetAsync, p, byte, bytes, stream_.get());
  }

  void run(const Problem& problem) override { program_(*this, problem); }

  std::vector<std::string> schedules(const Problem& problem) override {
    std::vector<std::string> names;
    run_chosen({.wanted = {}, .offered = &names}, problem);
    return listed(std::move(names));
  }

  void run_with(const std::string& schedule, const Problem& problem) override {
    run_chosen({.wanted = schedule}, problem);
  }

  void synchronize() override { call(R::kStreamSynchronize, stream_.get()); }

  void* stream() override {
    select();
    return stream_.get();
  }

  void start_timer() override { call(R::kEventRecord, start_.get(), stream_.get()); }
  void stop_timer() override { call(R::kEventRecord, stop_.get(), stream_.get()); }

  double elapsed() override {
    call(R::kEventSynchronize, stop_.get());
    float milliseconds = 0;
    call(R::kEventElapsedTime, &milliseconds, start_.get(), stop_.get());
    return 1e-3 * static_cast<double>(milliseconds);
  }

  std::optional<int> clock_mhz() override { return telemetry_->clock_mhz(); }

 private:
  void select() const { check<R>(R::kSetDevice, where_, info_.index); }

  template <class... Params, class... Args>
  void call(const Call<typename R::Error, Params...>& function, Args... args) const {
    select();
    check<R>(function, where_, args...);
  }

  void run_chosen(const ScheduleChoice& choice, const Problem& problem) {
    const ChoiceInForce guard(choice_, choice);
    run(problem);
  }

  const ScheduleChoice* choice() const override { return choice_; }

  void enqueue(const Grid& grid, void** args) override {
    if (is_listing(choice_)) return end_listing(*choice_);
    allow_shared(grid);
    call(R::kLaunchKernel, grid.entry, typename R::Dim(grid.blocks), typename R::Dim(grid.threads),
         args, grid.shared_bytes, stream_.get());
  }

  // More than 48 KiB of dynamic shared memory must be asked for, once per entry.
  void allow_shared(const Grid& grid) {
    constexpr std::size_t kGranted = 48 << 10;
    std::size_t& allowed = shared_bytes_.try_emplace(grid.entry, kGranted).first->second;
    if (grid.shared_bytes <= allowed) return;
    require_room(grid, facts_, where_);
    call(R::kFuncSetAttribute, grid.entry, R::kMaxDynamicSharedBytes,
         static_cast<int>(grid.shared_bytes));
    allowed = grid.shared_bytes;
  }

  void* workspace(std::size_t bytes) override {
    if (is_listing(choice_)) return nullptr;
    if (bytes > workspace_bytes_) {
      // Earlier launches may still use the old one.
      synchronize();
      workspace_.reset();
      workspace_bytes_ = 0;
      workspace_.reset(allocate(bytes));
      workspace_bytes_ = bytes;
    }
    return workspace_.get();
  }

  unsigned* arrivals() override { return static_cast<unsigned*>(arrivals_.get()); }

  float* shared_sums(std::size_t counters, std::size_t floats) override {
    if (is_listing(choice_)) return nullptr;
    if (counters > sums_.counters || floats > sums_.floats) {
      // Earlier launches may still use the old ones.
      synchronize();
      SharedSums larger{
          .counters = std::max(sums_.counters, ceil_div(counters, std::size_t{64}) * 64),
          .floats = std::max(sums_.floats, floats)};
      sums_ = {};
      const std::size_t before = larger.counters * sizeof(unsigned);
      larger.memory.reset(allocate(before + larger.floats * sizeof(float)));
      fill(larger.memory.get(), 0, before);
      sums_ = std::move(larger);
    }
    return reinterpret_cast<float*>(static_cast<unsigned*>(sums_.memory.get()) + sums_.counters);
  }

  const DeviceFacts& facts() const override { return facts_; }

  struct Free {
    void operator()(void* p) const noexcept { static_cast<void>(R::kFree.function(p)); }
  };
  struct DestroyStream {
    void operator()(typename R::Stream s) const noexcept {
      static_cast<void>(R::kStreamDestroy.function(s));
    }
  };
  struct DestroyEvent {
    void operator()(typename R::Event e) const noexcept {
      static_cast<void>(R::kEventDestroy.function(e));
    }
  };
  struct SharedSums {
    std::unique_ptr<void, Free> memory{};
    std::size_t counters = 0;
    std::size_t floats = 0;
  };
  using Event = std::unique_ptr<std::remove_pointer_t<typename R::Event>, DestroyEvent>;

  DeviceInfo info_;
  DeviceFacts facts_;
  const ScheduleChoice* choice_ = nullptr;
  Program program_;
  std::string where_;
  std::unique_ptr<typename Platform::Telemetry> telemetry_;
  std::unique_ptr<std::remove_pointer_t<typename R::Stream>, DestroyStream> stream_;
  Event start_;
  Event stop_;
  std::unique_ptr<void, Free> arrivals_;
  std::unique_ptr<void, Free> workspace_;
  SharedSums sums_;
  std::size_t workspace_bytes_ = 0;
  std::unordered_map<const void*, std::size_t> shared_bytes_;  // granted per entry
};

// All devices that this build has code for; the others' reasons are in `skipped`.
template <class Platform>
DeviceList list_devices() {
  using R = typename Platform::Runtime;
  DeviceList list;
  int count = 0;
  const auto error = R::kGetDeviceCount.function(&count);
  if (error != R::kSuccess || count == 0) {
    static_cast<void>(R::kGetLastError.function());
    list.skipped = Platform::absent(error);
    return list;
  }
  const auto skip = [&](int index, const std::string& reason) {
    list.skipped += (list.skipped.empty() ? "" : "; ") + std::string(R::kName) + " device " +
                    std::to_string(index) + ": " + reason;
  };
  for (int i = 0; i < count; ++i) {
    try {
      typename R::Properties properties{};
      check<R>(R::kGetDeviceProperties, " on device " + std::to_string(i), &properties, i);
      if (const std::string reason = Platform::unsupported(properties); !reason.empty()) {
        skip(i, std::string(properties.name) + ": " + reason);
      } else {
        list.devices.push_back(std::make_unique<GpuDevice<Platform>>(i, properties));
      }
    } catch (const DeviceError& e) {
      skip(i, e.what());
    }
  }
  return list;
}

}  // namespace moat::simt
