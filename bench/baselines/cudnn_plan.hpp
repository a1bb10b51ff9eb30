// SPDX-License-Identifier: Apache-2.0
// cuDNN's execution plan of a graph: the engine that the library chose, compiled.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "bench/baselines/cudnn_attention.hpp"
#include "bench/baselines/cudnn_library.hpp"

namespace moat::cudnn {

// What a plan is made for: the device of `handle`, or a device that need not be here by its
// `properties`. A plan of the second kind cannot be executed.
struct Target {
  cudnnHandle_t handle = nullptr;
  const Descriptor* properties = nullptr;
};

// A device from the JSON that cuDNN writes for one. Throws std::runtime_error.
Descriptor device_properties(const Library& library, const std::string& json);

// Not thread-safe. The library outlives it.
class Plan {
 public:
  // Takes the first engine of the library's heuristics that builds. Throws std::runtime_error with
  // the library's reason if there is none.
  Plan(const Library& library, const Target& target, Graph graph);

  std::int64_t workspace_bytes() const { return workspace_bytes_; }
  // The library's names of the kernels that it launches, or the number of its engine where it does
  // not tell.
  std::string kernel() const;

  // What a call takes: an address in the device's memory for each argument of the graph, in the
  // order of its tensors, and the workspace. The plan outlives it.
  Descriptor pack(std::span<void* const> arguments, void* workspace) const;
  void execute(cudnnHandle_t handle, const Descriptor& pack) const;

 private:
  const Library& library_;
  Graph graph_;
  std::optional<Descriptor> plan_;
  std::int64_t engine_ = -1;
  std::int64_t workspace_bytes_ = 0;
};

}  // namespace moat::cudnn
