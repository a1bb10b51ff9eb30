// SPDX-License-Identifier: Apache-2.0
// A program that is none of Moat's, for CUDA and HIP: kernels with static and dynamic shared memory
// that <<<>>> launches, on an interpreted device. Ends with 0 if their results are right, a fault
// names its line, and the launch after it works.
#ifdef __HIP__
#include <hip/hip_runtime.h>
#define GPU(name) hip##name
#else
#include <cuda_runtime.h>
#define GPU(name) cuda##name
#endif

#include <algorithm>
#include <cstdio>
#include <string>
#include <vector>

namespace {

constexpr int kThreads = 256;

__global__ void reversed(const float* x, float* y) {
  __shared__ float part[kThreads];
  part[threadIdx.x] = x[threadIdx.x];
  __syncthreads();
  y[threadIdx.x] = part[kThreads - 1 - threadIdx.x];
}

// The static array, then the dynamic one.
__global__ void reversed_twice(const float* x, float* y) {
  __shared__ float part[kThreads + 1];
  extern __shared__ float all[];
  part[threadIdx.x + 1] = x[threadIdx.x];
  __syncthreads();
  all[threadIdx.x] = part[kThreads - threadIdx.x];
  __syncthreads();
  y[threadIdx.x] = all[kThreads - 1 - threadIdx.x];
}

__global__ void sum(int n, const float* x, float* y) {
  __shared__ float part[kThreads];
  const int i = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
  part[threadIdx.x] = i < n ? x[i] : 0.f;
  for (unsigned step = kThreads / 2; step > 0; step /= 2) {
    __syncthreads();
    if (threadIdx.x < step) part[threadIdx.x] += part[threadIdx.x + step];
  }
  if (threadIdx.x == 0) y[blockIdx.x] = part[0];
}

__global__ void outside(int n, float* y) {
  const int i = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
  if (i <= n) y[i] = 1;
}

int failures = 0;

void expect(bool good, const char* what) {
  if (good) return;
  std::printf("wrong: %s\n", what);
  ++failures;
}
void succeed(GPU(Error_t) error, const char* what) {
  if (error == GPU(Success)) return;
  std::printf("%s: %s\n", what, GPU(GetErrorString)(error));
  ++failures;
}
void finish(const char* what) {
  succeed(GPU(GetLastError)(), what);
  succeed(GPU(DeviceSynchronize)(), what);
}

}  // namespace

int main() {
  std::vector<float> x(kThreads);
  for (int i = 0; i < kThreads; ++i) x[i] = static_cast<float>(i);
  std::vector<float> y(kThreads);
  const std::size_t bytes = kThreads * sizeof(float);
  float* dx = nullptr;
  float* dy = nullptr;
  succeed(GPU(Malloc)(reinterpret_cast<void**>(&dx), bytes), "Malloc");
  succeed(GPU(Malloc)(reinterpret_cast<void**>(&dy), bytes), "Malloc");
  succeed(GPU(Memcpy)(dx, x.data(), bytes, GPU(MemcpyHostToDevice)), "Memcpy");
  succeed(GPU(Memset)(dy, 0, bytes), "Memset");
  const auto download = [&] {
    succeed(GPU(Memcpy)(y.data(), dy, bytes, GPU(MemcpyDeviceToHost)), "Memcpy");
  };

  download();
  expect(y[kThreads - 1] == 0.f, "what Memset wrote");
  reversed<<<1, kThreads>>>(dx, dy);
  finish("reversed");
  download();
  expect(std::equal(x.begin(), x.end(), y.rbegin()), "reversed");
  reversed_twice<<<1, kThreads, bytes>>>(dx, dy);
  finish("reversed_twice");
  download();
  expect(y == x, "reversed_twice");

  outside<<<2, kThreads>>>(kThreads, dy);
  const auto error = GPU(GetLastError)();
  const std::string fault = error == GPU(Success) ? "" : GPU(GetErrorString)(error);
  std::printf("%s\n", fault.c_str());
  expect(fault.find("own_program.cu:53") != fault.npos, "a fault's line");
  expect(fault.find("4 bytes at 0x") != fault.npos, "a fault's text");

  const auto refuses = [](const char* what) {
    expect(GPU(GetLastError)() != GPU(Success), what);
  };
  // In 32 bits these are 512 bytes, no blocks and 64 threads.
  reversed_twice<<<1, kThreads, (std::size_t{1} << 32) + 512>>>(dx, dy);
  refuses("too much shared memory");
  reversed<<<0, kThreads>>>(dx, dy);
  refuses("no blocks");
  reversed<<<1, dim3(64, 67108865)>>>(dx, dy);
  refuses("too many threads");

  sum<<<1, kThreads>>>(kThreads - 6, dx, dy);
  finish("sum");
  download();
  expect(y[0] == 249.f * 250.f / 2.f, "sum");
  succeed(GPU(Memcpy)(dx, dy, bytes, GPU(MemcpyDeviceToDevice)), "Memcpy");
  succeed(GPU(Memcpy)(x.data(), dx, bytes, GPU(MemcpyDeviceToHost)), "Memcpy");
  expect(x[0] == y[0], "a copy on the device");
  succeed(GPU(Free)(dx), "Free");
  succeed(GPU(Free)(dy), "Free");
  return failures == 0 ? 0 : 1;
}
