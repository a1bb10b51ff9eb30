#include "bench/codegen/gate.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

namespace moat::codegen {
namespace {

void check_registers(const EntryReport& e, std::vector<Failure>& found) {
  const auto fail = [&](std::string what) { found.push_back({e.text(), std::move(what)}); };
  const int stores = e.spill_store_bytes.value_or(0);
  const int loads = e.spill_load_bytes.value_or(0);
  if (stores > 0 || loads > 0)
    fail(fmt::format("spills: {} bytes out, {} bytes in", stores, loads));
  if (const int spills = e.vector_spills.value_or(0); spills > 0) {
    fail(fmt::format("spills {} vector registers", spills));
  }
  if (e.stack_bytes > 0) fail(fmt::format("has a stack frame of {} bytes per lane", e.stack_bytes));
  if (e.dynamic_stack) fail("has a stack of dynamic size");
  if (e.threads <= 0) fail("states no block size (__launch_bounds__)");
}

void check_occupancy(const EntryReport& e, std::vector<Failure>& found) {
  if (!e.occupancy) return;
  const int wanted = std::max(1, e.min_blocks.value_or(1));
  if (e.occupancy->blocks < wanted) {
    found.push_back(
        {e.text(), fmt::format("{} of {} blocks asked for fit at once: {} registers, {} threads, "
                               "{} bytes of shared memory (limit: {})",
                               e.occupancy->blocks, wanted, e.registers, e.threads,
                               e.shared_bytes(), e.occupancy->limit)});
  }
}

bool keeps(const EntryReport& e, const Promise& promise) {
  return std::ranges::any_of(e.instructions.matrix, [&](const auto& counted) {
    return std::ranges::any_of(promise.instructions, [&](const std::string& prefix) {
      return counted.first.starts_with(prefix) && counted.second > 0;
    });
  });
}

void check_promise(const Report& report, const Promise& promise, std::vector<Failure>& found) {
  std::set<std::string> seen;
  for (const EntryReport& e : report.entries) {
    if (e.family != promise.family || e.name.dtype != promise.dtype ||
        std::ranges::find(promise.kernels, e.name.kernel) == promise.kernels.end()) {
      continue;
    }
    seen.insert(e.name.kernel);
    if (!keeps(e, promise)) {
      found.push_back(
          {e.text(), fmt::format("lacks the matrix instruction that its atoms promise: {}",
                                 fmt::join(promise.instructions, " or "))});
    }
  }
  const bool compiled = std::ranges::any_of(
      report.entries, [&](const EntryReport& e) { return e.family == promise.family; });
  for (const std::string& kernel : promise.kernels) {
    if (compiled && !seen.contains(kernel)) {
      found.push_back({fmt::format("{}/{}/{}", kernel, promise.dtype, promise.family),
                       "is promised a matrix instruction but was not compiled"});
    }
  }
}

}  // namespace

std::vector<Failure> failures(const Report& report, const std::vector<Promise>& promised) {
  std::vector<Failure> found;
  for (const auto& [unit, error] : report.errors) found.push_back({unit, error});
  for (const auto& [unit, messages] : report.messages) {
    for (const std::string& message : messages) found.push_back({unit, message});
  }
  for (const EntryReport& e : report.entries) {
    check_registers(e, found);
    check_occupancy(e, found);
  }
  for (const Promise& promise : promised) check_promise(report, promise, found);
  return found;
}

}  // namespace moat::codegen
