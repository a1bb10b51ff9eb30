// SPDX-License-Identifier: Apache-2.0
#include "bench/baselines/cudnn.hpp"

#include <array>
#include <map>
#include <memory>
#include <stdexcept>
#include <tuple>
#include <utility>

#include "bench/baselines/cudnn_attention.hpp"
#include "bench/baselines/cudnn_library.hpp"
#include "bench/baselines/cudnn_plan.hpp"
#include "bench/baselines/device_memory.hpp"

namespace moat {
namespace {

using cudnn::Plan;

// What a plan depends on.
auto shape(const AttentionProblem& p) {
  return std::tuple(p.dtype, p.batch, p.q_heads, p.kv_heads, p.q_len, p.kv_len, p.head_dim,
                    p.causal, p.scale);
}

// Solves problems of one shape. A variant pack is made once for each set of operands, so that later
// calls on the set cost the host no more than the launch.
class Attention {
 public:
  Attention(Device& device, cudnnHandle_t handle, std::shared_ptr<const Plan> plan)
      : device_(device),
        handle_(handle),
        plan_(std::move(plan)),
        workspace_(device, plan_->workspace_bytes() > 0
                               ? static_cast<std::size_t>(plan_->workspace_bytes())
                               : 1) {}

  void operator()(const AttentionProblem& p) {
    device_.stream();
    std::array<void*, cudnn::kArguments> operands{};
    operands[cudnn::kQuery] = const_cast<void*>(p.q);
    operands[cudnn::kKey] = const_cast<void*>(p.k);
    operands[cudnn::kValue] = const_cast<void*>(p.v);
    operands[cudnn::kOutput] = p.o;
    auto pack = packs_.find(operands);
    if (pack == packs_.end()) {
      pack = packs_.emplace(operands, plan_->pack(operands, workspace_.data())).first;
    }
    plan_->execute(handle_, pack->second);
  }

 private:
  Device& device_;
  cudnnHandle_t handle_;
  std::shared_ptr<const Plan> plan_;
  DeviceMemory workspace_;
  std::map<std::array<void*, cudnn::kArguments>, cudnn::Descriptor> packs_;
};

class Cudnn final : public Baseline {
 public:
  explicit Cudnn(Device& device)
      : library_(MOAT_CUDNN_LIBRARY_DIR), device_(device), handle_(nullptr, library_.destroy) {
    void* const stream = device_.stream();  // makes the device current, which the handle takes
    cudnnHandle_t handle = nullptr;
    library_.check(library_.create(&handle), "cudnnCreate");
    handle_.reset(handle);
    library_.check(library_.set_stream(handle, static_cast<cudaStream_t>(stream)),
                   "cudnnSetStream");
  }

  std::string name() const override { return "cudnn"; }

  std::string version() const override { return library_.version_text(); }

  std::string detail() const override {
    return "fused attention, f16 and bf16 with f32 sums; its heuristics' first engine that builds";
  }

  std::string kernel(const Problem& problem) const override {
    return plan(std::get<AttentionProblem>(problem))->kernel();
  }

  std::optional<std::string> unsupported(const Problem& problem) const override {
    const auto* attention = std::get_if<AttentionProblem>(&problem);
    if (attention == nullptr) return "of cuDNN, only its fused attention is a baseline";
    if (auto reason = cudnn::inexpressible(*attention)) return reason;
    try {
      plan(*attention);
    } catch (const std::runtime_error& e) {
      return e.what();
    }
    return std::nullopt;
  }

  std::function<void(const Problem&)> prepare(const Problem& problem) override {
    if (const auto reason = unsupported(problem)) throw std::runtime_error(*reason);
    const auto attention = std::make_shared<Attention>(device_, handle_.get(),
                                                       plan(std::get<AttentionProblem>(problem)));
    return [attention](const Problem& p) { (*attention)(std::get<AttentionProblem>(p)); };
  }

 private:
  // Made once for a shape: the library compiles a kernel for it.
  std::shared_ptr<const Plan> plan(const AttentionProblem& p) const {
    const auto found = plans_.find(shape(p));
    if (found != plans_.end()) return found->second;
    device_.stream();
    auto made = std::make_shared<const Plan>(library_, cudnn::Target{.handle = handle_.get()},
                                             cudnn::attention_graph(p));
    plans_.emplace(shape(p), made);
    return made;
  }

  cudnn::Library library_;
  Device& device_;
  std::unique_ptr<cudnnContext, decltype(&cudnnDestroy)> handle_;
  mutable std::map<decltype(shape({})), std::shared_ptr<const Plan>> plans_;
};

}  // namespace

void open_cudnn(Device& device, Baselines& baselines) {
  try {
    baselines.found.push_back(std::make_unique<Cudnn>(device));
  } catch (const std::exception& e) {
    baselines.absent.push_back({"cudnn", e.what()});
  }
}

}  // namespace moat
