// SPDX-License-Identifier: Apache-2.0
// Functions of the HIP runtime and of clang's launch code, for tests: the one device executes
// machine code in this process, synchronously. Only what the HIP backend asks for.
#pragma GCC visibility push(default)
#include <hip/hip_runtime_api.h>
#pragma GCC visibility pop

#include <chrono>
#include <cstdio>
#include <cstring>
#include <string>
#include <vector>

#include "tests/executors/amd/fault.hpp"
#include "tests/executors/hip_runtime/interpreter.hpp"

namespace {

using moat::hip_runtime::Interpreter;
using Clock = std::chrono::steady_clock;

constexpr std::size_t kMostLds = 64 << 10;  // of a block

hipError_t last_error = hipSuccess;
// Of the last launch that failed; the error's text.
std::string last_fault;

hipError_t note(hipError_t error) {
  if (error != hipSuccess) last_error = error;
  return error;
}

Interpreter& device() { return Interpreter::instance(); }

struct EventState {
  Clock::time_point time;
};

struct CallConfiguration {
  dim3 grid;
  dim3 block;
  std::size_t shared_bytes;
  hipStream_t stream;
};
thread_local std::vector<CallConfiguration> configurations;

moat::amdgcn::Size3 size3(dim3 d) { return {d.x, d.y, d.z}; }

// What the device's side of a copy is of its memory; of hipMemcpyDefault, that it has any.
bool copies(const void* to, const void* from, std::size_t bytes, hipMemcpyKind kind) {
  const bool reads = device().contains(from, bytes);
  const bool writes = device().contains(to, bytes);
  switch (kind) {
    case hipMemcpyHostToDevice:
      return writes;
    case hipMemcpyDeviceToHost:
      return reads;
    case hipMemcpyDeviceToDevice:
      return reads && writes;
    default:
      return reads || writes;
  }
}

}  // namespace

#pragma GCC visibility push(default)
extern "C" {

// clang's launch code (clang/lib/CodeGen/CGCUDANV.cpp).
void** __hipRegisterFatBinary(const void* wrapper);
void __hipUnregisterFatBinary(void** handle);
void __hipRegisterFunction(void** handle, const void* entry, char* name, const char* device_name,
                           unsigned thread_limit, void* thread, void* block, dim3* block_size,
                           dim3* grid_size, int* width);
hipError_t __hipPushCallConfiguration(dim3 grid, dim3 block, std::size_t shared_bytes,
                                      hipStream_t stream);
hipError_t __hipPopCallConfiguration(dim3* grid, dim3* block, std::size_t* shared_bytes,
                                     hipStream_t* stream);

void** __hipRegisterFatBinary(const void* wrapper) {
  struct Wrapper {
    unsigned magic;
    unsigned version;
    const void* binary;
    void* unused;
  };
  constexpr unsigned kMagic = 0x48495046;  // "HIPF"
  const auto* const w = static_cast<const Wrapper*>(wrapper);
  if (w->magic != kMagic) {
    std::fprintf(stderr, "a fat binary of an unknown form\n");
    return nullptr;
  }
  return device().add_bundle(w->binary);
}

void __hipUnregisterFatBinary(void** handle) { device().remove_bundle(handle); }

void __hipRegisterFunction(void** handle, const void* entry, char*, const char* device_name,
                           unsigned, void*, void*, dim3*, dim3*, int*) {
  device().add_kernel(handle, entry, device_name);
}

hipError_t __hipPushCallConfiguration(dim3 grid, dim3 block, std::size_t shared_bytes,
                                      hipStream_t stream) {
  configurations.push_back({grid, block, shared_bytes, stream});
  return hipSuccess;
}

hipError_t __hipPopCallConfiguration(dim3* grid, dim3* block, std::size_t* shared_bytes,
                                     hipStream_t* stream) {
  if (configurations.empty()) return note(hipErrorInvalidConfiguration);
  const CallConfiguration& c = configurations.back();
  *grid = c.grid;
  *block = c.block;
  *shared_bytes = c.shared_bytes;
  *stream = c.stream;
  configurations.pop_back();
  return hipSuccess;
}

hipError_t hipGetLastError() {
  const hipError_t error = last_error;
  last_error = hipSuccess;
  return error;
}

const char* hipGetErrorString(hipError_t error) {
  // Errors that nothing here returns.
  constexpr const char* foreign =
      "not an error of the stand-in for the HIP runtime: a function that it does not have went to "
      "the runtime itself, which found no device";
  switch (error) {
    case hipSuccess:
      return "no error";
    case hipErrorOutOfMemory:
      return "out of memory";
    case hipErrorInvalidValue:
      return "invalid argument";
    case hipErrorLaunchFailure:
      return last_fault.c_str();
    case hipErrorInvalidDevice:
      return "there is no device but 0";
    case hipErrorInvalidConfiguration:
      return "no launch was configured";
    default:
      return foreign;
  }
}

const char* hipGetErrorName(hipError_t error) {
  switch (error) {
    case hipSuccess:
      return "hipSuccess";
    case hipErrorOutOfMemory:
      return "hipErrorOutOfMemory";
    case hipErrorInvalidValue:
      return "hipErrorInvalidValue";
    case hipErrorLaunchFailure:
      return "hipErrorLaunchFailure";
    case hipErrorInvalidDevice:
      return "hipErrorInvalidDevice";
    case hipErrorInvalidConfiguration:
      return "hipErrorInvalidConfiguration";
    default:
      return "an error of the HIP runtime itself";
  }
}

hipError_t hipGetDeviceCount(int* count) {
  *count = 1;
  return hipSuccess;
}

hipError_t hipSetDevice(int index) { return index == 0 ? hipSuccess : note(hipErrorInvalidDevice); }

hipError_t hipGetDeviceProperties(hipDeviceProp_t* p, int index) {
  if (index != 0) return note(hipErrorInvalidDevice);
  const std::string& architecture = device().architecture();
  const bool gfx9 = architecture.starts_with("gfx9");
  *p = {};
  std::snprintf(p->name, sizeof p->name, "interpreted %s (not a GPU)", architecture.c_str());
  std::snprintf(p->gcnArchName, sizeof p->gcnArchName, "%s%s", architecture.c_str(),
                gfx9 ? ":sramecc+:xnack-" : "");
  p->totalGlobalMem = device().memory_bytes();
  p->sharedMemPerBlock = kMostLds;
  p->warpSize = gfx9 ? 64 : 32;
  p->maxThreadsPerBlock = 1024;
  p->multiProcessorCount = device().units();
  p->l2CacheSize = 4 << 20;
  return hipSuccess;
}

hipError_t hipDeviceGetAttribute(int*, hipDeviceAttribute_t, int) {
  return note(hipErrorInvalidValue);
}

hipError_t hipDeviceGetPCIBusId(char* id, int length, int) {
  // No device has this address.
  std::snprintf(id, static_cast<std::size_t>(length), "ffff:ff:1f.7");
  return hipSuccess;
}

hipError_t hipRuntimeGetVersion(int* version) {
  *version = HIP_VERSION;
  return hipSuccess;
}

hipError_t hipMalloc(void** p, std::size_t bytes) {
  *p = nullptr;
  if (bytes == 0) return hipSuccess;
  *p = device().allocate(bytes);
  return *p != nullptr ? hipSuccess : note(hipErrorOutOfMemory);
}

hipError_t hipFree(void* p) {
  return p == nullptr || device().release(p) ? hipSuccess : note(hipErrorInvalidValue);
}

hipError_t hipMemcpyAsync(void* to, const void* from, std::size_t bytes, hipMemcpyKind kind,
                          hipStream_t) {
  if (bytes == 0) return hipSuccess;
  if (!copies(to, from, bytes, kind)) return note(hipErrorInvalidValue);
  std::memmove(to, from, bytes);
  return hipSuccess;
}

hipError_t hipMemcpy(void* to, const void* from, std::size_t bytes, hipMemcpyKind kind) {
  const hipError_t before = hipDeviceSynchronize();
  return before != hipSuccess ? before : hipMemcpyAsync(to, from, bytes, kind, nullptr);
}

hipError_t hipMemsetAsync(void* p, int byte, std::size_t bytes, hipStream_t) {
  if (bytes == 0) return hipSuccess;
  if (!device().contains(p, bytes)) return note(hipErrorInvalidValue);
  std::memset(p, byte, bytes);
  return hipSuccess;
}

hipError_t hipMemset(void* p, int byte, std::size_t bytes) {
  return hipMemsetAsync(p, byte, bytes, nullptr);
}

hipError_t hipStreamCreate(hipStream_t* stream) {
  *stream = reinterpret_cast<hipStream_t>(new char);
  return hipSuccess;
}

hipError_t hipStreamDestroy(hipStream_t stream) {
  delete reinterpret_cast<char*>(stream);
  return hipSuccess;
}

// A launch's fault shows here, as on a device.
hipError_t hipStreamSynchronize(hipStream_t) { return last_error; }
hipError_t hipDeviceSynchronize() { return last_error; }

hipError_t hipEventCreate(hipEvent_t* event) {
  *event = reinterpret_cast<hipEvent_t>(new EventState);
  return hipSuccess;
}

hipError_t hipEventDestroy(hipEvent_t event) {
  delete reinterpret_cast<EventState*>(event);
  return hipSuccess;
}

hipError_t hipEventRecord(hipEvent_t event, hipStream_t) {
  reinterpret_cast<EventState*>(event)->time = Clock::now();
  return hipSuccess;
}

hipError_t hipEventSynchronize(hipEvent_t) { return last_error; }

hipError_t hipEventElapsedTime(float* milliseconds, hipEvent_t start, hipEvent_t stop) {
  const std::chrono::duration<float, std::milli> time =
      reinterpret_cast<EventState*>(stop)->time - reinterpret_cast<EventState*>(start)->time;
  *milliseconds = time.count();
  return hipSuccess;
}

hipError_t hipFuncSetAttribute(const void*, hipFuncAttribute attribute, int value) {
  const bool known = attribute == hipFuncAttributeMaxDynamicSharedMemorySize;
  const bool fits = value >= 0 && static_cast<std::size_t>(value) <= kMostLds;
  return known && fits ? hipSuccess : note(hipErrorInvalidValue);
}

hipError_t hipLaunchKernel(const void* entry, dim3 grid, dim3 block, void** arguments,
                           std::size_t shared_bytes, hipStream_t) {
  if (shared_bytes > kMostLds) return note(hipErrorInvalidValue);
  try {
    device().launch(entry, size3(grid), size3(block), shared_bytes, arguments);
    return hipSuccess;
  } catch (const std::exception& e) {
    last_fault = e.what();
    std::fprintf(stderr, "%s\n", e.what());
    return note(hipErrorLaunchFailure);
  }
}

}  // extern "C"
#pragma GCC visibility pop
