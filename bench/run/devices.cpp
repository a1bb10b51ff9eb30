// SPDX-License-Identifier: Apache-2.0
#include "bench/run/devices.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "backends/cpu/processor.hpp"
#include "bench/cases/case.hpp"
#include "bench/run/group.hpp"
#include "bench/run/interrupt.hpp"
#include "bench/run/usage_error.hpp"
#include "bench/text/suggest.hpp"
#include "bench/verify/operands.hpp"

namespace moat {

std::string device_name(const DeviceInfo& info) {
  return fmt::format("{}:{}", info.backend, info.index);
}

Devices open_devices(const std::vector<std::string>& backends,
                     const std::vector<std::string>& devices, const RunWorld& world) {
  std::vector<std::string> known;
  known.reserve(world.backends.size() + world.absent.size());
  for (const auto& b : world.backends) known.push_back(b.name);
  for (const auto& b : world.absent) known.push_back(b.name);
  const auto require_backend = [&](const char* option, const std::string& name) {
    if (std::ranges::find(known, name) == known.end()) {
      throw UsageError(
          fmt::format("{}: backend {} is not known{}", option, name, suggestion(name, known)));
    }
  };
  for (const auto& name : backends) require_backend("--backend", name);
  for (const auto& name : devices) {
    const auto colon = name.find(':');
    if (colon == std::string::npos) {
      throw UsageError(fmt::format("--device: {} has no index; write it as cpu:0", name));
    }
    require_backend("--device", name.substr(0, colon));
  }
  const auto wanted = [&](const std::string& backend) {
    return (backends.empty() || std::ranges::find(backends, backend) != backends.end()) &&
           (devices.empty() || std::ranges::any_of(devices, [&](const std::string& d) {
              return d.starts_with(backend + ":");
            }));
  };

  Devices opened;
  std::vector<std::string> present;
  for (const auto& backend : world.backends) {
    if (!wanted(backend.name)) continue;
    DeviceList list = backend.list();
    if (list.devices.empty()) opened.skipped.push_back({backend.name, list.skipped});
    for (auto& device : list.devices) {
      const std::string name = device_name(device->info());
      present.push_back(name);
      if (devices.empty() || std::ranges::find(devices, name) != devices.end()) {
        opened.all.push_back(std::move(device));
      }
    }
  }
  for (const auto& backend : world.absent) {
    if (wanted(backend.name)) opened.skipped.push_back({backend.name, backend.reason});
  }
  for (const auto& name : devices) {
    const std::string backend = name.substr(0, name.find(':'));
    const bool skipped = std::ranges::any_of(
        opened.skipped, [&](const AbsentRecord& a) { return a.name == backend; });
    if (!skipped && std::ranges::find(present, name) == present.end()) {
      throw UsageError(fmt::format("--device: there is no {}{}", name, suggestion(name, present)));
    }
  }
  return opened;
}

std::size_t memory_limit(const RunOptions& options, const Device& device) {
  std::size_t bytes = device.info().memory_bytes / 2;
  if (device.info().host) {
    // Originals of two series of values, and a third while they are mixed, lie beside the sets.
    bytes = std::min(bytes, cpu::available_memory_bytes() / 3);
  }
  return options.turns ? bytes / 2 : bytes;
}

double host_memory(const Problem& problem, std::size_t contenders, const DeviceInfo& info) {
  double bytes = host_bytes(problem, contenders);
  if (info.host) {
    bytes += static_cast<double>(Operands::bytes(problem, static_cast<int>(contenders)));
  }
  return bytes;
}

void check_host_memory(const Problem& problem, std::size_t contenders, const RunOptions& options,
                       const DeviceInfo& info, double beside) {
  // The program itself and the libraries grow while they run.
  constexpr std::size_t kLeast = std::size_t{16} << 20;
  std::size_t available = cpu::available_memory_bytes();
  available -= std::min(available, std::max(available / 16, kLeast));
  if (options.turns) available /= 2;
  available -= static_cast<std::size_t>(std::min(static_cast<double>(available), beside));
  check_memory(problem, host_memory(problem, contenders, info), available,
               "the host, for operands, originals and references,");
}

MeasureOptions measure_options(const RunOptions& options, const DeviceInfo& device) {
  MeasureOptions m = default_options(device);
  if (options.budget_seconds) m.sampler.budget_seconds = *options.budget_seconds;
  // The clock runs on while the other build has its turn.
  if (options.turns) m.sampler.budget_seconds *= 2;
  // A turn begins with threads that slept; long samples make that small.
  if (options.turns) m.min_sample_seconds = std::max(m.min_sample_seconds, 1e-3);
  if (options.samples) {
    m.sampler.max_samples = *options.samples;
    m.sampler.min_samples = std::min(m.sampler.min_samples, *options.samples);
  }
  m.sampler.least_samples = std::min(options.min_samples, m.sampler.max_samples);
  m.hot = options.hot;
  m.stop = &interrupted();
  return m;
}

}  // namespace moat
