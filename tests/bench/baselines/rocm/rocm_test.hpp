// SPDX-License-Identifier: Apache-2.0
// What the tests of ROCm's libraries share: a device in host memory, and stand-ins.
#pragma once

#include <array>
#include <span>
#include <string>
#include <utility>

#include "bench/baselines/rocm_library.hpp"
#include "tests/bench/baselines/library_test.hpp"
#include "tests/support/host_memory.hpp"

namespace moat {

// A device of the HIP backend as far as libraries see one. It solves nothing itself.
class RocmDevice final : public HostMemory {
 public:
  explicit RocmDevice(const std::string& runtime = "7.0.51831",
                      const std::string& architecture = "gfx942:sramecc+:xnack-") {
    info_.backend = "hip";
    info_.name = "in host memory";
    info_.runtime = runtime;
    info_.architecture = architecture;
  }

  void run(const Problem&) override { throw DeviceError("this device has no kernels"); }
  void* stream() override { return &stream_; }

 private:
  int stream_ = 0;
};

// How a baseline of ROCm is opened from files and a folder.
using OpenRocm = void(Device&, std::span<const RocmFile>, const std::string& folder, Baselines&);

// A library's stand-in.
class RocmStandin {
 public:
  // `name` is that of a file beside the test, for ROCm 7.
  RocmStandin(OpenRocm* how, std::string name) : open_(how), files_{RocmFile{7, std::move(name)}} {}

  standin::State& state() const {
    const SharedLibrary library(files_[0].name, MOAT_STANDINS);
    return *library.symbol<standin::State*()>("standin_state")();
  }

  Baselines open(Device& device) const {
    Baselines baselines;
    open_(device, files_, MOAT_STANDINS, baselines);
    return baselines;
  }

  // Why the baseline is absent on a device.
  std::string absence(Device& device) const {
    const Baselines baselines = open(device);
    return baselines.absent.empty() ? "it is there" : baselines.absent.at(0).reason;
  }

 private:
  OpenRocm* open_;
  std::array<RocmFile, 1> files_;
};

}  // namespace moat
