// SPDX-License-Identifier: Apache-2.0
// The stand-in's cuTensorMapEncodeTiled, found as a program finds the driver's.
#include "tests/executors/ptx/tensor_map.hpp"

#include <cudaTypedefs.h>
#include <cuda_runtime_api.h>
#include <gtest/gtest.h>

namespace moat {
namespace {

// Of 16 rows of 256 elements; boxes have 8 rows of 128 bytes.
CUresult encode(CUtensorMapDataType type, std::uint32_t element_bytes, CUtensorMap& map,
                std::uint32_t row_bytes = 128) {
  void* function = nullptr;
  cudaDriverEntryPointQueryResult found{};
  EXPECT_EQ(cudaGetDriverEntryPointByVersion("cuTensorMapEncodeTiled", &function, 12000,
                                             cudaEnableDefault, &found),
            cudaSuccess);
  EXPECT_EQ(found, cudaDriverEntryPointSuccess);
  alignas(16) static unsigned char data[16 * 256 * 4];
  const cuuint64_t sizes[] = {256, 16};
  const cuuint64_t strides[] = {256 * element_bytes};
  const cuuint32_t box[] = {row_bytes / element_bytes, 8};
  const cuuint32_t dense[] = {1, 1};
  return reinterpret_cast<PFN_cuTensorMapEncodeTiled_v12000>(function)(
      &map, type, 2, data, sizes, strides, box, dense, CU_TENSOR_MAP_INTERLEAVE_NONE,
      CU_TENSOR_MAP_SWIZZLE_128B, CU_TENSOR_MAP_L2_PROMOTION_L2_256B,
      CU_TENSOR_MAP_FLOAT_OOB_FILL_NONE);
}

TEST(CudaTensorMap, SizesOfElements) {
  struct Known {
    CUtensorMapDataType type;
    std::uint32_t bytes;
  };
  for (const Known& known :
       {Known{CU_TENSOR_MAP_DATA_TYPE_UINT8, 1}, Known{CU_TENSOR_MAP_DATA_TYPE_FLOAT16, 2},
        Known{CU_TENSOR_MAP_DATA_TYPE_BFLOAT16, 2}, Known{CU_TENSOR_MAP_DATA_TYPE_FLOAT32, 4}}) {
    CUtensorMap map{};
    ASSERT_EQ(encode(known.type, known.bytes, map), CUDA_SUCCESS) << known.bytes;
    const auto decoded = ptx::decode(reinterpret_cast<const unsigned char*>(&map));
    ASSERT_TRUE(decoded);
    EXPECT_EQ(decoded->element_bytes, static_cast<int>(known.bytes));
    EXPECT_EQ(decoded->strides[0], known.bytes);
    EXPECT_EQ(emulator::box_bytes(*decoded), 1024u);
  }
  CUtensorMap map{};
  EXPECT_EQ(encode(CU_TENSOR_MAP_DATA_TYPE_FLOAT64, 8, map), CUDA_ERROR_NOT_SUPPORTED);
  // Longer than the swizzle's.
  EXPECT_EQ(encode(CU_TENSOR_MAP_DATA_TYPE_UINT8, 1, map, 144), CUDA_ERROR_INVALID_VALUE);
}

}  // namespace
}  // namespace moat
