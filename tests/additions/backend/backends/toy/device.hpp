// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "backends/device.hpp"

namespace moat {
DeviceList list_toy_devices();
}  // namespace moat
