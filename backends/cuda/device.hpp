// SPDX-License-Identifier: Apache-2.0
// Devices that the CUDA runtime lists.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "backends/device.hpp"
#include "backends/plan.hpp"

namespace moat {

DeviceList list_cuda_devices();

LaunchPlan plan_on_cuda(const KnownDevice& device, const Problem& problem,
                        const std::string& schedule);

namespace cuda {

// Architecture of a device of compute capability major.minor if one of the built ones (such as
// 80 90a) runs on it: code runs on later minor versions of its major one; 90a only on 9.0.
std::optional<std::string> architecture_of(int major, int minor, std::string_view built);

// Which family's kernels an architecture runs, as backend.cmake says.
std::string_view family_of(std::string_view architecture);

// As DeviceInfo has it: sm_90's add up in 13 bits (Xie et al., 2025, arXiv:2511.10909).
std::optional<int> code_sum_bits(std::string_view architecture);

}  // namespace cuda
}  // namespace moat
