// SPDX-License-Identifier: Apache-2.0
#include "bench/codegen/table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "backends/descriptor.hpp"

namespace moat::codegen {
namespace {

std::string spills(const EntryReport& e) {
  if (e.spill_store_bytes) {
    return fmt::format("{}/{} B", *e.spill_store_bytes, e.spill_load_bytes.value_or(0));
  }
  return fmt::format("{}v {}s", e.vector_spills.value_or(0), e.scalar_spills.value_or(0));
}

std::string registers(const EntryReport& e) {
  if (!e.scalar_registers) return fmt::format("{}", e.registers);
  const int accumulation = e.accumulation_registers.value_or(0);
  return accumulation > 0
             ? fmt::format("{}v ({}a) {}s", e.registers, accumulation, *e.scalar_registers)
             : fmt::format("{}v {}s", e.registers, *e.scalar_registers);
}

std::string occupancy_text(const EntryReport& e) {
  if (!e.occupancy) return "not known";
  return fmt::format("{} x {}/{} {}", e.occupancy->blocks, e.occupancy->waves,
                     e.occupancy->max_waves, e.occupancy->limit);
}

int matrix_count(const EntryReport& e) {
  int sum = 0;
  for (const auto& [opcode, count] : e.instructions.matrix) sum += count;
  return sum;
}

std::string of(int part, int whole) { return fmt::format("{}/{}", part, whole); }

std::string optional_text(const std::optional<int>& value) {
  return value ? fmt::format("{}", *value) : "";
}

}  // namespace

std::string table(const Report& report) {
  std::string text;
  const auto out = std::back_inserter(text);
  std::string architecture;
  std::size_t width = 6;
  for (const EntryReport& e : report.entries) width = std::max(width, e.name.text().size());
  for (const EntryReport& e : report.entries) {
    if (e.architecture != architecture) {
      architecture = e.architecture;
      const std::string limits = occupancy_source(architecture);
      fmt::format_to(
          out, "{}{} ({}/{}), instructions counted in {}\n{}\n", text.empty() ? "" : "\n",
          architecture, e.backend, e.family, backend_descriptor(e.backend).counted_in,
          limits.empty() ? "its limits are not known, so there is no occupancy" : limits);
      fmt::format_to(out,
                     "{:<{}}  {:>16}  {:>9}  {:>5}  {:>13}  {:>7}  {:<24}  {:>6}  {:>9}  {:>8}  "
                     "{:>3}  {:>6}  {:>9}  {:>7}\n",
                     "kernel", width, "registers", "spills", "stack", "shared", "threads",
                     "blocks x waves, limit", "matrix", "wide g.ld", "cp.async", "TMA", "buffer",
                     "wide s.ld", "code");
    }
    const Instructions& i = e.instructions;
    fmt::format_to(out,
                   "{:<{}}  {:>16}  {:>9}  {:>5}  {:>13}  {:>7}  {:<24}  {:>6}  {:>9}  {:>8}  "
                   "{:>3}  {:>6}  {:>9}  {:>7}\n",
                   e.name.text(), width, registers(e), spills(e), e.stack_bytes,
                   fmt::format("{}+{}", e.static_shared_bytes, e.name.dynamic_shared_bytes),
                   e.threads, occupancy_text(e), matrix_count(e),
                   of(i.global_loads_wide, i.global_loads), i.async_copies, i.box_copies,
                   of(i.loads_ahead, i.ranged_loads), of(i.shared_loads_wide, i.shared_loads),
                   e.code_bytes);
  }
  for (const auto& [unit, messages] : report.messages) {
    for (const std::string& m : messages) fmt::format_to(out, "{}: {}\n", unit, m);
  }
  for (const auto& [unit, error] : report.errors) fmt::format_to(out, "{}: {}\n", unit, error);
  for (const auto& [backend, why] : report.absent)
    fmt::format_to(out, "absent: {}: {}\n", backend, why);
  for (const auto& [backend, why] : report.not_disassembled) {
    fmt::format_to(out, "not disassembled: {}: {}\n", backend, why);
  }
  return text;
}

std::string csv(const Report& report) {
  std::string text =
      "name,source,kernel,dtype,variant,schedule,backend,family,architecture,registers,"
      "accumulation_registers,scalar_registers,spill_store_bytes,spill_load_bytes,vector_spills,"
      "scalar_spills,stack_bytes,static_shared_bytes,dynamic_shared_bytes,threads,min_blocks,"
      "occupancy_blocks,occupancy_waves,occupancy_max_waves,occupancy_limit,matrix_instructions,"
      "global_loads,global_loads_wide,async_copies,box_copies,ranged_loads,loads_ahead,"
      "global_stores,global_stores_wide,shared_loads,shared_loads_wide,code_bytes\n";
  const auto out = std::back_inserter(text);
  for (const EntryReport& e : report.entries) {
    const Instructions& i = e.instructions;
    const std::string occupied =
        e.occupancy ? fmt::format("{},{},{},{}", e.occupancy->blocks, e.occupancy->waves,
                                  e.occupancy->max_waves, e.occupancy->limit)
                    : ",,,";
    fmt::format_to(out,
                   "{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{"
                   "},{},{},{},{},{},{},{}\n",
                   e.text(), e.source, e.name.kernel, e.name.dtype, e.name.variant, e.name.schedule,
                   e.backend, e.family, e.architecture, e.registers,
                   optional_text(e.accumulation_registers), optional_text(e.scalar_registers),
                   optional_text(e.spill_store_bytes), optional_text(e.spill_load_bytes),
                   optional_text(e.vector_spills), optional_text(e.scalar_spills), e.stack_bytes,
                   e.static_shared_bytes, e.name.dynamic_shared_bytes, e.threads,
                   optional_text(e.min_blocks), occupied, matrix_count(e), i.global_loads,
                   i.global_loads_wide, i.async_copies, i.box_copies, i.ranged_loads, i.loads_ahead,
                   i.global_stores, i.global_stores_wide, i.shared_loads, i.shared_loads_wide,
                   e.code_bytes);
  }
  return text;
}

}  // namespace moat::codegen
