// SPDX-License-Identifier: Apache-2.0
// cuBLASLt as its baseline uses it: its functions, one handle, one workspace, and products in
// column order.
#pragma once

#include <cublasLt.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "backends/device.hpp"
#include "bench/baselines/column_major.hpp"
#include "bench/baselines/device_memory.hpp"
#include "bench/baselines/shared_library.hpp"

namespace moat::cublaslt {

// The library's functions, by their names in its header.
struct Api {
  // Throws std::runtime_error if the library lacks one.
  explicit Api(const SharedLibrary& library);

  // Throws std::runtime_error with the call and the library's name of its status.
  void check(cublasStatus_t status, const char* call) const;

  decltype(&cublasLtCreate) create;
  decltype(&cublasLtDestroy) destroy;
  decltype(&cublasLtGetVersion) version;
  decltype(&cublasLtGetStatusName) status_name;
  decltype(&cublasLtMatmulDescCreate) desc_create;
  decltype(&cublasLtMatmulDescDestroy) desc_destroy;
  decltype(&cublasLtMatmulDescSetAttribute) desc_set;
  decltype(&cublasLtMatrixLayoutCreate) layout_create;
  decltype(&cublasLtMatrixLayoutDestroy) layout_destroy;
  decltype(&cublasLtMatmulPreferenceCreate) preference_create;
  decltype(&cublasLtMatmulPreferenceDestroy) preference_destroy;
  decltype(&cublasLtMatmulPreferenceSetAttribute) preference_set;
  decltype(&cublasLtMatmulAlgoGetHeuristic) heuristic;
  decltype(&cublasLtMatmulAlgoConfigGetAttribute) algorithm_get;
  decltype(&cublasLtMatmul) matmul;
  decltype(&cublasLtMatrixTransformDescCreate) transform_create;
  decltype(&cublasLtMatrixTransformDescDestroy) transform_destroy;
  decltype(&cublasLtMatrixTransformDescSetAttribute) transform_set;
  decltype(&cublasLtMatrixTransform) transform;
};

template <class Opaque>
using Owned = std::unique_ptr<Opaque, cublasStatus_t (*)(Opaque*)>;
using Operation = Owned<cublasLtMatmulDescOpaque_t>;
using Layout = Owned<cublasLtMatrixLayoutOpaque_t>;
using Transform = Owned<cublasLtMatrixTransformDescOpaque_t>;

cudaDataType_t data_type(DType t);

// result = op(first) · second in column order, and the algorithm for it.
struct Plan {
  Operation operation;
  Layout first;
  Layout second;
  Layout result;
  cublasLtMatmulAlgo_t algorithm{};
  std::size_t workspace_bytes = 0;
};

class Library {
 public:
  // What NVIDIA's documentation recommends for Hopper; more than other devices' kernels use.
  static constexpr std::size_t kWorkspaceBytes = std::size_t{32} << 20;

  // Throws std::runtime_error. The device outlives the library.
  Library(Device& device, const SharedLibrary& library);

  Device& device() const { return device_; }
  void* workspace() const { return workspace_->data(); }

  std::size_t number() const { return api_.version(); }  // 120900 of 12.9
  std::string version() const;

  // A plan without an algorithm, of operands and a result of these types, with sums in f32.
  Plan plan(const ColumnMajorProduct& product, cudaDataType_t operands, DType result) const;

  template <class Value>
  void set(const Plan& plan, cublasLtMatmulDescAttributes_t attribute, const Value& value) const {
    api_.check(api_.desc_set(plan.operation.get(), attribute, &value, sizeof value),
               "cublasLtMatmulDescSetAttribute");
  }

  // Takes the heuristic's first choice; false if the library has no algorithm. Operands are aligned
  // to 256 bytes, as the heuristic assumes and Device::allocate promises.
  bool choose(Plan& plan) const;

  // The algorithm in the library's numbers.
  std::string name_of(const Plan& plan) const;

  // Enqueues the product.
  void multiply(const Plan& plan, const void* first, const void* second, void* result) const;

  Layout layout(cudaDataType_t type, const ColumnMajorMatrix& m) const;

  // Of numbers in f32.
  Transform transform(bool transposed) const;

  // Enqueues to = op(from).
  void transform(const Transform& how, const void* from, const Layout& of_from, void* to,
                 const Layout& of_to) const;

 private:
  Api api_;
  Device& device_;
  std::unique_ptr<cublasLtContext, decltype(&cublasLtDestroy)> handle_;
  std::unique_ptr<DeviceMemory> workspace_;
};

}  // namespace moat::cublaslt
