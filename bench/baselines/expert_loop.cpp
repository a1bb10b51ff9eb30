// SPDX-License-Identifier: Apache-2.0
#include "bench/baselines/expert_loop.hpp"

#include <stdexcept>

namespace moat {
namespace {

class ExpertLoop final : public Baseline {
 public:
  explicit ExpertLoop(Device& device) : device_(device) {}

  std::string name() const override { return "loop"; }
  std::string version() const override { return __VERSION__; }
  std::string detail() const override { return "our gemm for each expert in turn"; }
  std::string kernel(const Problem&) const override { return "gemm"; }

  std::optional<std::string> unsupported(const Problem& problem) const override {
    if (std::holds_alternative<GroupedGemmProblem>(problem)) return std::nullopt;
    return "it is a loop over the experts of a grouped GEMM";
  }

  std::function<void(const Problem&)> prepare(const Problem& problem) override {
    if (const auto reason = unsupported(problem)) throw std::runtime_error(*reason);
    return [this](const Problem& p) { run(std::get<GroupedGemmProblem>(p)); };
  }

 private:
  void run(const GroupedGemmProblem& p) {
    const bool masked = p.masked > 0;
    rows_.resize(static_cast<std::size_t>(p.experts) + (masked ? 0 : 1));
    device_.download(rows_.data(), p.rows, rows_.size() * sizeof(std::int64_t));
    const auto size = static_cast<std::int64_t>(size_of(p.dtype));
    for (int e = 0; e < p.experts; ++e) {
      const std::int64_t first = masked ? e * p.masked : rows_[e];
      const std::int64_t count = masked ? rows_[e] : rows_[e + 1] - rows_[e];
      if (count == 0) continue;
      device_.run(
          GemmProblem{.dtype = p.dtype,
                      .m = static_cast<int>(count),
                      .n = p.n,
                      .k = p.k,
                      .order_b = Order::transposed,
                      .a = static_cast<const std::byte*>(p.a) + first * p.k * size,
                      .b = static_cast<const std::byte*>(p.b) + std::int64_t{e} * p.n * p.k * size,
                      .c = static_cast<std::byte*>(p.c) + first * p.n * size});
    }
  }

  Device& device_;
  std::vector<std::int64_t> rows_;
};

}  // namespace

void open_expert_loop(Device& device, Baselines& baselines) {
  baselines.found.push_back(std::make_unique<ExpertLoop>(device));
}

}  // namespace moat
