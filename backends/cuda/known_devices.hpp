// SPDX-License-Identifier: Apache-2.0
// NVIDIA GPUs for which launches can be planned where there is none. Not in reference_devices.hpp,
// which schedules read: a figure here changes no kernel.
#pragma once

#include <optional>
#include <string_view>

#include "backends/cuda/reference_devices.hpp"
#include "backends/known_device.hpp"

namespace moat::cuda {

// Shared memory and threads of a multiprocessor: CUDA C++ Programming Guide, Technical
// Specifications per Compute Capability; cuda_occupancy.h, reservedSharedMemPerBlock.
constexpr KnownDevice of_capability(int capability, KnownDevice device) {
  constexpr std::size_t kKib = 1024;
  const bool small = capability == 89;
  const std::size_t kib = small ? 100 : capability == 80 ? 164 : 228;
  device.unit_shared_bytes = kib * kKib;
  device.block_shared_bytes = (kib - 1) * kKib;
  device.reserved_shared_bytes = kKib;
  device.unit_threads = small ? 1536 : 2048;
  return device;
}

// Tables of datasheets count with sparsity, which doubles the dense rates that are here.
inline constexpr KnownDevice kKnownDevices[] = {
    of_capability(80, {.id = "a100",
                       .name = "NVIDIA A100 SXM 80GB",
                       .architecture = "sm_80",
                       // L2: 5120 bytes a clock, at the boost clock.
                       .source = "NVIDIA A100 Tensor Core GPU Architecture (whitepaper), tables 4 "
                                 "and 5, p. 35 (L2); NVIDIA A100 datasheet (memory)",
                       .compute_units = kA100.compute_units,
                       .clock_mhz = 1410,
                       .cache_bytes = 40960.0 * 1024,
                       .memory_rate = 2039e9,
                       .cache_rate = 5120 * 1410e6,
                       .f16 = 312e12,
                       .bf16 = 312e12,
                       .tf32 = 156e12,
                       .lanes_f32 = 19.5e12}),
    of_capability(90, {.id = "h100",
                       .name = "NVIDIA H100 SXM5 80GB",
                       .architecture = "sm_90",
                       .source = "NVIDIA H100 Tensor Core GPU Architecture (whitepaper); NVIDIA "
                                 "H100 datasheet, column SXM (memory)",
                       .compute_units = kH100.compute_units,
                       .clock_mhz = 1830,
                       .cache_bytes = 50.0 * 1024 * 1024,
                       .memory_rate = 3.35e12,
                       .f16 = 989.4e12,
                       .bf16 = 989.4e12,
                       .tf32 = 494.7e12,
                       .fp8 = 1978.9e12,
                       .lanes_f32 = 66.9e12}),
    of_capability(90, {.id = "h100-pcie",
                       .name = "NVIDIA H100 PCIe 80GB",
                       .architecture = "sm_90",
                       .source = "NVIDIA H100 datasheet, column PCIe",
                       .compute_units = 114,
                       .cache_bytes = 50.0 * 1024 * 1024,
                       .memory_rate = 2e12,
                       .f16 = 756.5e12,
                       .bf16 = 756.5e12,
                       .tf32 = 378e12,
                       .fp8 = 1513e12,
                       .lanes_f32 = 51e12}),
    of_capability(90, {.id = "h200",
                       .name = "NVIDIA H200 SXM",
                       .architecture = "sm_90",
                       .source = "NVIDIA H200 datasheet (memory, rates); the die and its 132 "
                                 "multiprocessors are the H100's",
                       .compute_units = 132,
                       .memory_rate = 4.8e12,
                       .f16 = 989.4e12,
                       .bf16 = 989.4e12,
                       .tf32 = 494.7e12,
                       .fp8 = 1978.9e12,
                       .lanes_f32 = 66.9e12}),
    of_capability(90, {.id = "h20",
                       .name = "NVIDIA H20",
                       .architecture = "sm_90",
                       .source = "the press on NVIDIA's product brief, which is not public "
                                 "(wccftech, 2023)",
                       .compute_units = 78,
                       .memory_rate = 4e12,
                       .f16 = 148e12,
                       .bf16 = 148e12,
                       .tf32 = 74e12,
                       .fp8 = 296e12,
                       .lanes_f32 = 44e12}),
    of_capability(89, {.id = "l40s",
                       .name = "NVIDIA L40S",
                       .architecture = "sm_89",
                       .source = "NVIDIA L40S datasheet; multiprocessors and clock: TechPowerUp",
                       .compute_units = 142,
                       .clock_mhz = 2520,
                       .memory_rate = 864e9,
                       .f16 = 362.05e12,
                       .bf16 = 362.05e12,
                       .tf32 = 183e12,
                       .fp8 = 733e12,
                       .lanes_f32 = 91.6e12}),
    // 16384 lanes, 128 a multiprocessor.
    of_capability(89, {.id = "rtx4090",
                       .name = "NVIDIA GeForce RTX 4090",
                       .architecture = "sm_89",
                       .source = "NVIDIA Ada GPU Architecture (whitepaper), products with sums of "
                                 "f32",
                       .compute_units = 128,
                       .memory_rate = 1008e9,
                       .f16 = 165.2e12,
                       .bf16 = 165.2e12,
                       .tf32 = 82.6e12,
                       .lanes_f32 = 82.6e12}),
};

}  // namespace moat::cuda
