// SPDX-License-Identifier: Apache-2.0
#include "bench/codegen/gate.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

namespace moat::codegen {
namespace {

bool is_of(const Spilling& known, const EntryReport& e) {
  return e.family == known.family && e.name.kernel == known.kernel &&
         (known.dtype.empty() || e.name.dtype == known.dtype) &&
         e.entry.find(known.part) != std::string::npos;
}

bool spills(const EntryReport& e) {
  return e.spill_store_bytes.value_or(0) > 0 || e.spill_load_bytes.value_or(0) > 0 ||
         e.vector_spills.value_or(0) > 0 || e.stack_bytes > 0;
}

void check_registers(const EntryReport& e, bool known, std::vector<Failure>& found) {
  const auto fail = [&](std::string what) { found.push_back({e.text(), std::move(what)}); };
  if (e.dynamic_stack) fail("has a stack of dynamic size");
  if (e.threads <= 0) fail("states no block size (__launch_bounds__)");
  if (known) return;
  const int stores = e.spill_store_bytes.value_or(0);
  const int loads = e.spill_load_bytes.value_or(0);
  if (stores > 0 || loads > 0)
    fail(fmt::format("spills: {} bytes out, {} bytes in", stores, loads));
  if (const int spills = e.vector_spills.value_or(0); spills > 0) {
    fail(fmt::format("spills {} vector registers", spills));
  }
  if (e.stack_bytes > 0) fail(fmt::format("has a stack frame of {} bytes per lane", e.stack_bytes));
}

// The blocks per unit that a schedule's author counted on, from its text as EntryName has it:
// MxNxK-down-across-RESIDENT-stages (TileSchedule) or warps-RESIDENT (FlatSchedule). A
// WarpSpecializedSchedule is one block.
int resident_blocks(const std::string& schedule) {
  std::vector<std::string> parts;
  std::istringstream text(schedule);
  for (std::string part; std::getline(text, part, '-');) parts.push_back(part);
  const bool tile = schedule.find('x') != std::string::npos && parts.size() >= 4;
  if (!tile && parts.size() != 2) return 1;
  return std::stoi(tile ? parts[parts.size() - 2] : parts[1]);
}

void check_occupancy(const EntryReport& e, std::vector<Failure>& found) {
  if (!e.occupancy) return;
  const int wanted = std::max(1, e.min_blocks.value_or(resident_blocks(e.name.schedule)));
  if (e.occupancy->blocks < wanted) {
    found.push_back(
        {e.text(), fmt::format("{} of {} blocks asked for fit at once: {} registers, {} threads, "
                               "{} bytes of shared memory (limit: {})",
                               e.occupancy->blocks, wanted, e.registers, e.threads,
                               e.shared_bytes(), e.occupancy->limit)});
  }
}

bool concerns(const Promise& promise, const EntryReport& e) {
  return (promise.family.empty() || e.family == promise.family) &&
         (promise.dtype.empty() || e.name.dtype == promise.dtype) &&
         std::ranges::find(promise.kernels, e.name.kernel) != promise.kernels.end() &&
         e.entry.find(promise.type) != std::string::npos &&
         (promise.without.empty() || e.entry.find(promise.without) == std::string::npos);
}

void check_kept(const EntryReport& e, const Promise& promise, std::vector<Failure>& found) {
  const auto fail = [&](std::string what) { found.push_back({e.text(), std::move(what)}); };
  const bool has = std::ranges::any_of(e.instructions.matrix, [&](const auto& counted) {
    return std::ranges::any_of(promise.instructions, [&](const std::string& prefix) {
      return counted.first.starts_with(prefix) && counted.second > 0;
    });
  });
  if (!has && !promise.instructions.empty()) {
    fail(fmt::format("lacks the matrix instruction that its atoms promise: {}",
                     fmt::join(promise.instructions, " or ")));
  }
  const Instructions& i = e.instructions;
  const auto at_least = [&](int count, int wanted, std::string_view what) {
    if (count < wanted) fail(fmt::format("has {} {}; promised are {}", count, what, wanted));
  };
  at_least(i.global_loads_wide, promise.wide_loads,
           "global loads of 16 bytes per lane or of boxes");
  at_least(i.global_stores_wide, promise.wide_stores, "global stores of 16 bytes per lane");
  at_least(i.async_copies, promise.async_copies, "copies of 16 bytes by cp.async");
  at_least(i.box_copies, promise.box_copies, "copies of boxes by the tensor memory accelerator");
  at_least(i.ranged_loads, promise.ranged_loads, "buffer loads of 16 bytes");
  at_least(i.loads_ahead, promise.loads_ahead,
           "buffer loads that a matrix instruction follows before a wait for them");
  const int sums =
      promise.shared_sums ? std::min(i.global_loads_wide - i.box_copies, i.global_stores_wide) : 0;
  const int others = i.global_loads - i.box_copies - sums;
  if (promise.only_box_copies && others > 0) {
    fail(fmt::format("has {} global loads that are no boxes of the tensor memory accelerator",
                     others));
  }
}

void check_exponentials(const EntryReport& e, const Promise& promise, std::vector<Failure>& found) {
  const Exponentials& x = *e.exponentials;
  const auto fail = [&](std::string what) { found.push_back({e.text(), std::move(what)}); };
  if (promise.hidden_exponentials && !x.late.empty()) {
    fail(fmt::format("{} of {} exponentials are behind the wait that they should hide: {}",
                     x.late.size(), x.all, x.late.front()));
  } else if (promise.hidden_exponentials && 2 * x.hidden < x.all) {
    fail(fmt::format("{} of {} exponentials are before a wait that they hide; promised is half",
                     x.hidden, x.all));
  }
  if (!promise.plain_exponentials) return;
  if (x.all == 0) fail("has no exponentials (MUFU.EX2)");
  if (!x.rescues.empty()) {
    fail(fmt::format("{} instructions beside the exponentials rescue subnormal results: {}",
                     x.rescues.size(), x.rescues.front()));
  }
}

void check_promise(const Report& report, const Promise& promise, std::vector<Failure>& found) {
  std::set<std::string> seen;
  for (const EntryReport& e : report.entries) {
    if (!concerns(promise, e)) continue;
    seen.insert(e.name.kernel);
    check_kept(e, promise, found);
    if (!promise.of_machine_code()) continue;
    if (e.exponentials) {
      check_exponentials(e, promise, found);
    } else if (!report.not_disassembled.contains(e.backend)) {
      found.push_back({e.text(), "its machine code was not disassembled, for no reason given"});
    }
  }
  const bool compiled = std::ranges::any_of(report.entries, [&](const EntryReport& e) {
    return promise.family.empty() || e.family == promise.family;
  });
  for (const std::string& kernel : promise.kernels) {
    if (compiled && !seen.contains(kernel)) {
      found.push_back({fmt::format("{}/{}/{}", kernel, promise.dtype, promise.family),
                       fmt::format("is promised {} but was not compiled{}",
                                   promise.of_machine_code()      ? "exponentials"
                                   : promise.instructions.empty() ? "loads"
                                                                  : "a matrix instruction",
                                   promise.type.empty() ? "" : " with " + promise.type)});
    }
  }
}

// A kernel of products that no promise of its family names: one that came later than they.
void check_named(const EntryReport& e, const std::vector<Promise>& promised,
                 std::vector<Failure>& found) {
  bool others = false;
  for (const Promise& promise : promised) {
    if (promise.family.empty() || promise.family != e.family) continue;
    if (std::ranges::find(promise.kernels, e.name.kernel) != promise.kernels.end()) return;
    others = true;
  }
  // A FlatSchedule is two numbers, those of tiles are more.
  if (others && std::ranges::count(e.name.schedule, '-') > 1) {
    found.push_back({e.text(),
                     "multiplies, and nothing is promised of it: name the kernel in "
                     "bench/codegen/promises.cpp"});
  }
}

}  // namespace

std::vector<Failure> failures(const Report& report, const std::vector<Promise>& promised,
                              const std::vector<Spilling>& known) {
  std::vector<Failure> found;
  for (const auto& [unit, error] : report.errors) found.push_back({unit, error});
  for (const auto& [unit, messages] : report.messages) {
    for (const std::string& message : messages) found.push_back({unit, message});
  }
  for (const EntryReport& e : report.entries) {
    const bool known_to =
        std::ranges::any_of(known, [&](const Spilling& k) { return is_of(k, e); });
    check_registers(e, known_to, found);
    check_occupancy(e, found);
    check_named(e, promised, found);
  }
  for (const Promise& promise : promised) check_promise(report, promise, found);
  for (const Spilling& k : known) {
    const auto of_family = [&](const EntryReport& e) { return e.family == k.family; };
    if (std::ranges::any_of(report.entries, of_family) &&
        std::ranges::none_of(report.entries,
                             [&](const EntryReport& e) { return is_of(k, e) && spills(e); })) {
      found.push_back({fmt::format("{}/{}/{}", k.kernel, k.dtype, k.family),
                       "no kernel spills any more: take it from spilling() in "
                       "bench/codegen/promises.cpp"});
    }
  }
  return found;
}

std::vector<Failure> known_spills(const Report& report, const std::vector<Spilling>& known) {
  std::vector<Failure> found;
  for (const EntryReport& e : report.entries) {
    const auto k = std::ranges::find_if(known, [&](const Spilling& s) { return is_of(s, e); });
    if (k != known.end() && spills(e)) found.push_back({e.text(), k->why});
  }
  return found;
}

std::vector<Failure> skipped(const Report& report, const std::vector<Promise>& promised) {
  std::vector<Failure> found;
  for (const Promise& promise : promised) {
    if (!promise.of_machine_code()) continue;
    for (const EntryReport& e : report.entries) {
      const auto why = report.not_disassembled.find(e.backend);
      if (!concerns(promise, e) || e.exponentials || why == report.not_disassembled.end()) continue;
      found.push_back(
          {e.text(), fmt::format("{}: {}",
                                 promise.hidden_exponentials ? "exponentials before their wait"
                                                             : "exponentials without rescue",
                                 why->second)});
    }
  }
  return found;
}

}  // namespace moat::codegen
