// SPDX-License-Identifier: Apache-2.0
// The devices that a command measures on, and how much it may take of each.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "bench/measure/measure.hpp"
#include "bench/run/options.hpp"
#include "bench/run/run.hpp"

namespace moat {

// "cpu:0"
std::string device_name(const DeviceInfo& info);

// The devices that were asked for, and why the others are not there.
struct Devices {
  std::vector<std::unique_ptr<Device>> all;
  std::vector<AbsentRecord> skipped;
};

// By the names of backends and of devices, "cpu:0"; empty: all. Throws UsageError for a name that
// is not known.
Devices open_devices(const std::vector<std::string>& backends,
                     const std::vector<std::string>& devices, const RunWorld& world);

// Half of what there is, so that neither the host's other work nor the device's runs out; of two
// builds that take turns each has half of that. Where the operands lie in the host's own memory
// their originals, from which they are checked, lie beside them, and the libraries need a fifth.
std::size_t memory_limit(const RunOptions& options, const Device& device);

// What the operands of a group, and what they are checked with, take of the host's memory.
double host_memory(const Problem& problem, std::size_t contenders, const DeviceInfo& info);

// Throws CaseError if the host's memory does not hold that, `beside` other groups that take so many
// bytes: the system ends a process that takes more than it may have.
void check_host_memory(const Problem& problem, std::size_t contenders, const RunOptions& options,
                       const DeviceInfo& info, double beside = 0);

// How long and how often to sample on the device.
MeasureOptions measure_options(const RunOptions& options, const DeviceInfo& device);

}  // namespace moat
