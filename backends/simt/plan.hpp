// SPDX-License-Identifier: Apache-2.0
// Plans of launches: the launchers of a family on a queue that writes down what it is asked for.
#pragma once

#include <cxxabi.h>

#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <typeinfo>
#include <utility>
#include <vector>

#include "backends/plan.hpp"
#include "backends/simt/device.hpp"
#include "backends/simt/kernel_facts.hpp"

namespace moat::simt {

inline DeviceFacts facts_of(const KnownDevice& device) {
  return {.compute_units = device.compute_units, .shared_bytes = device.block_shared_bytes};
}

inline std::string type_name(const std::type_info& type) {
  int status = 0;
  const std::unique_ptr<char, decltype(&std::free)> text(
      abi::__cxa_demangle(type.name(), nullptr, nullptr, &status), &std::free);
  return status == 0 && text ? text.get() : type.name();
}

// What multiplies, and the device's peak for it, FLOP/s.
struct ProductRate {
  std::string products;
  std::optional<double> rate;
};

// On matrix units that take a type as it is. Whatever they are given for what is `split`, the
// backend knows.
inline ProductRate product_rate(const KnownDevice& device, Products products) {
  switch (products) {
    case Products::none:
      return {};
    case Products::vector:
      return {"f32 in the lanes", device.lanes_f32};
    case Products::f16:
      return {"f16 on matrix units", device.f16};
    case Products::bf16:
      return {"bf16 on matrix units", device.bf16};
    case Products::fp8:
      return {"e4m3 on matrix units", device.fp8};
    case Products::f32:
      return {"f32 on matrix units", device.f32};
    case Products::split:
    case Products::other:
      break;
  }
  return {"on matrix units", std::nullopt};
}

// Launches nothing, and has no device: its memory is addresses that nobody reads.
class PlanningQueue final : public Queue {
 public:
  PlanningQueue(const DeviceFacts& facts, const ScheduleChoice& choice)
      : facts_(facts), choice_(choice) {}

  // Throws DeviceError if a block may not have so much shared memory.
  void enqueue(const Grid& grid, void** /*args*/) override {
    if (is_listing(&choice_)) return end_listing(choice_);
    require_room(grid, facts_, {});
    grids_.push_back({grid, workspace_bytes_});
  }
  void* workspace(std::size_t bytes) override {
    workspace_bytes_ = bytes;
    return nowhere();
  }
  unsigned* arrivals() override { return static_cast<unsigned*>(nowhere()); }
  float* shared_sums(std::size_t /*counters*/, std::size_t floats) override {
    return static_cast<float*>(workspace(floats * sizeof(float)));
  }
  const DeviceFacts& facts() const override { return facts_; }
  const ScheduleChoice* choice() const override { return &choice_; }

  struct Planned {
    Grid grid;
    std::size_t workspace_bytes;  // that was asked for last
  };
  const std::vector<Planned>& grids() const { return grids_; }

  // As aligned as memory of a device.
  static void* nowhere() { return reinterpret_cast<void*>(std::uintptr_t{1} << 40); }

 private:
  DeviceFacts facts_;
  const ScheduleChoice& choice_;
  std::size_t workspace_bytes_ = 0;
  std::vector<Planned> grids_;
};

// What `program` would launch with the schedule, and could. `rate_of(device, KernelFacts)` is the
// ProductRate of its atoms.
template <class RateOf>
void plan_launches(LaunchPlan& plan, Program program, const KnownDevice& device, Problem problem,
                   const std::string& schedule, RateOf rate_of) {
  for_each_operand(problem, [](const Operand&, auto& data) { data = PlanningQueue::nowhere(); });
  const ScheduleChoice listing{.wanted = {}, .offered = &plan.schedules};
  PlanningQueue list(facts_of(device), listing);
  program(list, problem);
  plan.schedules = listed(std::move(plan.schedules));
  const ScheduleChoice choice{.wanted = schedule};
  PlanningQueue queue(facts_of(device), choice);
  program(queue, problem);
  for (const auto& [grid, workspace_bytes] : queue.grids()) {
    const KernelFacts& kernel = *grid.kernel;
    ProductRate rate = rate_of(device, kernel);
    plan.launches.push_back({.kernel = type_name(*kernel.kernel),
                             .schedule = type_name(*kernel.schedule),
                             .schedule_name = kernel.schedule_name(),
                             .entry = grid.entry,
                             .blocks = grid.blocks,
                             .threads = grid.threads,
                             .shared_bytes = grid.shared_bytes,
                             .items = grid.items,
                             .m = kernel.m,
                             .n = kernel.n,
                             .k = kernel.k,
                             .waves = kernel.waves,
                             .residency = kernel.residency,
                             .beside = kernel.beside,
                             .stages = kernel.stages,
                             .persistent = kernel.persistent,
                             .products = std::move(rate.products),
                             .product_rate = rate.rate,
                             .workspace_bytes = workspace_bytes});
  }
}

}  // namespace moat::simt
