// SPDX-License-Identifier: Apache-2.0
// An emulated architecture as a device of the harness.
#pragma once

#include <cstring>
#include <functional>
#include <list>
#include <new>
#include <string>
#include <utility>

#include "tests/emulator/emulator.hpp"
#include "tests/emulator/global_memory.hpp"
#include "tests/support/host_memory.hpp"

namespace moat::emulator {

// Solves problems with `program`; its memory is the host's. Time does not pass.
class EmulatedDevice : public HostMemory {
 public:
  explicit EmulatedDevice(std::function<void(const Problem&)> program)
      : program_(std::move(program)) {
    info_.backend = "emulator";
  }

  void* allocate(std::size_t bytes) override { return allocations_.emplace_back(bytes).data(); }
  void release(void* p) noexcept override {
    allocations_.remove_if([p](const Allocation& a) { return a.data() == p; });
  }
  // Throws Fault if something next to an allocation was overwritten.
  void run(const Problem& problem) override {
    program_(problem);
    for (const Allocation& a : allocations_) a.check();
  }

 private:
  // Memory between two guards, which read as NaN.
  class Allocation {
   public:
    explicit Allocation(std::size_t bytes)
        : bytes_(bytes),
          memory_(static_cast<unsigned char*>(::operator new(bytes + 2 * kGuard, kAlignment))),
          known_(data(), bytes) {
      std::memset(memory_, kGuardByte, bytes + 2 * kGuard);
    }
    ~Allocation() { ::operator delete(memory_, kAlignment); }
    Allocation(const Allocation&) = delete;
    Allocation& operator=(const Allocation&) = delete;
    Allocation(Allocation&&) = delete;
    Allocation& operator=(Allocation&&) = delete;

    unsigned char* data() const { return memory_ + kGuard; }

    void check() const {
      for (std::size_t i = 0; i < kGuard; ++i) {
        if (memory_[i] != kGuardByte) fail("before");
        if (data()[bytes_ + i] != kGuardByte) fail("after");
      }
    }

   private:
    static constexpr std::size_t kGuard = 256;
    static constexpr unsigned char kGuardByte = 0xff;

    [[noreturn]] void fail(const char* side) const {
      throw Fault("global memory was written right " + std::string(side) + " an allocation of " +
                  std::to_string(bytes_) + " bytes");
    }

    std::size_t bytes_;
    unsigned char* memory_;
    GlobalMemory known_;
  };

  std::list<Allocation> allocations_;
  std::function<void(const Problem&)> program_;
};

}  // namespace moat::emulator
