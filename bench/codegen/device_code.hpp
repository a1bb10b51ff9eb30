// SPDX-License-Identifier: Apache-2.0
// The device code inside an object file of nvcc or of clang's HIP.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace moat::codegen {

enum class CodeKind : std::uint8_t { ptx, cubin, amd };

struct DeviceCode {
  CodeKind kind;
  std::string architecture;  // sm_90a, gfx942
  std::string_view bytes;    // into the object
};

// What is embedded in `object` (the bytes of an object file, which must outlive the result): PTX
// and cubins in nvcc's .nv_fatbin, code objects in clang's .hip_fatbin
// (https://clang.llvm.org/docs/ClangOffloadBundler.html). Empty if there is neither section. Throws
// std::runtime_error if the contents are compressed or not understood.
std::vector<DeviceCode> device_code(std::string_view object);

}  // namespace moat::codegen
