// SPDX-License-Identifier: Apache-2.0
// Runs a problem whose operands are the host's on a device and brings the result back.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <random>
#include <string>
#include <tuple>
#include <vector>

#include "backends/cpu/device.hpp"
#include "problems/reference/bound.hpp"

namespace moat::testing {

// Bytes on the host that hold elements of `dtype`.
class HostArray {
 public:
  HostArray(DType dtype, std::int64_t count)
      : dtype_(dtype), count_(count), bytes_(static_cast<std::size_t>(count) * size_of(dtype)) {}

  // Element i becomes f(i), rounded.
  HostArray(DType dtype, std::int64_t count, const std::function<float(std::int64_t)>& f)
      : HostArray(dtype, count) {
    for (std::int64_t i = 0; i < count; ++i) set(i, f(i));
  }

  void set(std::int64_t i, float x) {
    with_dtype(dtype_, [&]<class T>(Type<T>) {
      reinterpret_cast<T*>(bytes_.data())[i] = from_float<T>(x);
    });
  }
  double operator[](std::int64_t i) const { return reference::read(bytes_.data(), dtype_, i); }

  std::int64_t count() const { return count_; }
  std::size_t size() const { return bytes_.size(); }
  void* data() { return bytes_.data(); }
  const void* data() const { return bytes_.data(); }

 private:
  DType dtype_;
  std::int64_t count_;
  std::vector<std::byte> bytes_;
};

// Independent uniform values in [−scale, scale].
inline HostArray random_array(DType dtype, std::int64_t count, unsigned seed, float scale = 1) {
  std::mt19937 generator(seed);
  std::uniform_real_distribution<float> uniform(-scale, scale);
  return {dtype, count, [&](std::int64_t) { return uniform(generator); }};
}

// Device memory that holds a copy of host memory.
class DeviceCopy {
 public:
  DeviceCopy(Device& device, const void* data, std::size_t bytes)
      : device_(device), p_(device.allocate(bytes)) {
    device.upload(p_, data, bytes);
  }
  ~DeviceCopy() { device_.release(p_); }
  DeviceCopy(const DeviceCopy&) = delete;
  DeviceCopy& operator=(const DeviceCopy&) = delete;
  void* get() const { return p_; }

 private:
  Device& device_;
  void* p_;
};

// Runs `problem`, whose inputs and outputs point to host memory of the given sizes. Outputs are
// uploaded first, so that what the kernel leaves unwritten keeps its poison.
template <class P>
void run_on(Device& device, const P& problem,
            const std::vector<std::pair<const void * P::*, std::size_t>>& inputs,
            const std::vector<std::pair<void * P::*, std::size_t>>& outputs) {
  P on_device = problem;
  std::vector<std::unique_ptr<DeviceCopy>> copies;
  for (const auto& [member, bytes] : inputs) {
    copies.push_back(std::make_unique<DeviceCopy>(device, problem.*member, bytes));
    on_device.*member = copies.back()->get();
  }
  for (const auto& [member, bytes] : outputs) {
    copies.push_back(std::make_unique<DeviceCopy>(device, problem.*member, bytes));
    on_device.*member = copies.back()->get();
  }
  device.run(on_device);
  device.synchronize();
  for (const auto& [member, bytes] : outputs) {
    device.download(problem.*member, on_device.*member, bytes);
  }
}
template <class P>
void run_on(Device& device, const P& problem,
            const std::vector<std::pair<const void * P::*, std::size_t>>& inputs, void* P::*output,
            std::size_t output_bytes) {
  run_on(device, problem, inputs, {{output, output_bytes}});
}

// Every kernel is tested for each dtype and number of threads.
class KernelTest : public ::testing::TestWithParam<std::tuple<DType, int>> {
 protected:
  DType dtype() const { return std::get<0>(GetParam()); }
  Device& device() { return *device_; }

 private:
  std::unique_ptr<Device> device_ = cpu::make_device(std::get<1>(GetParam()));
};

inline const auto kAllConfigurations =
    ::testing::Combine(::testing::ValuesIn(kDTypes), ::testing::Values(1, 2, 5));

inline std::string configuration_name(
    const ::testing::TestParamInfo<std::tuple<DType, int>>& info) {
  return std::string(name_of(std::get<0>(info.param))) + "_threads" +
         std::to_string(std::get<1>(info.param));
}

}  // namespace moat::testing
