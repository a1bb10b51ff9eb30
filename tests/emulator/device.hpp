// An emulated architecture as a device of the harness.
#pragma once

#include <cstring>
#include <functional>
#include <list>
#include <new>
#include <string>
#include <utility>

#include "backends/device.hpp"
#include "tests/emulator/emulator.hpp"
#include "tests/emulator/global_memory.hpp"

namespace moat::emulator {

// Solves problems with `program`; its memory is the host's. Time does not pass.
class EmulatedDevice : public Device {
 public:
  explicit EmulatedDevice(std::function<void(const Problem&)> program)
      : program_(std::move(program)) {
    info_.backend = "emulator";
  }

  const DeviceInfo& info() const override { return info_; }

  void* allocate(std::size_t bytes) override { return allocations_.emplace_back(bytes).data(); }
  void release(void* p) noexcept override {
    allocations_.remove_if([p](const Allocation& a) { return a.data() == p; });
  }
  void upload(void* to, const void* from, std::size_t bytes) override {
    std::memcpy(to, from, bytes);
  }
  void download(void* to, const void* from, std::size_t bytes) override {
    std::memcpy(to, from, bytes);
  }
  void fill(void* p, unsigned char byte, std::size_t bytes) override {
    std::memset(p, byte, bytes);
  }

  // Throws Fault if something next to an allocation was overwritten.
  void run(const Problem& problem) override {
    program_(problem);
    for (const Allocation& a : allocations_) a.check();
  }
  void synchronize() override {}

  void start_timer() override {}
  void stop_timer() override {}
  double elapsed() override { return 0; }

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
    static constexpr std::align_val_t kAlignment{256};
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
  DeviceInfo info_;
};

}  // namespace moat::emulator
