// SPDX-License-Identifier: Apache-2.0
// What the compilers made of each kernel, as one document.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "bench/codegen/entry_name.hpp"
#include "bench/codegen/instructions.hpp"
#include "bench/codegen/occupancy.hpp"
#include "bench/codegen/sass.hpp"
#include "bench/port/preprocess.hpp"
#include "bench/record/strict_json.hpp"

namespace moat::codegen {

// One kernel × element type × schedule, compiled for one architecture. What a compiler does not
// report is not set.
struct EntryReport {
  std::string entry;  // mangled name
  EntryName name;
  std::string source;        // name of the file in kernels/ that instantiates it: gemm, rows …
  std::string backend;       // cuda, hip
  std::string family;        // sm_80, cdna …
  std::string architecture;  // sm_80, gfx942 …

  int registers = 0;                          // per lane
  std::optional<int> accumulation_registers;  // of them (AMD)
  std::optional<int> scalar_registers;        // per wave (AMD)
  std::optional<int> spill_store_bytes;       // per lane (NVIDIA)
  std::optional<int> spill_load_bytes;
  std::optional<int> vector_spills;  // registers (AMD)
  std::optional<int> scalar_spills;
  int stack_bytes = 0;  // per lane
  bool dynamic_stack = false;
  int static_shared_bytes = 0;    // per block
  int threads = 0;                // per block
  std::optional<int> min_blocks;  // per unit, that the launch bounds ask for (NVIDIA)
  Instructions instructions;
  std::optional<Exponentials> exponentials;  // of machine code that was disassembled (NVIDIA)
  int code_bytes = 0;
  std::optional<Occupancy> occupancy;

  // gemm/bf16/row_major/128x64x32-2-2-2/sm_80
  std::string text() const { return name.text() + "/" + architecture; }
  int shared_bytes() const {
    return static_shared_bytes + static_cast<int>(name.dynamic_shared_bytes);
  }
};

struct Report {
  std::vector<EntryReport> entries;  // by architecture and name
  // By kernel and family, gemm/cdna.
  std::map<std::string, std::vector<std::string>> messages;  // ptxas's
  std::map<std::string, std::string> errors;                 // why its code could not be read
  std::map<std::string, std::string> absent;                 // backend → why it has no entries
  // backend → why its machine code was not disassembled, and what to install
  std::map<std::string, std::string> not_disassembled;
};

// The nvdisasm that the build was configured with or else that of PATH; empty if there is none.
std::string find_nvdisasm();

// Reads the object files that `commands` (the compile manifest) made, and beside each of nvcc's the
// file OBJECT.ptxas that the build keeps of ptxas's report. A source that cannot be read is in
// `errors`. `nvdisasm` may be empty: cubins are not disassembled then.
Report collect(const std::vector<CompileCommand>& commands,
               const std::string& nvdisasm = find_nvdisasm());

// What `report` says of some backends: cuda, hip.
Report of_backends(Report report, const std::set<std::string>& backends);

// What it says of one family of architectures: cuda, sm_90a.
Report of_family(Report report, const std::string& backend, const std::string& family);

// The document of `moat codegen --json`.
Json to_json(const Report& report);

// Reads a document back. Throws std::runtime_error that names the member.
Report from_json(const Json& document);

}  // namespace moat::codegen
