// SPDX-License-Identifier: Apache-2.0
#include "tests/executors/amd/assembled.hpp"

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "tests/executors/amd/decode.hpp"
#include "tests/executors/amd/disassembly.hpp"
#include "tests/executors/amd/fault.hpp"

namespace moat::amdgcn {
namespace {

namespace fs = std::filesystem;

std::string source(const std::string& architecture, const std::string& body,
                   const std::string& hidden) {
  const bool gfx9 = architecture.starts_with("gfx9");
  const std::string width = gfx9 ? "64" : "32";
  return R"(.text
.globl kernel
.p2align 8
.type kernel,@function
kernel:
)" + body +
         R"(
  s_endpgm
.Lend:
.size kernel, .Lend-kernel
.rodata
.p2align 6
.amdhsa_kernel kernel
  .amdhsa_user_sgpr_kernarg_segment_ptr 1
  .amdhsa_next_free_vgpr 64
  .amdhsa_next_free_sgpr 64
  .amdhsa_float_denorm_mode_32 3
  .amdhsa_group_segment_fixed_size 256
)" + (gfx9 ? "  .amdhsa_accum_offset 64\n" : "  .amdhsa_wavefront_size32 1\n") +
         R"(.end_amdhsa_kernel
.amdgpu_metadata
---
amdhsa.version: [1, 2]
amdhsa.kernels:
  - .name: kernel
    .symbol: kernel.kd
    .kernarg_segment_size: 16
    .kernarg_segment_align: 8
    .group_segment_fixed_size: 256
    .private_segment_fixed_size: 0
    .wavefront_size: )" +
         width + R"(
    .sgpr_count: 64
    .vgpr_count: 64
    .max_flat_workgroup_size: 256
    .args:
      - .offset: 0
        .size: 8
        .value_kind: global_buffer
)" +
         (hidden.empty()
              ? ""
              : "      - .offset: 8\n        .size: 4\n        .value_kind: " + hidden + "\n") +
         R"(...
.end_amdgpu_metadata
)";
}

}  // namespace

Assembled::Assembled(const std::string& architecture, const std::string& body,
                     const std::string& hidden)
    : buffer(kWords, 0) {
  std::string folder = fs::temp_directory_path() / "assembled.XXXXXX";
  if (mkdtemp(folder.data()) == nullptr) throw Fault("cannot make " + folder);
  const std::string text = folder + "/kernel.s";
  const std::string assembled = folder + "/kernel.co";
  std::ofstream(text) << source(architecture, body, hidden);
  const std::string command = std::string(MOAT_LLVM_CLANG) +
                              " -g -x assembler --target=amdgcn-amd-amdhsa -mcpu=" + architecture +
                              " " + text + " -o " + assembled;
  const int status = std::system(command.c_str());
  std::stringstream bytes;
  bytes << std::ifstream(assembled).rdbuf();
  std::error_code ignored;
  fs::remove_all(folder, ignored);
  if (status != 0) throw Fault("cannot assemble: " + command);
  object_ = std::make_unique<CodeObject>(read_code_object(architecture, bytes.str()));
  const KernelInfo& kernel = object_->kernels.at(0);
  program_ = std::make_unique<Program>(
      decode(*object_, kernel, disassemble(*object_, kernel.name, MOAT_LLVM_OBJDUMP)));
}

std::uint64_t Assembled::run(std::uint32_t threads, std::uint32_t blocks) {
  GlobalMemory memory;
  memory.add(buffer.data(), buffer.size() * sizeof(std::uint32_t));
  Machine machine(memory);
  const void* const address = buffer.data();
  Launch launch;
  launch.program = program_.get();
  launch.blocks = {blocks, 1, 1};
  launch.threads = {threads, 1, 1};
  launch.arguments = {&address};
  launch.instruction_limit = instruction_limit;
  return machine.run(launch);
}

std::string Assembled::fault(std::uint32_t threads, std::uint32_t blocks) {
  try {
    run(threads, blocks);
    return {};
  } catch (const Fault& e) {
    return e.what();
  }
}

}  // namespace moat::amdgcn
