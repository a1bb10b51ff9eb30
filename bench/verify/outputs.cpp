// SPDX-License-Identifier: Apache-2.0
#include "bench/verify/outputs.hpp"

#include <type_traits>

namespace moat {

std::vector<OutputPlace> output_places(const Problem& problem) {
  std::vector<OutputPlace> places;
  std::size_t end = 0;
  for (const Operand& o : outputs_of(problem)) {
    const std::size_t offset =
        places.empty() ? 0 : ceil_div(end + kGuardBytes, kGuardBytes) * kGuardBytes;
    const std::size_t bytes = static_cast<std::size_t>(extent(o)) * element_bytes(o);
    places.push_back({.operand = o, .offset = offset, .bytes = bytes});
    end = offset + bytes;
  }
  return places;
}

std::size_t outputs_bytes(const Problem& problem) {
  const OutputPlace last = output_places(problem).back();
  return last.offset + last.bytes;
}

void set_outputs(Problem& problem, void* base) {
  const std::vector<OutputPlace> places = output_places(problem);
  std::size_t next = 0;
  for_each_operand(problem, [&](const Operand&, auto& pointer) {
    if constexpr (std::is_same_v<decltype(pointer), void*&>) {
      const std::size_t offset = places.at(next++).offset;
      pointer = base == nullptr ? nullptr : static_cast<std::byte*>(base) + offset;
    }
  });
}

}  // namespace moat
