// SPDX-License-Identifier: Apache-2.0
// A yardstick that reads one element.
#pragma once

#include <cstring>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "bench/baselines/baselines.hpp"

namespace moat {

// Leaves the first element of x; a test plants its faults.
class FirstElement final : public Yardstick {
 public:
  // `bytes`: what it says that it reads.
  explicit FirstElement(double bytes = sizeof(float)) : bytes_(bytes) {}

  std::string name() const override { return kReadYardstick; }
  std::string detail() const override { return "reads one element"; }
  std::optional<Traffic> traffic(const Problem& problem) const override {
    if (!std::holds_alternative<ReductionProblem>(problem)) return std::nullopt;
    return Traffic{.read = bytes_};
  }
  std::vector<std::byte> leaves(const Problem& host) const override {
    const auto* x = static_cast<const std::byte*>(std::get<ReductionProblem>(host).x);
    return {x, x + sizeof(float)};
  }
  void run(const Problem& problem) override {
    const auto& p = std::get<ReductionProblem>(problem);
    std::memcpy(p.result, p.x, sizeof(float));
    after(++calls_, static_cast<float*>(p.result));
  }

  std::function<void(int call, float* result)> after = [](int, float*) {};

 private:
  double bytes_;
  int calls_ = 0;
};

}  // namespace moat
