// SPDX-License-Identifier: Apache-2.0
// Devices that the HIP runtime lists.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "backends/device.hpp"
#include "backends/plan.hpp"

namespace moat {

DeviceList list_hip_devices();

LaunchPlan plan_on_hip(const KnownDevice& device, const Problem& problem,
                       const std::string& schedule);

namespace hip {

// gfx90a of gfx90a:sramecc+:xnack-
std::string base_architecture(std::string_view target);

// Whether one of the built architectures (such as gfx90a gfx942) runs on `target`.
bool runs_on(std::string_view target, std::string_view built);

// Compute units of a device for which the runtime counts multiprocessors: from gfx10 on these are
// work-group processors of two (ROCm's CLR, enableWgpMode_).
int compute_units(std::string_view architecture, int counted);

// Whether MFMA takes f16 and bf16 numbers that are subnormal for zero: MI200's does (ROCm, MIOpen,
// "MI200 matrix fused multiply-add (MFMA) behavior specifics").
bool flushes_subnormals(std::string_view architecture);

// Why the runtime of this version sees no device, where the driver has those of `architectures`.
std::string none_visible(const std::vector<std::string>& architectures, std::string_view version);

// Which family's kernels an architecture runs, as backend.cmake says.
std::string_view family_of(std::string_view architecture);

}  // namespace hip
}  // namespace moat
