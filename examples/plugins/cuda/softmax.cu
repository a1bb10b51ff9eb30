// SPDX-License-Identifier: Apache-2.0
// Softmax of rows on a GPU of NVIDIA's:
//   nvcc -O3 -std=c++17 -arch=native -shared -Xcompiler -fPIC -I include examples/plugins/cuda/softmax.cu -o libsoftmax.so
//   moat run --plugin ./libsoftmax.so --kernel softmax --device cuda:0
#include <cuda_bf16.h>
#include <cuda_fp16.h>
#include <cuda_runtime.h>

#include "moat/plugin.h"

namespace {

constexpr int kThreads = 256;

template <bool kLargest>
__device__ float combine(float a, float b) {
  return kLargest ? fmaxf(a, b) : a + b;
}

// Of the block's threads; all of them get it.
template <bool kLargest>
__device__ float reduce(float x) {
  __shared__ float parts[kThreads / 32];
  for (int step = 16; step > 0; step /= 2) {
    x = combine<kLargest>(x, __shfl_xor_sync(0xffffffffu, x, step));
  }
  if (threadIdx.x % 32 == 0) parts[threadIdx.x / 32] = x;
  __syncthreads();
  x = parts[0];
  for (int i = 1; i < kThreads / 32; ++i) x = combine<kLargest>(x, parts[i]);
  __syncthreads();
  return x;
}

// A block for each row.
template <class T>
__global__ void softmax(const T* x, T* y, int cols) {
  x += static_cast<long long>(blockIdx.x) * cols;
  y += static_cast<long long>(blockIdx.x) * cols;
  float most = -INFINITY;
  for (int i = threadIdx.x; i < cols; i += kThreads) most = fmaxf(most, static_cast<float>(x[i]));
  most = reduce<true>(most);
  const float from = isinf(most) ? 0.0f : most;  // a row of −∞ gives zeros
  float sum = 0;
  for (int i = threadIdx.x; i < cols; i += kThreads) sum += expf(static_cast<float>(x[i]) - from);
  sum = reduce<false>(sum);
  const float scale = sum > 0 ? 1.0f / sum : 0.0f;
  for (int i = threadIdx.x; i < cols; i += kThreads) {
    y[i] = static_cast<T>(expf(static_cast<float>(x[i]) - from) * scale);
  }
}

cudaError_t last = cudaSuccess;

template <class T>
int launch(const MoatRows& p, void* stream) {
  softmax<<<p.rows, kThreads, 0, static_cast<cudaStream_t>(stream)>>>(
      static_cast<const T*>(p.x), static_cast<T*>(p.y), p.cols);
  last = cudaGetLastError();
  return last == cudaSuccess ? 0 : 1;
}

int solve(const MoatDevice* device, const MoatProblem* problem, void*) {
  const MoatRows& p = *problem->as.rows;
  switch (p.type) {
    case MOAT_F32:
      return launch<float>(p, device->stream);
    case MOAT_F16:
      return launch<__half>(p, device->stream);
    case MOAT_BF16:
      return launch<__nv_bfloat16>(p, device->stream);
    default:
      return 1;
  }
}

const char* error() { return cudaGetErrorString(last); }

}  // namespace

extern "C" const MoatPlugin* moat_plugin(uint32_t, uint32_t) {
  static const MoatSolves softmaxes = {sizeof(MoatSolves), "softmax", "f32 f16 bf16", nullptr};
  static const MoatSolves* const solves[] = {&softmaxes, nullptr};
  static const char* const sources[] = {"examples/plugins/cuda/softmax.cu", nullptr};
  static const MoatPlugin plugin = [] {
    MoatPlugin p{};
    p.size = sizeof p;
    p.major = MOAT_PLUGIN_MAJOR;
    p.minor = MOAT_PLUGIN_MINOR;
    p.name = "cuda-softmax";
    p.version = "1.0";
    p.backend = "cuda";
    p.sources = sources;
    p.solves = solves;
    p.solve = solve;
    p.error = error;
    return p;
  }();
  return &plugin;
}
