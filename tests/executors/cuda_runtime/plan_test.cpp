// SPDX-License-Identifier: Apache-2.0
// Plans of launches are what the CUDA backend's queue asks the runtime for.
#include <cuda_runtime_api.h>
#include <gtest/gtest.h>

#include "backends/cuda/device.hpp"
#include "backends/cuda/known_devices.hpp"
#include "tests/executors/same_launches.hpp"

// The linker takes it for cudaLaunchKernel (--wrap).
extern "C" cudaError_t __wrap_cudaLaunchKernel(const void* entry, dim3 blocks, dim3 threads, void**,
                                               std::size_t shared_bytes, cudaStream_t) {
  moat::test::asked.push_back({entry, blocks.x, threads.x, shared_bytes});
  return cudaSuccess;
}

namespace moat {
namespace {

// The environment names the device and its number of multiprocessors.
TEST(CudaPlan, IsWhatTheQueueIsAskedFor) {
  const DeviceList list = list_cuda_devices();
  ASSERT_FALSE(list.devices.empty()) << list.skipped;
  for (const auto& device : list.devices) {
    const bool has_tma = device->info().architecture == "sm_90a";
    const KnownDevice& known = cuda::kKnownDevices[has_tma ? 1 : 0];
    SCOPED_TRACE(device->info().architecture);
    EXPECT_GT(test::expect_same_launches(*device, plan_on_cuda, test::sized_as(known, *device)),
              130u);
  }
}

// Which code of the build a device runs, and what is said where there is none.
TEST(CudaPlan, ChoosesTheFamily) {
  const Problem problem = parse_case("gemm/bf16/m512n512k512bt");
  for (const KnownDevice& device : cuda::kKnownDevices) {
    SCOPED_TRACE(device.id);
    EXPECT_EQ(plan_on_cuda(device, problem, {}).family,
              device.architecture == "sm_90" ? "sm_90a" : "sm_80");
  }
  KnownDevice old = cuda::kKnownDevices[0];
  old.architecture = "sm_75";
  try {
    plan_on_cuda(old, problem, {});
    FAIL() << "planned";
  } catch (const DeviceError& e) {
    EXPECT_NE(std::string(e.what()).find("configure with -DMOAT_CUDA_ARCHITECTURES=75"),
              std::string::npos)
        << e.what();
  }
}

TEST(CudaPlan, RefusesABlockThatHasNoRoom) {
  KnownDevice device = cuda::kKnownDevices[0];
  device.block_shared_bytes = 1 << 10;
  EXPECT_THROW(plan_on_cuda(device, parse_case("gemm/bf16/m512n512k512bt"), {}), DeviceError);
}

// Three products of tf32 for one of f32; on Hopper the peak is that of warpgroups.
TEST(CudaPlan, TellsThePeakOfWhatMultiplies) {
  const KnownDevice& device = cuda::kKnownDevices[0];
  const KnownDevice& hopper = cuda::kKnownDevices[1];
  const auto rate_on = [](const KnownDevice& d, const char* name) {
    return plan_on_cuda(d, parse_case(name), {}).launches[0].product_rate;
  };
  const auto rate_of = [&](const char* name) { return rate_on(device, name); };
  EXPECT_EQ(rate_on(hopper, "gemm/bf16/m512n512k512bt"), hopper.bf16);
  EXPECT_EQ(rate_on(hopper, "gemm/bf16/m16n512k512bt"), std::nullopt);
  EXPECT_EQ(rate_on(hopper, "gemm/f32/m512n512k512bt"), std::nullopt);
  EXPECT_EQ(rate_of("gemm/bf16/m512n512k512bt"), device.bf16);
  EXPECT_EQ(rate_of("gemm/f32/m512n512k512bt"), *device.tf32 / 3);
  EXPECT_EQ(rate_of("gemm/f32/m512n512k16bt"), device.lanes_f32);
  EXPECT_EQ(rate_of("softmax/bf16/r64c4096"), std::nullopt);
}

}  // namespace
}  // namespace moat
