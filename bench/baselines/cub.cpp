// SPDX-License-Identifier: Apache-2.0
#include "bench/baselines/cub.hpp"

#include <fmt/format.h>

#include <memory>
#include <stdexcept>

#include "bench/baselines/cub_reduce.hpp"
#include "bench/baselines/device_memory.hpp"

namespace moat {
namespace {

void check(cudaError_t error, const char* call) {
  if (error == cudaSuccess) return;
  static_cast<void>(cudaGetLastError());
  throw std::runtime_error(
      fmt::format("{}: {} ({})", call, cudaGetErrorString(error), cudaGetErrorName(error)));
}

class Cub final : public Baseline {
 public:
  explicit Cub(Device& device) : device_(device) {
    device_.stream();  // makes the device current
    check(cub_calls::probe(), "cudaFuncGetAttributes");
  }

  std::string name() const override { return "cub"; }

  std::string version() const override {
    const int v = cub_calls::version();
    return fmt::format("{}.{}.{}", v / 100000, v / 100 % 1000, v % 100);
  }

  std::string detail() const override {
    return fmt::format("cub::DeviceReduce, compiled for {}", MOAT_CUDA_ARCHITECTURES);
  }

  std::string kernel(const Problem& problem) const override {
    const auto& p = std::get<ReductionProblem>(problem);
    switch (p.op) {
      case ReductionOp::sum:
        return p.dtype == DType::f32 ? "DeviceReduce::Sum" : "DeviceReduce::TransformReduce";
      case ReductionOp::max:
        return "DeviceReduce::Max";
      case ReductionOp::argmax:
        return "DeviceReduce::ArgMax";
    }
    return {};
  }

  std::optional<std::string> unsupported(const Problem& problem) const override {
    const auto* reduction = std::get_if<ReductionProblem>(&problem);
    if (reduction == nullptr) return "CUB has device-wide reductions of a vector only";
    if (const char* reason = cub_calls::unsupported(*reduction)) return reason;
    return std::nullopt;
  }

  std::function<void(const Problem&)> prepare(const Problem& problem) override {
    if (const auto reason = unsupported(problem)) throw std::runtime_error(*reason);
    const auto& shape = std::get<ReductionProblem>(problem);
    std::size_t bytes = 0;
    const auto stream = static_cast<cudaStream_t>(device_.stream());
    check(cub_calls::reduce(shape, nullptr, nullptr, bytes, stream), "cub::DeviceReduce");
    // CUB takes null as the question for the size, even if it needs nothing.
    const auto storage = std::make_shared<DeviceMemory>(device_, bytes > 0 ? bytes : 1);
    const auto extremum = std::make_shared<DeviceMemory>(device_, sizeof(float));
    return [this, storage, extremum, bytes](const Problem& p) {
      std::size_t given = bytes;
      check(cub_calls::reduce(std::get<ReductionProblem>(p), extremum->data(), storage->data(),
                              given, static_cast<cudaStream_t>(device_.stream())),
            "cub::DeviceReduce");
    };
  }

 private:
  Device& device_;
};

}  // namespace

void open_cub(Device& device, Baselines& baselines) {
  try {
    baselines.found.push_back(std::make_unique<Cub>(device));
  } catch (const std::exception& e) {
    baselines.absent.push_back({"cub", e.what()});
  }
}

}  // namespace moat
