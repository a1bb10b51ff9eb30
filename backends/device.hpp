// SPDX-License-Identifier: Apache-2.0
// What the harness sees of a backend: memory, time and problems to run.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "backends/unit.hpp"
#include "problems/problem.hpp"

namespace moat {

// A call of the vendor's runtime that failed: names the call and gives the runtime's own text.
struct DeviceError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// Out of device memory; a case that does not fit is an error of that case alone.
struct OutOfMemory : DeviceError {
  using DeviceError::DeviceError;
};

// What could not be read is empty.
struct DeviceInfo {
  std::string backend;       // as the registry names it
  std::string name;          // as the vendor names it
  std::string architecture;  // as its compiler names it
  int index = 0;             // among the devices of its backend
  int compute_units = 0;     // cores or multiprocessors used
  std::size_t memory_bytes = 0;
  std::size_t cache_bytes = 0;  // last level
  std::optional<std::string> driver;
  std::optional<std::string> runtime;
  std::optional<int> max_clock_mhz;
  std::optional<bool> ecc;
  std::optional<double> power_limit_watts;
  // Whether its processors and its memory are those of the process itself: `run` returns with the
  // result, and loops of the harness reach its memory.
  bool host = false;
  // Whether its matrix instructions take subnormal operands of 16 bits for zero.
  bool flushes_subnormals = false;
  // Bits behind the point in which its matrix instructions add up products of 8-bit floats, as
  // problems/reference/code_sums.hpp says; empty if they do that in f32, or nothing here uses them.
  std::optional<int> code_sum_bits{};
};

// One device. Not thread-safe. Members throw DeviceError.
class Device {
 public:
  virtual ~Device() = default;
  virtual const DeviceInfo& info() const = 0;

  // Memory of the device, aligned to 256 bytes. Throws OutOfMemory.
  virtual void* allocate(std::size_t bytes) = 0;
  virtual void release(void* p) noexcept = 0;
  virtual void upload(void* to, const void* from, std::size_t bytes) = 0;
  virtual void download(void* to, const void* from, std::size_t bytes) = 0;
  virtual void fill(void* p, unsigned char byte, std::size_t bytes) = 0;

  // Enqueues the kernel that solves the problem; its pointers are the device's.
  virtual void run(const Problem& problem) = 0;
  virtual void synchronize() = 0;

  // Names of the schedules that the kernel of the problem can run with, what `run` takes before the
  // others; empty where there is no menu of them. Launches nothing; of the problem's pointers only
  // the alignment counts.
  virtual std::vector<std::string> schedules(const Problem& /*problem*/) { return {}; }

  // The same as `run` with the schedule of that name; where the problem's menu has none of that
  // name, as `run`.
  virtual void run_with(const std::string& /*schedule*/, const Problem& problem) { run(problem); }

  // Arithmetic units that libraries may use, whatever this build's kernels do. A call of a unit's
  // loop returns with the result, in memory of the host. Empty where the kernels reach what the
  // device can do.
  virtual std::vector<Unit> units() { return {}; }

  // The queue of `run`, a stream of the vendor's runtime, with the device current to the calling
  // thread: a vendor's library enqueues its work there. A device whose `run` returns with the
  // result has none.
  virtual void* stream() { return nullptr; }

  // Marks the start and the end of a batch in the queue; elapsed waits for the end and returns the
  // seconds between the two by the device's clock.
  virtual void start_timer() = 0;
  virtual void stop_timer() = 0;
  virtual double elapsed() = 0;

  // Current clock in MHz, where the device tells.
  virtual std::optional<int> clock_mhz() { return std::nullopt; }
};

// Devices of one backend, or why there are none.
struct DeviceList {
  std::vector<std::unique_ptr<Device>> devices;
  std::string skipped;  // reason, if devices is empty
};

// One backend of this build. `list` opens its devices.
struct BackendEntry {
  std::string name;
  DeviceList (*list)();
};

// Backends that this build was configured with, and the reason for each that it was not.
struct AbsentBackend {
  std::string name;
  std::string reason;
};
const std::vector<BackendEntry>& backends();
const std::vector<AbsentBackend>& absent_backends();

}  // namespace moat
