// SPDX-License-Identifier: Apache-2.0
// A stand-in for libcuda.so.1 on a machine without NVIDIA's driver, for libraries that compile
// kernels for a device that is not there: it takes the compiled code, and has no device.
#include <cstddef>
#include <cstring>

namespace {

constexpr int kSuccess = 0;
constexpr int kInvalidImage = 200;
constexpr int kNoDevice = 100;

// Of a compiled kernel, as of any ELF file.
constexpr unsigned char kMagic[] = {0x7f, 'E', 'L', 'F'};
constexpr std::size_t kMachineAt = 18;
constexpr unsigned char kMachineCuda = 190;

}  // namespace

// NOLINTBEGIN(readability-identifier-naming): the names are the driver's.
extern "C" {

// What a library looks up before it compiles, and none may call without a device.
#define MOAT_NEEDS_DEVICE(name) \
  int name() { return kNoDevice; }
MOAT_NEEDS_DEVICE(cuInit)
MOAT_NEEDS_DEVICE(cuCtxGetCurrent)
MOAT_NEEDS_DEVICE(cuCtxGetDevice)
MOAT_NEEDS_DEVICE(cuCtxGetLimit)
MOAT_NEEDS_DEVICE(cuCtxPopCurrent)
MOAT_NEEDS_DEVICE(cuCtxPushCurrent)
MOAT_NEEDS_DEVICE(cuDeviceGet)
MOAT_NEEDS_DEVICE(cuDeviceGetAttribute)
MOAT_NEEDS_DEVICE(cuDeviceGetCount)
MOAT_NEEDS_DEVICE(cuDriverGetVersion)
MOAT_NEEDS_DEVICE(cuKernelGetAttribute)
MOAT_NEEDS_DEVICE(cuLaunchCooperativeKernel)
MOAT_NEEDS_DEVICE(cuLaunchKernel)
MOAT_NEEDS_DEVICE(cuLaunchKernelEx)
MOAT_NEEDS_DEVICE(cuLibraryLoadFromFile)
MOAT_NEEDS_DEVICE(cuLinkAddData)
MOAT_NEEDS_DEVICE(cuLinkComplete)
MOAT_NEEDS_DEVICE(cuLinkCreate)
MOAT_NEEDS_DEVICE(cuLinkDestroy)
MOAT_NEEDS_DEVICE(cuOccupancyMaxPotentialClusterSize)
MOAT_NEEDS_DEVICE(cuStreamGetCtx)
#undef MOAT_NEEDS_DEVICE

int cuGetErrorName(int, const char** name) {
  *name = "an error of the stand-in for libcuda.so.1";
  return kSuccess;
}

int cuGetErrorString(int error, const char** text) { return cuGetErrorName(error, text); }

int cuLibraryLoadData(void** library, const void* code, ...) {
  const auto* bytes = static_cast<const unsigned char*>(code);
  if (std::memcmp(bytes, kMagic, sizeof kMagic) != 0 || bytes[kMachineAt] != kMachineCuda) {
    return kInvalidImage;
  }
  *library = const_cast<void*>(code);
  return kSuccess;
}

int cuLibraryUnload(void*) { return kSuccess; }

int cuLibraryGetKernel(void** kernel, void* library, const char*) {
  *kernel = library;
  return kSuccess;
}

int cuKernelSetAttribute(int, int, void*, int) { return kSuccess; }

}  // extern "C"
// NOLINTEND(readability-identifier-naming)
