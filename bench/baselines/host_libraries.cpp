// SPDX-License-Identifier: Apache-2.0
#include "bench/baselines/host_libraries.hpp"

#include "bench/baselines/blis.hpp"
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
  open_blis(threads, baselines);
  // Its products of f32, f16 and bf16 would be the same problem as ours: A·Wᵀ into f32.
  baselines.absent.push_back(
      {"ggml",
       "nobody has written its products with ggml here; those of q4_0, q8_0 and mxfp4 round A to 8 "
       "bits (Q8_0), which is another problem than ours"});
  baselines.found.push_back(make_plain(threads));
  baselines.yardsticks = make_yardsticks(threads);
  baselines.product = make_product_yardstick();
}

}  // namespace moat
