// SPDX-License-Identifier: Apache-2.0
// cuDNN's functions and the descriptors of its graph interface.
#pragma once

#include <cudnn.h>

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "bench/baselines/shared_library.hpp"

namespace moat::cudnn {

// Loaded when it is made. Throws std::runtime_error.
struct Library {
  // `folder` is where the library is searched if the system does not know it.
  explicit Library(const std::string& folder);

  std::string version_text() const;

  // Throws std::runtime_error with the library's own words if the call failed.
  void check(cudnnStatus_t status, const std::string& call) const;

  SharedLibrary file;
  decltype(&cudnnGetVersion) version;
  decltype(&cudnnGetErrorString) status_name;
  decltype(&cudnnGetLastErrorString) last_error;
  decltype(&cudnnCreate) create;
  decltype(&cudnnDestroy) destroy;
  decltype(&cudnnSetStream) set_stream;
  decltype(&cudnnBackendCreateDescriptor) descriptor_create;
  decltype(&cudnnBackendDestroyDescriptor) descriptor_destroy;
  decltype(&cudnnBackendSetAttribute) descriptor_set;
  decltype(&cudnnBackendGetAttribute) descriptor_get;
  decltype(&cudnnBackendFinalize) descriptor_finalize;
  decltype(&cudnnBackendExecute) execute;
};

// The library's name of a C++ type.
template <class T>
inline constexpr cudnnBackendAttributeType_t kTypeOf = T::unknown;
template <>
inline constexpr auto kTypeOf<bool> = CUDNN_TYPE_BOOLEAN;
template <>
inline constexpr auto kTypeOf<char> = CUDNN_TYPE_CHAR;
template <>
inline constexpr auto kTypeOf<std::int64_t> = CUDNN_TYPE_INT64;
template <>
inline constexpr auto kTypeOf<void*> = CUDNN_TYPE_VOID_PTR;
template <>
inline constexpr auto kTypeOf<cudnnHandle_t> = CUDNN_TYPE_HANDLE;
template <>
inline constexpr auto kTypeOf<cudnnDataType_t> = CUDNN_TYPE_DATA_TYPE;
template <>
inline constexpr auto kTypeOf<cudnnPointwiseMode_t> = CUDNN_TYPE_POINTWISE_MODE;
template <>
inline constexpr auto kTypeOf<cudnnReduceTensorOp_t> = CUDNN_TYPE_REDUCTION_OPERATOR_TYPE;
template <>
inline constexpr auto kTypeOf<cudnnBackendHeurMode_t> = CUDNN_TYPE_HEUR_MODE;

// Owns one descriptor. Its members throw std::runtime_error, which names it. The library outlives
// it.
class Descriptor {
 public:
  Descriptor(const Library& library, cudnnBackendDescriptorType_t type, std::string name);
  Descriptor(Descriptor&& other) noexcept;
  Descriptor& operator=(Descriptor&&) = delete;
  ~Descriptor();

  cudnnBackendDescriptor_t get() const { return descriptor_; }

  template <class T>
  void set(cudnnBackendAttributeName_t attribute, std::span<const T> values) {
    set(attribute, kTypeOf<T>, values.size(), values.data());
  }
  template <class T>
  void set(cudnnBackendAttributeName_t attribute, const T& value) {
    set(attribute, kTypeOf<T>, 1, &value);
  }
  void set(cudnnBackendAttributeName_t attribute, const Descriptor& value) {
    set_descriptors(attribute, {&value, 1});
  }
  void set_descriptors(cudnnBackendAttributeName_t attribute, std::span<const Descriptor> values);
  void finalize();

  template <class T>
  T get(cudnnBackendAttributeName_t attribute) const {
    T value{};
    get(attribute, kTypeOf<T>, 1, &value);
    return value;
  }
  std::string get_text(cudnnBackendAttributeName_t attribute) const;
  // Descriptors of one type that this one holds.
  std::vector<Descriptor> get_descriptors(cudnnBackendAttributeName_t attribute,
                                          cudnnBackendDescriptorType_t type,
                                          const std::string& name) const;

 private:
  void set(cudnnBackendAttributeName_t attribute, cudnnBackendAttributeType_t type,
           std::size_t count, const void* values);
  std::int64_t get(cudnnBackendAttributeName_t attribute, cudnnBackendAttributeType_t type,
                   std::int64_t count, void* values) const;

  const Library* library_;
  std::string name_;
  cudnnBackendDescriptor_t descriptor_ = nullptr;
};

}  // namespace moat::cudnn
