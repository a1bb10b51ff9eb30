// SPDX-License-Identifier: Apache-2.0
#include "tests/executors/ptx/launch.hpp"

#include <fmt/format.h>

#include <cstring>
#include <memory>
#include <vector>

#include "tests/executors/ptx/block.hpp"

namespace moat::ptx {
namespace {

// Memory whose address is a multiple of `alignment` and of no larger power of two.
class Aligned {
 public:
  Aligned(std::size_t bytes, std::size_t alignment) : memory_(bytes + 3 * alignment) {
    const auto begin = reinterpret_cast<std::uintptr_t>(memory_.data());
    const std::uintptr_t double_aligned = (begin + 2 * alignment - 1) / (2 * alignment);
    data_ = memory_.data() + (double_aligned * 2 * alignment + alignment - begin);
  }
  unsigned char* data() { return data_; }

 private:
  std::vector<unsigned char> memory_;
  unsigned char* data_;
};

}  // namespace

Counts launch(const Kernel& kernel, const Shape& shape, const void* const* parameters,
              GlobalMemory& memory) {
  static u32 launches = 0;
  if (shape.threads == 0 || shape.threads % kWarp != 0 || shape.threads > 1024) {
    throw Fault(fmt::format("a block of {} threads", shape.threads));
  }
  if (kernel.max_threads != 0 && static_cast<int>(shape.threads) > kernel.max_threads) {
    throw Fault(fmt::format("a block of {} threads of a kernel for at most {}", shape.threads,
                            kernel.max_threads));
  }
  Aligned arguments(kernel.parameter_bytes, kernel.parameter_alignment);
  for (std::size_t i = 0; i < kernel.parameters.size(); ++i) {
    const Parameter& p = kernel.parameters[i];
    std::memcpy(arguments.data() + p.offset, parameters[i], p.bytes);
  }
  Shape whole = shape;
  whole.shared_bytes = shape.shared_bytes == 0 ? kernel.static_shared_bytes
                                               : kernel.dynamic_shared_offset + shape.shared_bytes;
  Grid grid{.kernel = kernel,
            .shape = whole,
            .parameters = {arguments.data(), kernel.parameter_bytes},
            .memory = memory,
            .launch = ++launches,
            .published = {},
            .counts = {}};
  if (shape.visits != nullptr) shape.visits->resize(kernel.code.size());
  Aligned arena(whole.shared_bytes, 1024);
  emulator::Shadow shadow(whole.shared_bytes);
  for (u32 index = 0; index < shape.blocks; ++index) {
    std::memset(arena.data(), 0xff, whole.shared_bytes);
    if (index > 0) shadow.clear();
    Block(grid, index, arena.data(), shadow).run();
  }
  return grid.counts;
}

}  // namespace moat::ptx
