// SPDX-License-Identifier: Apache-2.0
// Names of the HIP runtime, as backends/simt/device.hpp asks for them.
#pragma once

#include <hip/hip_runtime_api.h>

#include "backends/simt/runtime.hpp"

namespace moat::hip {

struct Runtime {
  static constexpr const char* kName = "hip";
  using Error = hipError_t;
  using Attribute = hipDeviceAttribute_t;
  using Properties = hipDeviceProp_t;
  using Stream = hipStream_t;
  using Event = hipEvent_t;
  using Dim = dim3;

  static constexpr Error kSuccess = hipSuccess;
  static constexpr Error kOutOfMemory = hipErrorOutOfMemory;
  static constexpr Attribute kClockRate = hipDeviceAttributeClockRate;
  static constexpr Attribute kEccEnabled = hipDeviceAttributeEccEnabled;
  static constexpr auto kMaxDynamicSharedBytes = hipFuncAttributeMaxDynamicSharedMemorySize;
  static constexpr auto kHostToDevice = hipMemcpyHostToDevice;
  static constexpr auto kDeviceToHost = hipMemcpyDeviceToHost;

  static const char* error_string(Error e) { return hipGetErrorString(e); }
  static const char* error_name(Error e) { return hipGetErrorName(e); }

  static constexpr simt::Call kGetLastError{"hipGetLastError", hipGetLastError};
  static constexpr simt::Call kGetDeviceCount{"hipGetDeviceCount", hipGetDeviceCount};
  static constexpr simt::Call kGetDeviceProperties{"hipGetDeviceProperties",
                                                   hipGetDeviceProperties};
  static constexpr simt::Call kDeviceGetAttribute{"hipDeviceGetAttribute", hipDeviceGetAttribute};
  static constexpr simt::Call kDeviceGetPciBusId{"hipDeviceGetPCIBusId", hipDeviceGetPCIBusId};
  static constexpr simt::Call kRuntimeGetVersion{"hipRuntimeGetVersion", hipRuntimeGetVersion};
  static constexpr simt::Call kSetDevice{"hipSetDevice", hipSetDevice};
  // Overloaded, so the type is spelt out.
  static constexpr simt::Call<Error, void**, std::size_t> kMalloc{"hipMalloc", hipMalloc};
  static constexpr simt::Call kFree{"hipFree", hipFree};
  static constexpr simt::Call kMemcpyAsync{"hipMemcpyAsync", hipMemcpyAsync};
  static constexpr simt::Call kMemsetAsync{"hipMemsetAsync", hipMemsetAsync};
  static constexpr simt::Call kStreamCreate{"hipStreamCreate", hipStreamCreate};
  static constexpr simt::Call kStreamDestroy{"hipStreamDestroy", hipStreamDestroy};
  static constexpr simt::Call kStreamSynchronize{"hipStreamSynchronize", hipStreamSynchronize};
  static constexpr simt::Call kEventCreate{"hipEventCreate", hipEventCreate};
  static constexpr simt::Call kEventDestroy{"hipEventDestroy", hipEventDestroy};
  static constexpr simt::Call kEventRecord{"hipEventRecord", hipEventRecord};
  static constexpr simt::Call kEventSynchronize{"hipEventSynchronize", hipEventSynchronize};
  static constexpr simt::Call kEventElapsedTime{"hipEventElapsedTime", hipEventElapsedTime};
  static constexpr simt::Call kFuncSetAttribute{"hipFuncSetAttribute", hipFuncSetAttribute};
  static constexpr simt::Call kLaunchKernel{"hipLaunchKernel", hipLaunchKernel};
};

}  // namespace moat::hip
