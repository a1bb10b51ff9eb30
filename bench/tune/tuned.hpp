// SPDX-License-Identifier: Apache-2.0
// What `moat tune` found out about a device, and `moat run --tuned` uses: schedules that were
// measured to be faster there than those that the tables choose.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "backends/device.hpp"
#include "bench/record/strict_json.hpp"
#include "problems/problem.hpp"

namespace moat {

// A case that was measured with both: the table's time ÷ the schedule's, with its 95 % interval.
struct TunedCase {
  std::string name;  // gemm/bf16/m16n4096k4096bt
  double speed = 1;
  double lower = 1;
  double upper = 1;
};

// The fastest schedule of a class of shapes.
struct TunedClass {
  std::string shape_class;
  std::string schedule;    // as Device::schedules() names it
  std::string instead_of;  // what the table chose for the first of the cases
  double speed = 1;        // geometric mean of the cases'
  std::vector<TunedCase> cases;
};

struct TunedDevice {
  std::string backend;
  std::string name;
  std::string architecture;
  int compute_units = 0;
  std::optional<std::string> driver;
  std::vector<TunedClass> classes;  // where another schedule than the table's is faster
  std::vector<std::string> kept;    // classes where none is
  // Classes that no schedule was measured for in all cases: too few calm samples, or wrong results.
  std::vector<std::string> undecided;
};

struct TunedFile {
  std::string version;  // of the program that measured
  std::string commit;
  std::string record;  // where the samples are
  bool hot = false;    // operands stayed in the cache
  std::vector<TunedDevice> devices;
};

std::string to_text(const TunedFile& file);

// Throws UsageError, which names the option and the file, for what cannot be read or is not what
// `moat tune` writes.
TunedFile read_tuned(const std::filesystem::path& path);

// What was found out about this device, whose backend, name, architecture, units and driver are the
// same; or why nothing was: what differs. Of the two one is empty.
struct TunedFor {
  const TunedDevice* device = nullptr;
  std::string why_not;
};
TunedFor find_device(const TunedFile& file, const DeviceInfo& info);

// The schedule for the problem; null where the table's own is to be kept.
const TunedClass* find_class(const TunedDevice& device, const Problem& problem);

}  // namespace moat
