// SPDX-License-Identifier: Apache-2.0
#include "backends/toy/device.hpp"

#include <memory>
#include <variant>

#include "backends/toy/toy1_backend.hpp"
#include "backends/vocabulary/launchers.hpp"
#include "families.hpp"
#include "tests/emulator/device.hpp"

namespace moat {

MOAT_LAUNCHERS_COMPILED_ELSEWHERE(ThisBackend)

namespace {

class ToyDevice final : public emulator::EmulatedDevice {
 public:
  ToyDevice() : EmulatedDevice([](const Problem& problem) {
    ThisBackend backend;
    std::visit([&](const auto& p) { launch(backend, p); }, problem);
  }) {
    info_.backend = "toy";
    info_.name = "Toy 1";
    info_.architecture = "toy1";
    info_.compute_units = toy::Schedules::kReference.compute_units;
  }
};

}  // namespace

DeviceList list_toy_devices() {
  DeviceList list;
  list.devices.push_back(std::make_unique<ToyDevice>());
  return list;
}

}  // namespace moat
