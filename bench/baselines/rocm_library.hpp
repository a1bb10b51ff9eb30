// SPDX-License-Identifier: Apache-2.0
// A library of ROCm, loaded for the HIP runtime that a device runs on.
#pragma once

#include <span>
#include <string>

#include "backends/device.hpp"
#include "bench/baselines/shared_library.hpp"

namespace moat {

// A library's file, and the major version of the HIP runtime that it is built for.
struct RocmFile {
  int runtime;
  std::string name;  // such as libhipblaslt.so.1
};

// Where ROCm's libraries are if the system does not know them.
extern const char* const kRocmFolder;

// Loads the first of `files` for the device's runtime, from where the system looks, else from
// `folder`. Throws std::runtime_error: none of them is for this runtime, none is there, or it uses
// another copy of the runtime than this program, to which a stream of ours means nothing.
SharedLibrary load_rocm_library(const DeviceInfo& device, std::span<const RocmFile> files,
                                const std::string& folder);

// How a library that takes its kernels from files of Tensile finds them.
struct TensileFiles {
  std::string library;   // folder beside the library, such as "rocblas"
  std::string variable;  // of the environment, which names another folder
};

// Throws std::runtime_error if there are none for the device's architecture. Without, rocBLAS ends
// the process and hipBLASLt goes on with a null pointer (ROCm 6.0 to 6.2, tensile_host.cpp of
// both).
void require_tensile_kernels(const DeviceInfo& device, const SharedLibrary& library,
                             const TensileFiles& files);

}  // namespace moat
