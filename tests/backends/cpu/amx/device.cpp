// SPDX-License-Identifier: Apache-2.0
// The device on which tests/kernels run here: it has the kernels of kernels.hpp, in bf16.
#include "backends/cpu/device.hpp"

#include <cstdlib>
#include <cstring>
#include <stdexcept>

#include "tests/backends/cpu/amx/kernels.hpp"

namespace moat::cpu {

namespace {

template <class P>
concept CompiledHere = requires(Backend& backend, const P& p) {
  testing::solve(backend, p);
};

class UnitDevice : public Device {
 public:
  explicit UnitDevice(int threads) : backend_(threads) { info_.backend = "cpu"; }

  const DeviceInfo& info() const override { return info_; }
  void* allocate(std::size_t bytes) override {
    constexpr std::size_t kAlignment = 256;
    return std::aligned_alloc(kAlignment, (bytes / kAlignment + 1) * kAlignment);
  }
  void release(void* p) noexcept override { std::free(p); }
  void upload(void* to, const void* from, std::size_t bytes) override {
    std::memcpy(to, from, bytes);
  }
  void download(void* to, const void* from, std::size_t bytes) override {
    std::memcpy(to, from, bytes);
  }
  void fill(void* p, unsigned char byte, std::size_t bytes) override {
    std::memset(p, byte, bytes);
  }
  void run(const Problem& problem) override {
    std::visit(
        [&]<class P>(const P& p) {
          if constexpr (CompiledHere<P>) {
            if (p.dtype == DType::bf16) return testing::solve(backend_, p);
          }
          throw std::invalid_argument("not among the kernels of this test");
        },
        problem);
  }
  void synchronize() override {}
  void start_timer() override {}
  void stop_timer() override {}
  double elapsed() override { return 0; }

 private:
  Backend backend_;
  DeviceInfo info_;
};

}  // namespace

std::unique_ptr<Device> make_device(int threads) { return std::make_unique<UnitDevice>(threads); }

}  // namespace moat::cpu
