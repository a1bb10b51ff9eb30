// SPDX-License-Identifier: Apache-2.0
// The state behind the stand-in for the HIP runtime: one device, which executes AMD machine code in
// this process.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "tests/executors/amd/code_object.hpp"
#include "tests/executors/amd/disassembly.hpp"
#include "tests/executors/amd/global_memory.hpp"
#include "tests/executors/amd/machine.hpp"
#include "tests/executors/separate_memory.hpp"

namespace moat::hip_runtime {

// Replaces bytes of a kernel's code, for tests that change it.
struct Patch {
  std::string kernel;
  std::uint64_t address = 0;  // virtual
  std::vector<std::uint32_t> words;
};

// A kernel as it was launched.
struct Executed {
  std::vector<amdgcn::Line> lines;
  amdgcn::Trace trace;
};

class Interpreter {
 public:
  // The only one. It lives until the process ends. Ends the process with a message if a setting of
  // the environment means nothing.
  static Interpreter& instance();

  // MOAT_INTERPRETED_GPU: gfx90a, gfx942 or gfx1100; gfx942 if it is not set.
  const std::string& architecture() const { return architecture_; }

  // MOAT_INTERPRETED_UNITS: what the runtime counts, of RDNA pairs of compute units. Four compute
  // units if it is not set: few, so that small problems fill the device and reach the schedules of
  // large ones.
  int units() const { return units_; }

  // MOAT_INTERPRETED_MEMORY, in MiB; 4 GiB if it is not set.
  std::size_t memory_bytes() const { return memory_bytes_; }

  // A clang offload bundle; a handle of it.
  void** add_bundle(const void* bundle);
  void remove_bundle(void** handle);
  void add_kernel(void** handle, const void* entry, std::string name);

  // Null if there is no room.
  void* allocate(std::size_t bytes);
  // False if it is no allocation.
  bool release(void* p);
  bool contains(const void* p, std::size_t bytes) const;

  // Executes all blocks. Throws amdgcn::Fault.
  void launch(const void* entry, const amdgcn::Size3& blocks, const amdgcn::Size3& threads,
              std::size_t dynamic_lds_bytes, void** arguments);

  // For tests: what decode() did not understand of any kernel that this build has for the
  // architecture, and how many kernels these are.
  struct Decoded {
    int kernels = 0;
    std::vector<std::string> unknown;
  };
  Decoded decode_all();

  // For tests: code objects as from here on; what is launched is noted by kernel.
  void set_patches(std::vector<Patch> patches);
  void set_instruction_limit(std::uint64_t limit) { instruction_limit_ = limit; }
  void note_launches(std::map<std::string, Executed>* executed) { executed_ = executed; }

 private:
  struct Bundle {
    const void* data = nullptr;
    std::unique_ptr<amdgcn::CodeObject> object;  // once it was needed
    std::unordered_map<std::string, std::unique_ptr<amdgcn::Program>> programs;
  };
  struct Allocation {
    std::size_t bytes = 0;
    SeparateMemory storage;
  };
  struct Kernel {
    Bundle* bundle = nullptr;
    std::string name;
  };

  Interpreter();
  const amdgcn::Program& program(const Kernel& kernel);

  std::string architecture_;
  std::string objdump_;
  int units_;
  std::size_t memory_bytes_;
  std::vector<std::unique_ptr<Bundle>> bundles_;
  std::unordered_map<const void*, Kernel> kernels_;
  std::unordered_map<const void*, Allocation> allocations_;
  std::size_t allocated_bytes_ = 0;
  amdgcn::GlobalMemory memory_;
  amdgcn::Machine machine_{memory_};
  std::vector<Patch> patches_;
  std::uint64_t instruction_limit_ = amdgcn::Launch{}.instruction_limit;
  std::map<std::string, Executed>* executed_ = nullptr;
  std::unordered_map<std::string, std::vector<amdgcn::Line>> lines_;
  bool reports_ = false;  // the speed of every launch
};

}  // namespace moat::hip_runtime
