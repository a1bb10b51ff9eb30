// SPDX-License-Identifier: Apache-2.0
#include "backends/cuda/telemetry.hpp"

#include <dlfcn.h>

namespace moat::cuda {

// Signatures from the NVML API reference; every function returns 0 for success.
struct Telemetry::Nvml {
  using Device = struct NvmlDevice*;
  static constexpr int kClockSm = 1;  // NVML_CLOCK_SM

  void* library = nullptr;
  bool started = false;
  Device device = nullptr;
  int (*init)() = nullptr;
  int (*shutdown)() = nullptr;
  int (*driver_version)(char*, unsigned) = nullptr;
  int (*by_pci_bus_id)(const char*, Device*) = nullptr;
  int (*clock_info)(Device, int, unsigned*) = nullptr;
  int (*power_limit)(Device, unsigned*) = nullptr;  // milliwatts

  template <class F>
  bool load(F& function, const char* name) {
    function = reinterpret_cast<F>(dlsym(library, name));
    return function != nullptr;
  }

  explicit Nvml(const char* name) : library(dlopen(name, RTLD_NOW | RTLD_LOCAL)) {
    started = library != nullptr && load(init, "nvmlInit_v2") && load(shutdown, "nvmlShutdown") &&
              load(driver_version, "nvmlSystemGetDriverVersion") &&
              load(by_pci_bus_id, "nvmlDeviceGetHandleByPciBusId_v2") &&
              load(clock_info, "nvmlDeviceGetClockInfo") &&
              load(power_limit, "nvmlDeviceGetEnforcedPowerLimit") && init() == 0;
  }
  ~Nvml() {
    if (started) shutdown();
    if (library != nullptr) dlclose(library);
  }
  Nvml(const Nvml&) = delete;
  Nvml& operator=(const Nvml&) = delete;
};

Telemetry::Telemetry(const std::string& pci_bus_id, DeviceInfo& info, const char* library)
    : nvml_(std::make_unique<Nvml>(library)) {
  if (!nvml_->started) return;
  char version[96] = {};
  if (nvml_->driver_version(version, sizeof version) == 0) info.driver = version;
  if (nvml_->by_pci_bus_id(pci_bus_id.c_str(), &nvml_->device) != 0) {
    nvml_->device = nullptr;
    return;
  }
  unsigned milliwatts = 0;
  if (nvml_->power_limit(nvml_->device, &milliwatts) == 0) {
    info.power_limit_watts = 1e-3 * milliwatts;
  }
}

Telemetry::~Telemetry() = default;

std::optional<int> Telemetry::clock_mhz() const {
  unsigned mhz = 0;
  if (nvml_->device == nullptr || nvml_->clock_info(nvml_->device, Nvml::kClockSm, &mhz) != 0) {
    return std::nullopt;
  }
  return static_cast<int>(mhz);
}

}  // namespace moat::cuda
