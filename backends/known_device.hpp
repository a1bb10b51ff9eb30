// SPDX-License-Identifier: Apache-2.0
// Devices that are known from documents.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace moat {

// A device as its vendor's documents describe it. What they do not tell is empty.
struct KnownDevice {
  std::string_view id;            // on a command line
  std::string_view name;          // the vendor's
  std::string_view architecture;  // as the vendor's compiler names it
  std::string_view source;        // of the figures
  int compute_units = 0;
  std::size_t block_shared_bytes = 0;     // the most that a block may have
  std::size_t unit_shared_bytes = 0;      // of all blocks that a unit holds
  std::size_t reserved_shared_bytes = 0;  // of these, that the system takes for each block
  int unit_threads = 0;                   // the most that a unit holds
  std::optional<int> clock_mhz{};         // the boost clock
  std::optional<double> cache_bytes{};    // of the last level
  std::optional<double> memory_rate{};    // bytes/s
  std::optional<double> cache_rate{};     // bytes/s that all units together read from their L2
  // Dense peaks, FLOP/s: of matrix units with operands of each type and sums of f32, and of the
  // lanes' multiplications and additions.
  std::optional<double> f16{};
  std::optional<double> bf16{};
  std::optional<double> f32{};
  std::optional<double> tf32{};
  std::optional<double> fp8{};
  std::optional<double> lanes_f32{};
};

}  // namespace moat
