// SPDX-License-Identifier: Apache-2.0
#include "bench/verify/expected.hpp"

#include <fmt/format.h>

#include "bench/verify/random.hpp"

namespace moat {
namespace {

// First element of each kind of fault, as row · cols + col.
struct Faults {
  static constexpr std::int64_t kNone = std::numeric_limits<std::int64_t>::max();
  std::int64_t unwritten_count = 0;
  std::int64_t unwritten = kNone;
  std::int64_t nan_count = 0;
  std::int64_t nan = kNone;
  std::int64_t gap = kNone;  // row whose gap was written
};

template <class T>
Faults scan(const T* x, std::int64_t rows, std::int64_t cols, std::int64_t stride) {
  // Bytes are compared: a NaN equals nothing.
  const auto poisoned = [](const T& value) {
    const auto* bytes = reinterpret_cast<const unsigned char*>(&value);
    return std::all_of(bytes, bytes + sizeof(T), [](unsigned char b) { return b == kPoison; });
  };
  Faults all;
#pragma omp parallel
  {
    Faults mine;
#pragma omp for schedule(static) nowait
    for (std::int64_t r = 0; r < rows; ++r) {
      const T* row = x + r * stride;
      // NaNs are rare: a first pass that the compiler vectorises tells whether to look for them.
      int nans = 0;
      for (std::int64_t c = 0; c < cols; ++c) {
        const float value = to_float(row[c]);
        nans += value != value ? 1 : 0;
      }
      for (std::int64_t c = 0; nans > 0 && c < cols; ++c) {
        if (!std::isnan(to_float(row[c]))) continue;
        const bool unwritten = poisoned(row[c]);
        ++(unwritten ? mine.unwritten_count : mine.nan_count);
        std::int64_t& first = unwritten ? mine.unwritten : mine.nan;
        first = std::min(first, r * cols + c);
      }
      for (std::int64_t c = cols; r + 1 < rows && c < stride; ++c) {
        if (!poisoned(row[c])) mine.gap = std::min(mine.gap, r);
      }
    }
#pragma omp critical(moat_faults)
    {
      all.unwritten_count += mine.unwritten_count;
      all.nan_count += mine.nan_count;
      all.unwritten = std::min(all.unwritten, mine.unwritten);
      all.nan = std::min(all.nan, mine.nan);
      all.gap = std::min(all.gap, mine.gap);
    }
  }
  return all;
}

}  // namespace

void fail(Check& check, const std::string& message) {
  check.passed = false;
  check.error_over_bound = std::numeric_limits<double>::infinity();
  if (check.message.empty()) check.message = message;
}

void Judge::report(Check& check, const std::function<std::string(std::int64_t)>& where) const {
  check.checked += checked_;
  if (ratio_ == 0 || ratio_ <= check.error_over_bound) return;
  check.error_over_bound = ratio_;
  check.worst = worst_;
  check.worst->where = where(index_);
  if (ratio_ > 1) {
    check.passed = false;
    check.message = fmt::format("{}: got {}, want {} ± {:.3g}", check.worst->where, worst_.got,
                                worst_.want, worst_.bound);
  }
}

void check_guard(Check& check, const std::byte* output, std::size_t size) {
  for (std::size_t i = 0; i < kGuardBytes; ++i) {
    if (output[size + i] != std::byte{kPoison}) {
      fail(check, fmt::format("byte {} behind the end of the output was written", i));
      return;
    }
  }
}

void check_written(Check& check, const std::byte* output, DType dtype, std::int64_t rows,
                   std::int64_t cols, std::int64_t stride, bool guarded,
                   const std::function<std::string(std::int64_t, std::int64_t)>& where) {
  const Faults faults = with_dtype(dtype, [&]<class T>(Type<T>) {
    return scan(reinterpret_cast<const T*>(output), rows, cols, stride);
  });
  const auto name = [&](std::int64_t i) { return where(i / cols, i % cols); };
  if (faults.unwritten_count > 0) {
    fail(check, fmt::format("{} of {} elements were never written, first {}",
                            faults.unwritten_count, rows * cols, name(faults.unwritten)));
  }
  if (faults.nan_count > 0) {
    fail(check, fmt::format("{} of {} elements are NaN, first {}", faults.nan_count, rows * cols,
                            name(faults.nan)));
  }
  if (faults.gap != Faults::kNone) {
    fail(check, fmt::format("the gap behind row {} was written", faults.gap));
  }
  if (guarded) {
    const auto elements = static_cast<std::size_t>((rows - 1) * stride + cols);
    check_guard(check, output, elements * size_of(dtype));
  }
}

std::vector<int> stratified(std::int64_t count, double wanted, std::uint64_t seed) {
  std::vector<int> picked;
  if (static_cast<double>(count) <= wanted + 4) {
    for (std::int64_t i = 0; i < count; ++i) picked.push_back(static_cast<int>(i));
    return picked;
  }
  const auto strata = std::max<std::int64_t>(1, static_cast<std::int64_t>(wanted));
  for (const std::int64_t i : {std::int64_t{0}, std::int64_t{1}, count - 2, count - 1}) {
    picked.push_back(static_cast<int>(i));
  }
  for (std::int64_t s = 0; s < strata; ++s) {
    const std::int64_t begin = s * (count / strata) + std::min(s, count % strata);
    const std::int64_t width = count / strata + (s < count % strata ? 1 : 0);
    const std::uint64_t bits = random_bits(seed, static_cast<std::uint64_t>(s));
    picked.push_back(static_cast<int>(
        begin + static_cast<std::int64_t>(bits % static_cast<std::uint64_t>(width))));
  }
  std::ranges::sort(picked);
  const auto [first, last] = std::ranges::unique(picked);
  picked.erase(first, last);
  return picked;
}

}  // namespace moat
