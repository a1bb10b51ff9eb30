// SPDX-License-Identifier: Apache-2.0
#include <cuda_bf16.h>
#include <cuda_fp16.h>

#include <cstdint>
#include <cub/device/device_reduce.cuh>
#include <cub/version.cuh>
#include <limits>

#include "bench/baselines/cub_reduce.hpp"

namespace moat::cub_calls {
namespace {

// The type as CUB knows it.
template <class T>
struct Native {
  using type = T;
};
template <>
struct Native<f16> {
  using type = __half;
};
template <>
struct Native<bf16> {
  using type = __nv_bfloat16;
};

struct Widen {
  template <class T>
  __device__ float operator()(T x) const {
    return static_cast<float>(x);
  }
};

struct Add {
  __device__ float operator()(float a, float b) const { return a + b; }
};

// CUB computes positions in the width of the count that it is given.
template <class F>
cudaError_t with_count(std::int64_t n, F f) {
  if (n <= std::numeric_limits<std::int32_t>::max()) return f(static_cast<std::int32_t>(n));
  return f(n);
}

template <class T, class Count>
cudaError_t sum(const T* x, Count n, float* result, void* storage, std::size_t& storage_bytes,
                cudaStream_t stream) {
  if constexpr (sizeof(T) == sizeof(float)) {
    return cub::DeviceReduce::Sum(storage, storage_bytes, x, result, n, stream);
  } else {
#if CUB_VERSION >= 200300
    // Sums of 16-bit values in f32, as ours are; the input stays a pointer, which CUB reads in
    // vectors.
    return cub::DeviceReduce::TransformReduce(storage, storage_bytes, x, result, n, Add{}, Widen{},
                                              0.0f, stream);
#else
    return cudaErrorNotSupported;
#endif
  }
}

template <class T>
cudaError_t reduce_of(const ReductionProblem& p, void* extremum, void* storage,
                      std::size_t& storage_bytes, cudaStream_t stream) {
  const auto* x = static_cast<const T*>(p.x);
  auto* result = static_cast<float*>(p.result);
  switch (p.op) {
    case ReductionOp::sum:
      return with_count(p.n,
                        [&](auto n) { return sum(x, n, result, storage, storage_bytes, stream); });
    case ReductionOp::max:
      return with_count(p.n, [&](auto n) {
        return cub::DeviceReduce::Max(storage, storage_bytes, x, result, n, stream);
      });
    case ReductionOp::argmax:
#if CUB_VERSION >= 300000
      return cub::DeviceReduce::ArgMax(storage, storage_bytes, x, static_cast<T*>(extremum),
                                       static_cast<std::int64_t*>(p.result), p.n, stream);
#else
      return cudaErrorNotSupported;
#endif
  }
  return cudaErrorNotSupported;
}

__global__ void nothing() {}

}  // namespace

int version() { return CUB_VERSION; }

const char* unsupported(const ReductionProblem& p) {
  if (CUB_VERSION < 300000 && p.op == ReductionOp::argmax) {
    return "CUB before 3.0 (CUDA 13.0) has no ArgMax with 64-bit positions";
  }
  if (CUB_VERSION < 200300 && p.op == ReductionOp::sum && p.dtype != DType::f32) {
    return "CUB before 2.3 (CUDA 12.4) has no TransformReduce, which sums 16-bit values in f32";
  }
  return nullptr;
}

cudaError_t reduce(const ReductionProblem& p, void* extremum, void* storage,
                   std::size_t& storage_bytes, cudaStream_t stream) {
  return with_dtype(p.dtype, [&]<class T>(Type<T>) {
    return reduce_of<typename Native<T>::type>(p, extremum, storage, storage_bytes, stream);
  });
}

cudaError_t probe() {
  cudaFuncAttributes attributes{};
  return cudaFuncGetAttributes(&attributes, nothing);
}

}  // namespace moat::cub_calls
