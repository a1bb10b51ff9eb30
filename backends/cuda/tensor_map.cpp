// SPDX-License-Identifier: Apache-2.0
#include "backends/cuda/tensor_map.hpp"

#include <cudaTypedefs.h>

#include <stdexcept>
#include <string>

#include "backends/cuda/planned_tensor_maps.hpp"
#include "backends/cuda/runtime.hpp"

namespace moat::cuda {
namespace {

constexpr const char* kEncode = "cuTensorMapEncodeTiled";

PFN_cuTensorMapEncodeTiled_v12000 encoder() {
  void* function = nullptr;
  cudaDriverEntryPointQueryResult found{};
#if CUDART_VERSION >= 12050
  const auto error =
      cudaGetDriverEntryPointByVersion(kEncode, &function, 12000, cudaEnableDefault, &found);
#else
  const auto error = cudaGetDriverEntryPoint(kEncode, &function, cudaEnableDefault, &found);
#endif
  if (error != cudaSuccess) simt::fail<Runtime>("cudaGetDriverEntryPoint", error, "");
  if (found != cudaDriverEntryPointSuccess) {
    throw DeviceError(std::string("the NVIDIA driver has no ") + kEncode +
                      "; install a driver for CUDA 12.0 or newer");
  }
  return reinterpret_cast<PFN_cuTensorMapEncodeTiled_v12000>(function);
}

// Elements are copied as they are, and zeros are zeros of every type.
CUtensorMapDataType data_type(int element_bytes) {
  switch (element_bytes) {
    case 1:
      return CU_TENSOR_MAP_DATA_TYPE_UINT8;
    case 2:
      return CU_TENSOR_MAP_DATA_TYPE_UINT16;
    case 4:
      return CU_TENSOR_MAP_DATA_TYPE_UINT32;
    default:
      throw std::logic_error("boxes have elements of 1, 2 or 4 bytes");
  }
}

thread_local bool planned = false;

}  // namespace

PlannedTensorMaps::PlannedTensorMaps() { planned = true; }
PlannedTensorMaps::~PlannedTensorMaps() { planned = false; }

CUtensorMap make_tensor_map(const simt::TmaTensor& t) {
  if (planned) return {};
  static const auto kEncoder = encoder();
  static_assert(simt::kBoxRowBytes == 128);
  constexpr cuuint32_t kDense[simt::TmaTensor::kRank] = {1, 1, 1, 1};
  CUtensorMap map{};
  const CUresult error = kEncoder(
      &map, data_type(t.element_bytes), simt::TmaTensor::kRank, const_cast<void*>(t.data), t.dims,
      t.strides, t.box, kDense, CU_TENSOR_MAP_INTERLEAVE_NONE, CU_TENSOR_MAP_SWIZZLE_128B,
      CU_TENSOR_MAP_L2_PROMOTION_L2_256B, CU_TENSOR_MAP_FLOAT_OOB_FILL_NONE);
  if (error != CUDA_SUCCESS) {
    throw DeviceError(std::string(kEncode) + " refused a matrix of " + std::to_string(t.dims[1]) +
                      " x " + std::to_string(t.dims[0]) + " (CUresult " + std::to_string(error) +
                      ")");
  }
  return map;
}

}  // namespace moat::cuda
