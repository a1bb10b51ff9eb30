// SPDX-License-Identifier: Apache-2.0
// A stand-in for libnvidia-ml.so.1 that knows one device, at 0000:3B:00.0.
#include <cstdio>
#include <cstring>

// NOLINTBEGIN(readability-identifier-naming): the names are NVML's.
extern "C" {

int nvmlInit_v2() { return 0; }
int nvmlShutdown() { return 0; }

int nvmlSystemGetDriverVersion(char* version, unsigned length) {
  std::snprintf(version, length, "550.54.15");
  return 0;
}

int nvmlDeviceGetHandleByPciBusId_v2(const char* id, void** device) {
  static int known;
  if (std::strcmp(id, "0000:3B:00.0") != 0) return 6;  // NVML_ERROR_NOT_FOUND
  *device = &known;
  return 0;
}

int nvmlDeviceGetClockInfo(void*, int type, unsigned* mhz) {
  if (type != 1) return 2;  // NVML_ERROR_INVALID_ARGUMENT
  *mhz = 1755;
  return 0;
}

int nvmlDeviceGetEnforcedPowerLimit(void*, unsigned* milliwatts) {
  *milliwatts = 700'000;
  return 0;
}

}  // extern "C"
// NOLINTEND(readability-identifier-naming)
