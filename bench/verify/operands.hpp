// SPDX-License-Identifier: Apache-2.0
// Inputs of a problem on the host, and its operands on a device.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "backends/device.hpp"
#include "bench/verify/outputs.hpp"
#include "problems/problem.hpp"

namespace moat {

// Random inputs of a problem on the host, with values among them on which each term of its formula
// depends (fill.hpp).
class Inputs {
 public:
  // Shape and dtype count, pointers are ignored. The same seed gives the same inputs on any machine
  // and with any number of threads. `first_kind` is that of the first row or query (fill.hpp).
  // Throws CaseError if the problem is not a case, std::bad_alloc.
  Inputs(const Problem& shape, std::uint64_t seed, int first_kind = 0);

  // The values of `own`, but for an eighth of each input, somewhere, which is that of `other`: a
  // kernel that knows its inputs by a few of their elements takes them for its own. Both are of the
  // same problem.
  Inputs(const Inputs& own, const Inputs& other, std::uint64_t seed);

  // Points to the inputs on the host; its outputs are null.
  const Problem& problem() const { return problem_; }

 private:
  struct Free {
    void operator()(void* p) const noexcept;
  };

  void* make(const Operand& o, std::uint64_t seed);

  std::vector<std::unique_ptr<void, Free>> buffers_;
  Problem problem_;
};

// A set of operands on a device: one copy of the inputs and, for each implementation, memory for
// all outputs, so that none can pass with what another wrote. "An output" is that memory of one
// implementation. Move-only. Further sets made from the same
// Inputs are equal to it at other addresses.
class Operands {
 public:
  // Outputs are poisoned. Throws OutOfMemory; what was allocated is released.
  Operands(Device& device, const Inputs& inputs, int outputs = 1);

  // Points to the device's memory.
  const Problem& problem(int output = 0) const { return problems_.at(output); }

  int outputs() const { return static_cast<int>(problems_.size()); }

  void poison(int output);

  // The other state before an output is written: finite numbers, so that a kernel which writes
  // where it finds poison leaves them. The guard stays poison, and so does an output with gaps
  // or of which not all is used.
  void soil(int output);

  // Replaces the values of the inputs by the host's. Of the same problem as those it was made from.
  void load(const Problem& host);

  // The first input that does not hold the host's values any more, by its name; empty if all do.
  std::string changed_input(const Problem& host) const;

  // Changes bytes of an output, from `offset` on.
  void overwrite(int output, std::size_t offset, std::span<const std::byte> bytes);

  // outputs_bytes(problem) and kGuardBytes of the output, on the host.
  std::vector<std::byte> download(int output) const;
  // The same into memory that is used again.
  void download(int output, std::vector<std::byte>& bytes) const;

  // Device memory that such a set takes.
  static std::uint64_t bytes(const Problem& shape, int outputs = 1);

 private:
  struct Release {
    Device* device;
    void operator()(void* p) const noexcept { device->release(p); }
  };
  using Buffer = std::unique_ptr<void, Release>;

  Buffer allocate(std::size_t bytes);

  Device* device_;
  std::size_t output_size_;  // with the guard
  std::vector<Buffer> inputs_;
  std::vector<Buffer> outputs_;
  std::vector<Problem> problems_;  // one per output
};

}  // namespace moat
