// SPDX-License-Identifier: Apache-2.0
// Problems solved step by step: what a fused or an online kernel spares is in between.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "backends/device.hpp"
#include "problems/problem.hpp"

namespace moat {

// What one step computes and moves, all its calls together.
struct Step {
  std::string text;  // a case, or what a loop does
  DType dtype = DType::f32;
  bool products = false;  // of matrices: arithmetic may bind
  double calls = 1;
  double flops = 0;
  double read = 0;
  double written = 0;
  // Bytes of these that an earlier step wrote, or that only later steps read: they stay in a cache
  // that holds them.
  double read_between = 0;
  double written_between = 0;
};

// That of a kernel which solves the problem `calls` times.
Step step_of(const Problem& problem, double calls = 1);

// Memory of a device that what is prepared shares. The device outlives it. Throws DeviceError.
std::shared_ptr<std::byte> scratch_on(Device& device, double bytes);

// A way of solving problems in steps, by the same device's kernels where it has them.
struct Chain {
  std::string_view name;
  std::string_view text;
  // Why it does not solve this problem on this device; empty if it does.
  std::optional<std::string> (*unsupported)(const Problem& problem, const DeviceInfo& device);
  std::vector<Step> (*steps)(const Problem& problem);
  // Bytes that lie between the steps, and of them those that no operand holds.
  double (*between)(const Problem& problem);
  double (*scratch)(const Problem& problem);
  // Allocates the scratch and returns what solves problems of this shape, once per call. The device
  // outlives it. Throws DeviceError.
  std::function<void(const Problem&)> (*prepare)(Device& device, const Problem& problem);
  // Bytes that stay in memory from call to call besides those of the problem; null: none.
  double (*kept)(const Problem& problem) = nullptr;
};

// unfused:       a fused kernel's operations, one after the other (unfused.hpp).
// materialised:  attention by two products with the matrix of scores, and of weights, between them.
// indexed:       sparse attention and all that chooses its keys (indexed.hpp).
// quantising:    a product of codes after the quantisation that makes them (quantising.hpp).
const std::vector<Chain>& chains();

// Null if there is none of that name.
const Chain* find_chain(std::string_view name);

}  // namespace moat
