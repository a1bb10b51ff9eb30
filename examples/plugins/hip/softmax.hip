// SPDX-License-Identifier: Apache-2.0
// Softmax of rows on a GPU of AMD's:
//   hipcc -O3 -std=c++17 -shared -fPIC -I include examples/plugins/hip/softmax.hip -o libsoftmax.so
//   moat run --plugin ./libsoftmax.so --kernel softmax --device hip:0
#include <hip/hip_fp16.h>
#include <hip/hip_runtime.h>

#include "moat/plugin.h"

namespace {

constexpr int kThreads = 256;

template <bool kLargest>
__device__ float combine(float a, float b) {
  return kLargest ? fmaxf(a, b) : a + b;
}

// Of the block's threads, whatever a wave has; all of them get it.
template <bool kLargest>
__device__ float reduce(float x) {
  __shared__ float parts[kThreads];
  parts[threadIdx.x] = x;
  __syncthreads();
  for (unsigned half = kThreads / 2; half > 0; half /= 2) {
    if (threadIdx.x < half) {
      parts[threadIdx.x] = combine<kLargest>(parts[threadIdx.x], parts[threadIdx.x + half]);
    }
    __syncthreads();
  }
  x = parts[0];
  __syncthreads();
  return x;
}

__device__ float wide(float x) { return x; }
__device__ float wide(__half x) { return __half2float(x); }
__device__ void narrow(float x, float& y) { y = x; }
__device__ void narrow(float x, __half& y) { y = __float2half(x); }

// A block for each row.
template <class T>
__global__ void softmax(const T* x, T* y, int cols) {
  x += static_cast<long long>(blockIdx.x) * cols;
  y += static_cast<long long>(blockIdx.x) * cols;
  float most = -INFINITY;
  for (int i = threadIdx.x; i < cols; i += kThreads) most = fmaxf(most, wide(x[i]));
  most = reduce<true>(most);
  const float from = isinf(most) ? 0.0f : most;  // a row of −∞ gives zeros
  float sum = 0;
  for (int i = threadIdx.x; i < cols; i += kThreads) sum += expf(wide(x[i]) - from);
  sum = reduce<false>(sum);
  const float scale = sum > 0 ? 1.0f / sum : 0.0f;
  for (int i = threadIdx.x; i < cols; i += kThreads) narrow(expf(wide(x[i]) - from) * scale, y[i]);
}

hipError_t last = hipSuccess;

template <class T>
int launch(const MoatRows& p, void* stream) {
  softmax<<<p.rows, kThreads, 0, static_cast<hipStream_t>(stream)>>>(
      static_cast<const T*>(p.x), static_cast<T*>(p.y), p.cols);
  last = hipGetLastError();
  return last == hipSuccess ? 0 : 1;
}

int solve(const MoatDevice* device, const MoatProblem* problem, void*) {
  const MoatRows& p = *problem->as.rows;
  switch (p.type) {
    case MOAT_F32:
      return launch<float>(p, device->stream);
    case MOAT_F16:
      return launch<__half>(p, device->stream);
    default:
      return 1;
  }
}

const char* error() { return hipGetErrorString(last); }

}  // namespace

extern "C" const MoatPlugin* moat_plugin(uint32_t, uint32_t) {
  static const MoatSolves softmaxes = {sizeof(MoatSolves), "softmax", "f32 f16", nullptr};
  static const MoatSolves* const solves[] = {&softmaxes, nullptr};
  static const char* const sources[] = {"examples/plugins/hip/softmax.hip", nullptr};
  static const MoatPlugin plugin = [] {
    MoatPlugin p{};
    p.size = sizeof p;
    p.major = MOAT_PLUGIN_MAJOR;
    p.minor = MOAT_PLUGIN_MINOR;
    p.name = "hip-softmax";
    p.version = "1.0";
    p.backend = "hip";
    p.sources = sources;
    p.solves = solves;
    p.solve = solve;
    p.error = error;
    return p;
  }();
  return &plugin;
}
