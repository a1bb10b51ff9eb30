// SPDX-License-Identifier: Apache-2.0
#include "bench/codegen/occupancy.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>

namespace moat::codegen {
namespace {

// Limits of one unit.
struct Unit {
  std::string_view architecture;
  int wave_width;
  int simds;             // that share the registers out
  int lane_registers;    // per lane of a SIMD: registers of the SIMD / wave width
  int register_granule;  // per lane
  int max_registers;     // per lane of one kernel
  int max_waves;
  int max_blocks;  // of more than one wave
  int shared_bytes;
  int shared_granule;
  int shared_reserved;   // per block, by the system
  int max_block_shared;  // bytes that a block may ask for
};

constexpr int kKib = 1024;

constexpr Unit nvidia(std::string_view name, int max_waves, int max_blocks, int shared_kib) {
  // Four partitions of 16384 registers, given out in units of 256 per warp.
  return {name,      32,         4,
          512,       8,          255,
          max_waves, max_blocks, shared_kib * kKib,
          128,       kKib,       (shared_kib - 1) * kKib};
}

constexpr Unit cdna(std::string_view name, int lds_kib) {
  return {name, 64, 4, 512, 8, 512, 32, 16, lds_kib * kKib, 512, 0, lds_kib * kKib};
}

constexpr Unit rdna3(std::string_view name, int registers, int granule) {
  return {name, 32, 4, registers, granule, 256, 64, 32, 128 * kKib, 1024, 0, 64 * kKib};
}

constexpr auto kUnits = std::to_array<Unit>({
    nvidia("sm_80", 64, 32, 164),
    nvidia("sm_86", 48, 16, 100),
    nvidia("sm_87", 48, 16, 164),
    nvidia("sm_89", 48, 24, 100),
    nvidia("sm_90", 64, 32, 228),
    nvidia("sm_100", 64, 32, 228),
    nvidia("sm_120", 48, 24, 100),
    cdna("gfx90a", 64),
    cdna("gfx942", 64),
    cdna("gfx950", 160),
    rdna3("gfx1100", 1536, 24),
    rdna3("gfx1101", 1536, 24),
    rdna3("gfx1102", 1024, 16),
    rdna3("gfx1103", 1024, 16),
});

const Unit* find_unit(std::string_view architecture) {
  // sm_90a has the limits of sm_90.
  if (architecture.starts_with("sm_") &&
      (architecture.ends_with('a') || architecture.ends_with('f'))) {
    architecture.remove_suffix(1);
  }
  const auto it = std::ranges::find(kUnits, architecture, &Unit::architecture);
  return it == kUnits.end() ? nullptr : &*it;
}

constexpr int round_up(int value, int granule) { return (value + granule - 1) / granule * granule; }

}  // namespace

std::optional<Occupancy> occupancy(std::string_view architecture, const BlockDemand& demand) {
  const Unit* unit = find_unit(architecture);
  if (unit == nullptr) return std::nullopt;
  const int waves = std::max(1, round_up(demand.threads, unit->wave_width) / unit->wave_width);
  Occupancy result{.blocks = std::numeric_limits<int>::max(),
                   .waves = 0,
                   .max_waves = unit->max_waves,
                   .limit = {}};
  const auto limit = [&](int blocks, const char* what) {
    if (blocks >= result.blocks) return;
    result.blocks = blocks;
    result.limit = what;
  };
  const int allocated = round_up(std::max(demand.registers, 1), unit->register_granule);
  const int simd_waves =
      demand.registers > unit->max_registers ? 0 : unit->lane_registers / allocated;
  limit(unit->max_waves / waves, "waves");
  limit(simd_waves * unit->simds / waves, "registers");
  const int shared = round_up(demand.shared_bytes + unit->shared_reserved, unit->shared_granule);
  if (demand.shared_bytes > unit->max_block_shared) {
    limit(0, "shared memory");
  } else if (shared > 0) {
    limit(unit->shared_bytes / shared, "shared memory");
  }
  // AMD counts barriers, which a single wave does not need.
  if (unit->architecture.starts_with("sm_") || waves > 1) limit(unit->max_blocks, "blocks");
  result.waves = result.blocks * waves;
  return result;
}

std::string occupancy_source(std::string_view architecture) {
  const Unit* unit = find_unit(architecture);
  if (unit == nullptr) return {};
  const bool nvidia_gpu = architecture.starts_with("sm_");
  return fmt::format(
      "per {}: {} waves of {} lanes, {} blocks, {} SIMDs of {} registers per lane in units of {}, "
      "{} KiB of shared memory in units of {} bytes{}; source: {}",
      nvidia_gpu                         ? "multiprocessor"
      : architecture.starts_with("gfx9") ? "compute unit"
                                         : "work-group processor",
      unit->max_waves, unit->wave_width, unit->max_blocks, unit->simds, unit->lane_registers,
      unit->register_granule, unit->shared_bytes / kKib, unit->shared_granule,
      unit->shared_reserved > 0
          ? fmt::format(", {} of them reserved per block", unit->shared_reserved)
          : "",
      nvidia_gpu ? "CUDA C++ Programming Guide, Technical Specifications per Compute Capability; "
                   "cuda_occupancy.h"
                 : "LLVM AMDGPUUsage; AMDGPUBaseInfo.cpp, IsaInfo");
}

}  // namespace moat::codegen
