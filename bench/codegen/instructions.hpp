// SPDX-License-Identifier: Apache-2.0
// Counts of the instructions in a kernel's code that tell how it uses its device.
#pragma once

#include <map>
#include <string>
#include <string_view>

namespace moat::codegen {

// Static counts: an instruction in a loop counts once.
struct Instructions {
  std::map<std::string, int> matrix;  // opcode → count: mma.sync…, wgmma…, v_mfma…, v_wmma…
  int global_loads = 0;  // instructions that read global memory into registers or shared memory
  int global_loads_wide = 0;  // of those, the ones of 16 bytes per lane, or of whole boxes (TMA)
  int async_copies = 0;  // of the wide ones, into shared memory past registers: cp.async (LDGSTS)
  int box_copies = 0;    // of the wide ones, by the tensor memory accelerator: UTMALDG, UBLKCP
  int ranged_loads = 0;  // of the wide ones, with a range that the hardware checks: buffer_load
  int loads_ahead = 0;   // of those, the ones that a matrix instruction follows before any wait
  int global_stores = 0;
  int global_stores_wide = 0;
  int shared_loads = 0;       // reads of shared memory or LDS
  int shared_loads_wide = 0;  // of those, the ones of 16 bytes per lane (ldmatrix.x4 is one)
};

// Adds one PTX instruction: its opcode with all suffixes, and its operands.
void count_ptx(std::string_view opcode, std::string_view operands, Instructions& counts);

// Adds one AMD instruction. `under_way`: ranged loads since the last matrix instruction or wait for
// loads, in the order of the code.
void count_amd(std::string_view opcode, std::string_view operands, int& under_way,
               Instructions& counts);

}  // namespace moat::codegen
