// SPDX-License-Identifier: Apache-2.0
// A device and its ceilings as the record holds them.
#pragma once

#include "backends/device.hpp"
#include "bench/measure/ceilings.hpp"
#include "bench/record/record.hpp"

namespace moat {

DeviceRecord device_record(const DeviceInfo& info, const Ceilings& ceilings);

}  // namespace moat
