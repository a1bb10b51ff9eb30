// SPDX-License-Identifier: Apache-2.0
// How many blocks of a kernel fit a multiprocessor or compute unit at once.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace moat::codegen {

// What a block asks for.
struct BlockDemand {
  int threads = 0;
  int registers = 0;     // per lane
  int shared_bytes = 0;  // static and dynamic
};

struct Occupancy {
  int blocks = 0;     // resident per unit; 0: the kernel cannot be launched
  int waves = 0;      // warps or waves of these blocks
  int max_waves = 0;  // that the unit can hold
  std::string limit;  // what allows no further block: registers, shared memory, waves or blocks
};

// A unit is a multiprocessor (NVIDIA), a compute unit (CDNA) or a work-group processor of two
// compute units (RDNA, whose blocks run in WGP mode). Nothing if the architecture's limits are not
// known. Formula: the least of what each resource allows, each rounded as the hardware allocates
// it:
//   registers  SIMDs x floor(registers per SIMD lane / round_up(registers, granule)) / waves of a
//   block shared     floor(shared memory / round_up(shared_bytes + reserved, granule)) waves
//   floor(wave slots / waves of a block), and the slots for blocks
// Sources: CUDA C++ Programming Guide, "Technical Specifications per Compute Capability", and
// cuda_occupancy.h of the toolkit; LLVM's AMDGPUUsage and AMDGPUBaseInfo.cpp (IsaInfo).
std::optional<Occupancy> occupancy(std::string_view architecture, const BlockDemand& demand);

// The limits that were used, as a sentence with their source; "" if they are not known.
std::string occupancy_source(std::string_view architecture);

}  // namespace moat::codegen
