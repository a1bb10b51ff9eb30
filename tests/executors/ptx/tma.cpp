// SPDX-License-Identifier: Apache-2.0
// cp.async.bulk.tensor (PTX ISA, "Data Movement and Conversion Instructions: Bulk copy").
#include <fmt/format.h>

#include <algorithm>

#include "tests/executors/ptx/block.hpp"
#include "tests/executors/ptx/each_lane.hpp"
#include "tests/executors/ptx/tensor_map.hpp"

namespace moat::ptx {
namespace {

constexpr std::size_t kTmaAlignment = 128;  // of the destination

// Calls f(address, bytes) for each run of the box's part that lies in the tensor.
template <class F>
void each_run(const emulator::TensorLoad& load, F f) {
  const emulator::TensorMap& map = load.map;
  const auto rank = static_cast<std::size_t>(map.rank);
  std::array<s64, emulator::kMaxRank> begin{};
  std::array<s64, emulator::kMaxRank> end{};
  for (std::size_t d = 0; d < rank; ++d) {
    begin[d] = std::max<s64>(load.at[d], 0);
    end[d] = std::min<s64>(s64{load.at[d]} + map.box[d], static_cast<s64>(map.sizes[d]));
    if (begin[d] >= end[d]) return;
  }
  auto at = begin;
  const auto element = static_cast<u64>(map.element_bytes);
  while (true) {
    u64 address = reinterpret_cast<u64>(map.address) + static_cast<u64>(begin[0]) * element;
    for (std::size_t d = 1; d < rank; ++d) address += static_cast<u64>(at[d]) * map.strides[d];
    f(address, static_cast<u64>(end[0] - begin[0]) * element);
    std::size_t d = 1;
    for (; d < rank; ++d) {
      if (++at[d] < end[d]) break;
      at[d] = begin[d];
    }
    if (d >= rank) return;
  }
}

}  // namespace

void Warp::tma(const Instruction& i, u32 mask) {
  each_lane(mask, [&](int lane) {
    const u64 where = address(i, 1, lane);
    const unsigned char* bytes = nullptr;
    if (where >= kGenericParam) {
      // As the kernel declares its parameters, and no better, they are aligned.
      const u64 offset = where - kGenericParam - kParamWindow;
      const auto parameters = block_.grid().parameters;
      if (offset + kTensorMapBytes > parameters.size()) fail(lane, "no tensor map there");
      bytes = parameters.data() + offset;
    } else {
      GlobalMemory::Allocation& a = global(where, kTensorMapBytes, kTensorMapAlignment, lane);
      read_global(a, where - a.begin(), kTensorMapBytes, lane);
      bytes = a.data + (where - a.begin());
    }
    if (reinterpret_cast<std::uintptr_t>(bytes) % kTensorMapAlignment != 0) {
      fail(lane, fmt::format("the tensor map is not aligned to {} bytes", kTensorMapAlignment));
    }
    const auto map = decode(bytes);
    if (!map) fail(lane, "no encoded tensor map lies there");
    if (map->rank != i.count) {
      fail(lane, fmt::format("{} coordinates for a tensor of rank {}", i.count, map->rank));
    }
    emulator::TensorLoad load{.map = *map};
    load.to = shared_offset(address(i, 0, lane), emulator::box_bytes(*map), kTmaAlignment, lane);
    for (int d = 0; d < i.count; ++d) {
      load.at[static_cast<std::size_t>(d)] = static_cast<int>(values<u32>(operand(i, 2 + d))[lane]);
    }
    each_run(load, [&](u64 address_of_run, std::size_t size) {
      GlobalMemory::Allocation& a = global(address_of_run, size, 1, lane);
      const std::size_t offset = address_of_run - a.begin();
      if (!a.initialised(offset, size)) {
        fail(lane, fmt::format("copies global memory that nothing wrote, in {} bytes at byte {} of "
                               "{}",
                               size, offset, a.bytes));
      }
      if (a.writes.empty()) return;
      for (std::size_t k = a.first(offset); k < a.end(offset, size); ++k) {
        if (a.writes[k].launch != block_.grid().launch) continue;
        fail(lane, fmt::format("copies through the asynchronous proxy what this launch wrote, {}",
                               kernel_.describe(a.writes[k].pc)));
      }
    });
    block_.load(*this, lane, address(i, 2 + i.count, lane), load, pc_);
  });
}

}  // namespace moat::ptx
