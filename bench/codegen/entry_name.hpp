// SPDX-License-Identifier: Apache-2.0
// Readable names of the kernels' entries.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

namespace moat::codegen {

// What the name of moat::simt::entry<Kernel, Schedule, Atoms, Args, Bytes> says.
struct EntryName {
  std::string kernel;    // gemm, attention, rms_norm …: the block program, in snake case
  std::string dtype;     // f32, f16, bf16; "" for a kernel without an element type
  std::string variant;   // the kernel's other arguments: row_major, 128, arg_max; "" without
  std::string schedule;  // 128x64x32-2-2-2: tile, then waves down, across … as the type lists them
  std::size_t dynamic_shared_bytes = 0;

  // gemm/bf16/row_major/128x64x32-2-2-2, without empty parts
  std::string text() const;
};

// From the names of the two types, such as moat::Gemm<moat::bf16, (moat::Order)1, moat::bf16> and
// moat::simt::TileSchedule<…>. Nothing if they are none.
std::optional<EntryName> entry_name(const std::string& kernel, const std::string& schedule);

// Parses a mangled name. Nothing if it is no entry of the tile layer.
std::optional<EntryName> parse_entry(const std::string& mangled);

}  // namespace moat::codegen
