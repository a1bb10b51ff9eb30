// SPDX-License-Identifier: Apache-2.0
#include "bench/baselines/host_libraries.hpp"

#include "bench/baselines/onednn.hpp"
#include "bench/baselines/openblas.hpp"
#include "bench/baselines/plain.hpp"
#include "bench/baselines/widened.hpp"
#include "bench/baselines/yardsticks.hpp"

namespace moat {

void open_host_libraries(Device& device, Baselines& baselines) {
  const int threads = device.info().compute_units;
  open_onednn(threads, baselines);
  if (!baselines.found.empty()) {
    baselines.found.push_back(make_widened(*baselines.found.back(), threads));
  }
  open_openblas(threads, device.info().architecture, baselines);
  baselines.found.push_back(make_plain(threads));
  baselines.yardsticks = make_yardsticks(threads);
  baselines.product = make_product_yardstick();
}

}  // namespace moat
