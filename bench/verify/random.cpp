// SPDX-License-Identifier: Apache-2.0
#include "bench/verify/random.hpp"

#include <algorithm>
#include <cstring>

namespace moat {

void fill_uniform(void* data, DType dtype, std::int64_t count, std::uint64_t seed) {
  with_dtype(dtype, [&]<class T>(Type<T>) {
    auto* x = static_cast<T*>(data);
    const std::int64_t pairs = count / 2;
#pragma omp parallel for schedule(static)
    for (std::int64_t i = 0; i < pairs; ++i) {
      const std::uint64_t bits = random_bits(seed, static_cast<std::uint64_t>(i));
      x[2 * i] = from_float<T>(symmetric_uniform(static_cast<std::uint32_t>(bits)));
      x[2 * i + 1] = from_float<T>(symmetric_uniform(static_cast<std::uint32_t>(bits >> 32)));
    }
    if (count % 2 != 0) {
      const std::uint64_t bits = random_bits(seed, static_cast<std::uint64_t>(pairs));
      x[count - 1] = from_float<T>(symmetric_uniform(static_cast<std::uint32_t>(bits)));
    }
  });
}

void fill_bits(void* data, std::int64_t count, std::uint64_t seed) {
  auto* x = static_cast<unsigned char*>(data);
  constexpr std::int64_t kWord = sizeof(std::uint64_t);
#pragma omp parallel for schedule(static)
  for (std::int64_t word = 0; word < ceil_div(count, kWord); ++word) {
    const std::uint64_t bits = random_bits(seed, static_cast<std::uint64_t>(word));
    const std::int64_t left = std::min(kWord, count - word * kWord);
    std::memcpy(x + word * kWord, &bits, static_cast<std::size_t>(left));
  }
}

}  // namespace moat
