// SPDX-License-Identifier: Apache-2.0
// AMD code objects (LLVM, User Guide for AMDGPU Backend, "Code Object").
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace moat::amdgcn {

// An argument of a kernel, in its kernel argument segment.
struct Argument {
  std::string kind;  // by_value, global_buffer, hidden_block_count_x …
  std::size_t offset = 0;
  std::size_t bytes = 0;
};

// A kernel's metadata and descriptor (the guide's "Kernel Descriptor", 64 bytes at NAME.kd).
struct KernelInfo {
  std::string name;  // mangled
  std::vector<Argument> arguments;
  std::size_t argument_bytes = 0;
  int threads = 0;           // most per block
  int wave_width = 0;        // 32 or 64
  int vector_registers = 0;  // per lane
  std::uint32_t static_lds_bytes = 0;
  std::uint32_t private_bytes = 0;
  std::uint32_t resources1 = 0;  // COMPUTE_PGM_RSRC1
  std::uint32_t resources2 = 0;
  std::uint16_t properties = 0;  // which user SGPRs are set up

  const Argument* find(std::string_view kind) const;
};

struct CodeObject {
  std::string architecture;  // gfx942
  std::string bytes;         // the ELF file
  std::vector<KernelInfo> kernels;

  // Null if there is none.
  const KernelInfo* find(std::string_view kernel) const;
};

// Throws Fault if the file is cut short or not understood.
CodeObject read_code_object(std::string architecture, std::string bytes);

// Offset in the file of the byte at a virtual address of its code.
std::size_t file_offset(const CodeObject& object, std::uint64_t address);

// One code object of a clang offload bundle.
struct Bundled {
  std::string architecture;
  std::string_view bytes;
};

// What lies in the bundle that begins at `data`: its header tells its size (Clang,
// "ClangOffloadBundler", "Bundled Binary File Layout"). Entries of the host are left out.
std::vector<Bundled> read_bundle(const void* data);

}  // namespace moat::amdgcn
