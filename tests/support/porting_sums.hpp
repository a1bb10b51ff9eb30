// SPDX-License-Identifier: Apache-2.0
// The porting section of a record that counts no port.
#pragma once

#include <nlohmann/json.hpp>

#include "bench/record/porting.hpp"

namespace moat {

inline Json no_porting_sums() {
  return {{"schema", "moat-porting-sums"},
          {"version", kPortingSumsVersion},
          {"baseline", "cuda"},
          {"ports", Json::object()},
          {"divergence", Json::object()},
          {"null_reasons", Json::object()}};
}

}  // namespace moat
