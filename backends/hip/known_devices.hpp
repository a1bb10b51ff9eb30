// SPDX-License-Identifier: Apache-2.0
// AMD GPUs for which launches can be planned where there is none. Not in reference_devices.hpp,
// which schedules read: a figure here changes no kernel.
#pragma once

#include <optional>
#include <string_view>

#include "backends/hip/reference_devices.hpp"
#include "backends/known_device.hpp"

namespace moat::hip {

// Units, LDS and caches: ROCm documentation, "Accelerator and GPU hardware specifications". Waves
// of a unit: LLVM AMDGPUUsage (32 of 64 lanes; RDNA 64 of 32 for each two units).
constexpr KnownDevice with_lds(int unit_threads, KnownDevice device) {
  device.unit_shared_bytes = 64 << 10;
  device.block_shared_bytes = 64 << 10;
  device.unit_threads = unit_threads;
  return device;
}

inline constexpr double kMib = 1024.0 * 1024;

inline constexpr KnownDevice kKnownDevices[] = {
    with_lds(2048, {.id = "mi210",
                    .name = "AMD Instinct MI210",
                    .architecture = "gfx90a",
                    .source = "AMD Instinct MI210 brochure; ROCm documentation, GPU hardware "
                              "specifications",
                    .compute_units = 104,
                    .clock_mhz = 1700,
                    .cache_bytes = 8 * kMib,
                    .memory_rate = 1.6e12,
                    .f16 = 181e12,
                    .bf16 = 181e12,
                    .f32 = 45.3e12,
                    .lanes_f32 = 22.6e12}),
    // Half of what the datasheet says of both dies.
    with_lds(2048, {.id = "mi250x",
                    .name = "AMD Instinct MI250X, one of its two dies",
                    .architecture = "gfx90a",
                    .source = "AMD Instinct MI250X datasheet; ROCm documentation, GPU hardware "
                              "specifications, MI250 microarchitecture (memory)",
                    .compute_units = 110,
                    .clock_mhz = 1700,
                    .cache_bytes = 8 * kMib,
                    .memory_rate = 1.6e12,
                    .f16 = 383e12 / 2,
                    .bf16 = 383e12 / 2,
                    .f32 = 95.7e12 / 2,
                    .lanes_f32 = 47.9e12 / 2}),
    // L2: 2 KiB a clock of each of 8 dies, 34.4 TB/s, which also tells the clock.
    with_lds(2048, {.id = "mi300x",
                    .name = "AMD Instinct MI300X",
                    .architecture = "gfx942",
                    .source = "AMD Instinct MI300X datasheet; AMD CDNA 3 white paper (L2); ROCm "
                              "documentation, GPU hardware specifications",
                    .compute_units = kMi300x.compute_units,
                    .clock_mhz = 2100,
                    .cache_bytes = 256 * kMib,
                    .memory_rate = 5.3e12,
                    .cache_rate = 34.4e12,
                    .f16 = 1307.4e12,
                    .bf16 = 1307.4e12,
                    .f32 = 163.4e12,
                    .tf32 = 653.7e12,
                    .fp8 = 2614.9e12,
                    .lanes_f32 = 163.4e12}),
    with_lds(2048, {.id = "mi325x",
                    .name = "AMD Instinct MI325X",
                    .architecture = "gfx942",
                    .source = "Vultr documentation, hardware requirements (memory, f16); ROCm "
                              "documentation, GPU hardware specifications",
                    .compute_units = 304,
                    .cache_bytes = 256 * kMib,
                    .memory_rate = 6e12,
                    .f16 = 1307e12,
                    .bf16 = 1307e12}),
    // Two instructions at once in each lane, which the compiler has to find.
    with_lds(1024, {.id = "rx7900xtx",
                    .name = "AMD Radeon RX 7900 XTX",
                    .architecture = "gfx1100",
                    .source = "AMD's announcement (Tom's Hardware, Radeon RX 7900 Series Deep "
                              "Dive, 2022)",
                    .compute_units = kRx7900Xtx.compute_units,
                    .clock_mhz = 2500,
                    .cache_bytes = 96 * kMib,
                    .memory_rate = 960e9,
                    .f16 = 123e12,
                    .bf16 = 123e12,
                    .lanes_f32 = 61.4e12}),
};

}  // namespace moat::hip
