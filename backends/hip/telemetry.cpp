// SPDX-License-Identifier: Apache-2.0
#include "backends/hip/telemetry.hpp"

#include <sys/utsname.h>

#include <algorithm>
#include <cctype>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <map>

namespace moat::hip {
namespace {

namespace fs = std::filesystem;

std::optional<std::int64_t> read_number(const fs::path& file) {
  std::ifstream in(file);
  std::int64_t value = 0;
  if (in >> value) return value;
  return std::nullopt;
}

// Lines of a name and a number, as the driver of compute devices (kfd) writes them.
std::map<std::string, std::uint64_t> read_properties(const fs::path& file) {
  std::map<std::string, std::uint64_t> properties;
  std::ifstream in(file);
  std::string name;
  std::uint64_t value = 0;
  while (in >> name >> value) properties[name] = value;
  return properties;
}

std::vector<fs::path> entries(const fs::path& folder) {
  std::error_code ignored;
  std::vector<fs::path> found;
  for (const auto& entry : fs::directory_iterator(folder, ignored)) found.push_back(entry.path());
  return found;
}

std::vector<fs::path> nodes(const fs::path& sysfs) {
  return entries(sysfs / "class/kfd/kfd/topology/nodes");
}

// Whether a node is of the device at a PCI location. Partitions of a device count in the highest
// four bits (Linux, drivers/gpu/drm/amd/amdkfd/kfd_topology.c).
bool is_at(std::uint64_t location_id, unsigned location) {
  return (location_id & 0x0fff'ffff) == location;
}

// Bytes of the caches of the highest level of the device at a PCI address; 0 if unknown.
std::size_t last_level_cache(const fs::path& sysfs, unsigned domain, unsigned location) {
  for (const fs::path& node : nodes(sysfs)) {
    auto properties = read_properties(node / "properties");
    // CPUs are nodes without SIMDs.
    if (properties["simd_count"] == 0 || !is_at(properties["location_id"], location) ||
        properties["domain"] != domain) {
      continue;
    }
    std::map<std::uint64_t, std::size_t> kib;  // by level
    for (const fs::path& cache : entries(node / "caches")) {
      auto described = read_properties(cache / "properties");
      kib[described["level"]] += described["size"];
    }
    if (!kib.empty()) return kib.rbegin()->second << 10;
  }
  return 0;
}

std::optional<std::string> driver_version(const fs::path& sysfs) {
  if (std::string version; std::ifstream(sysfs / "module/amdgpu/version") >> version) {
    return version;
  }
  // The kernel's own driver has no other version than the kernel.
  utsname system{};
  if (!fs::exists(sysfs / "module/amdgpu") || uname(&system) != 0) return std::nullopt;
  return "amdgpu of Linux " + std::string(system.release);
}

}  // namespace

std::vector<std::string> driver_architectures(const fs::path& sysfs) {
  std::vector<std::string> names;
  for (const fs::path& node : nodes(sysfs)) {
    // 90402 is gfx942, 90010 is gfx90a: minor and stepping are hexadecimal digits. CPUs have 0.
    const auto version = read_properties(node / "properties")["gfx_target_version"];
    if (version == 0) continue;
    char name[32];
    std::snprintf(name, sizeof name, "gfx%u%x%x", static_cast<unsigned>(version / 10'000),
                  static_cast<unsigned>(version / 100 % 100), static_cast<unsigned>(version % 100));
    names.emplace_back(name);
  }
  std::ranges::sort(names);
  return names;
}

Telemetry::Telemetry(const std::string& pci_bus_id, DeviceInfo& info, const fs::path& sysfs) {
  info.driver = driver_version(sysfs);
  unsigned domain = 0;
  unsigned bus = 0;
  unsigned device = 0;
  unsigned function = 0;
  if (std::sscanf(pci_bus_id.c_str(), "%x:%x:%x.%x", &domain, &bus, &device, &function) == 4) {
    const std::size_t bytes = last_level_cache(sysfs, domain, bus << 8 | device << 3 | function);
    if (bytes != 0) info.cache_bytes = bytes;
  }
  std::string address = pci_bus_id;
  std::ranges::transform(address, address.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  for (const fs::path& monitor : entries(sysfs / "bus/pci/devices" / address / "hwmon")) {
    if (const auto microwatts = read_number(monitor / "power1_cap")) {
      info.power_limit_watts = 1e-6 * static_cast<double>(*microwatts);
    }
    if (fs::exists(monitor / "freq1_input")) clock_ = monitor / "freq1_input";
  }
}

std::optional<int> Telemetry::clock_mhz() const {
  const auto hertz = read_number(clock_);
  if (!hertz) return std::nullopt;
  return static_cast<int>(*hertz / 1'000'000);
}

}  // namespace moat::hip
