// SPDX-License-Identifier: Apache-2.0
// Names of the CUDA runtime, as backends/simt/device.hpp asks for them.
#pragma once

#include <cuda_runtime_api.h>

#include "backends/simt/runtime.hpp"

namespace moat::cuda {

struct Runtime {
  static constexpr const char* kName = "cuda";
  using Error = cudaError_t;
  using Attribute = cudaDeviceAttr;
  using Properties = cudaDeviceProp;
  using Stream = cudaStream_t;
  using Event = cudaEvent_t;
  using Dim = dim3;

  static constexpr Error kSuccess = cudaSuccess;
  static constexpr Error kOutOfMemory = cudaErrorMemoryAllocation;
  static constexpr Attribute kClockRate = cudaDevAttrClockRate;
  static constexpr Attribute kEccEnabled = cudaDevAttrEccEnabled;
  static constexpr auto kMaxDynamicSharedBytes = cudaFuncAttributeMaxDynamicSharedMemorySize;
  static constexpr auto kHostToDevice = cudaMemcpyHostToDevice;
  static constexpr auto kDeviceToHost = cudaMemcpyDeviceToHost;

  static const char* error_string(Error e) { return cudaGetErrorString(e); }
  static const char* error_name(Error e) { return cudaGetErrorName(e); }

  static constexpr simt::Call kGetLastError{"cudaGetLastError", cudaGetLastError};
  static constexpr simt::Call kGetDeviceCount{"cudaGetDeviceCount", cudaGetDeviceCount};
  static constexpr simt::Call kGetDeviceProperties{"cudaGetDeviceProperties",
                                                   cudaGetDeviceProperties};
  static constexpr simt::Call kDeviceGetAttribute{"cudaDeviceGetAttribute", cudaDeviceGetAttribute};
  static constexpr simt::Call kDeviceGetPciBusId{"cudaDeviceGetPCIBusId", cudaDeviceGetPCIBusId};
  static constexpr simt::Call kRuntimeGetVersion{"cudaRuntimeGetVersion", cudaRuntimeGetVersion};
  static constexpr simt::Call kSetDevice{"cudaSetDevice", cudaSetDevice};
  static constexpr simt::Call kMalloc{"cudaMalloc", cudaMalloc};
  static constexpr simt::Call kFree{"cudaFree", cudaFree};
  static constexpr simt::Call kMemcpyAsync{"cudaMemcpyAsync", cudaMemcpyAsync};
  static constexpr simt::Call kMemsetAsync{"cudaMemsetAsync", cudaMemsetAsync};
  static constexpr simt::Call kStreamCreate{"cudaStreamCreate", cudaStreamCreate};
  static constexpr simt::Call kStreamDestroy{"cudaStreamDestroy", cudaStreamDestroy};
  static constexpr simt::Call kStreamSynchronize{"cudaStreamSynchronize", cudaStreamSynchronize};
  static constexpr simt::Call kEventCreate{"cudaEventCreate", cudaEventCreate};
  static constexpr simt::Call kEventDestroy{"cudaEventDestroy", cudaEventDestroy};
  static constexpr simt::Call kEventRecord{"cudaEventRecord", cudaEventRecord};
  static constexpr simt::Call kEventSynchronize{"cudaEventSynchronize", cudaEventSynchronize};
  static constexpr simt::Call kEventElapsedTime{"cudaEventElapsedTime", cudaEventElapsedTime};
  static constexpr simt::Call kFuncSetAttribute{"cudaFuncSetAttribute", cudaFuncSetAttribute};
  static constexpr simt::Call kLaunchKernel{"cudaLaunchKernel", cudaLaunchKernel};
};

}  // namespace moat::cuda
