// SPDX-License-Identifier: Apache-2.0
#include "bench/codegen/occupancy.hpp"

#include <gtest/gtest.h>

#if __has_include(<cuda_occupancy.h>)
#include <cuda_occupancy.h>
#endif

namespace moat::codegen {
namespace {

Occupancy of(const char* architecture, int threads, int registers, int shared_bytes) {
  const auto found = occupancy(
      architecture, {.threads = threads, .registers = registers, .shared_bytes = shared_bytes});
  EXPECT_TRUE(found) << architecture;
  return found.value_or(Occupancy{});
}

TEST(Occupancy, TheScarcestResourceDecides) {
  EXPECT_EQ(of("sm_80", 128, 255, 0).blocks, 2);
  EXPECT_EQ(of("sm_80", 128, 255, 0).limit, "registers");
  EXPECT_EQ(of("sm_80", 256, 32, 0).blocks, 8);
  EXPECT_EQ(of("sm_80", 256, 32, 0).limit, "waves");
  EXPECT_EQ(of("sm_80", 32, 16, 0).limit, "blocks");
  EXPECT_EQ(of("sm_90a", 384, 168, 200 * 1024).blocks, 1);
  EXPECT_EQ(of("sm_90a", 128, 32, 112 * 1024).limit, "shared memory");
}

TEST(Occupancy, WhatCannotBeLaunchedHasNoBlocks) {
  EXPECT_EQ(of("sm_80", 1024, 128, 0).blocks, 0);
  EXPECT_EQ(of("sm_80", 128, 32, 164 * 1024).blocks, 0);
  EXPECT_EQ(of("gfx90a", 256, 64, 65 * 1024).blocks, 0);
}

// 512 registers per lane of a SIMD in units of 8, waves on four SIMDs: LLVM's
// getNumWavesPerEUWithNumVGPRs. Three blocks of 16 KiB and a bit fit 64 KiB.
TEST(Occupancy, CdnaSharesItsRegistersByEights) {
  EXPECT_EQ(of("gfx90a", 256, 128, 0).blocks, 4);
  EXPECT_EQ(of("gfx90a", 256, 129, 0).blocks, 3);
  EXPECT_EQ(of("gfx942", 256, 32, 17024).blocks, 3);
  EXPECT_EQ(of("gfx942", 64, 16, 0).blocks, 32);
}

TEST(Occupancy, Rdna3SharesItsRegistersByTwentyFours) {
  EXPECT_EQ(of("gfx1100", 128, 96, 0).waves, 64);
  EXPECT_EQ(of("gfx1100", 128, 97, 0).waves, 48);
  EXPECT_EQ(of("gfx1102", 128, 97, 0).waves, 36);
}

TEST(Occupancy, UnknownArchitecturesHaveNone) {
  EXPECT_FALSE(occupancy("gfx1250", {.threads = 64, .registers = 8, .shared_bytes = 0}));
  EXPECT_EQ(occupancy_source("gfx1250"), "");
  EXPECT_NE(occupancy_source("sm_90a").find("228 KiB"), std::string::npos);
}

#if __has_include(<cuda_occupancy.h>)
// NVIDIA's own formula.
TEST(Occupancy, AgreesWithCudaOccupancyHeader) {
  struct Gpu {
    const char* name;
    int major, minor, threads, shared_kib;
  };
  for (const Gpu& gpu : {Gpu{"sm_80", 8, 0, 2048, 164}, Gpu{"sm_86", 8, 6, 1536, 100},
                         Gpu{"sm_89", 8, 9, 1536, 100}, Gpu{"sm_90a", 9, 0, 2048, 228}}) {
    cudaOccDeviceProp device;
    device.computeMajor = gpu.major;
    device.computeMinor = gpu.minor;
    device.maxThreadsPerBlock = 1024;
    device.maxThreadsPerMultiprocessor = gpu.threads;
    device.regsPerBlock = 65536;
    device.regsPerMultiprocessor = 65536;
    device.warpSize = 32;
    device.sharedMemPerBlock = 48 * 1024;
    device.sharedMemPerMultiprocessor = static_cast<std::size_t>(gpu.shared_kib) * 1024;
    device.numSms = 100;
    device.sharedMemPerBlockOptin = static_cast<std::size_t>(gpu.shared_kib - 1) * 1024;
    device.reservedSharedMemPerBlock = 1024;
    const cudaOccDeviceState state;
    for (int threads = 32; threads <= 1024; threads += 32) {
      for (int registers = 16; registers <= 255; registers += 13) {
        for (const int shared : {0, 1000, 20000, 49000, 99000}) {
          cudaOccFuncAttributes function;
          function.maxThreadsPerBlock = 1024;
          function.numRegs = registers;
          function.sharedSizeBytes = 0;
          function.partitionedGCConfig = PARTITIONED_GC_OFF;
          function.shmemLimitConfig = FUNC_SHMEM_LIMIT_OPTIN;
          function.maxDynamicSharedSizeBytes = device.sharedMemPerBlockOptin;
          function.numBlockBarriers = 1;
          cudaOccResult result;
          ASSERT_EQ(cudaOccMaxActiveBlocksPerMultiprocessor(&result, &device, &function, &state,
                                                            threads, shared),
                    CUDA_OCC_SUCCESS);
          EXPECT_EQ(of(gpu.name, threads, registers, shared).blocks,
                    result.activeBlocksPerMultiprocessor)
              << gpu.name << ", " << threads << " threads, " << registers << " registers, "
              << shared << " bytes";
        }
      }
    }
  }
}
#endif

}  // namespace
}  // namespace moat::codegen
