// SPDX-License-Identifier: Apache-2.0
#include "bench/software/host_cache.hpp"

#include <fmt/format.h>

#include <fstream>
#include <map>
#include <set>
#include <string>

#include "backends/cpu/processor.hpp"

namespace moat {
namespace {

std::string first_line(const std::filesystem::path& file) {
  std::ifstream in(file);
  std::string line;
  std::getline(in, line);
  return line;
}

// 32768K or 1M; 0 for what is no size.
std::size_t size_of_text(const std::string& text) {
  std::size_t number = 0;
  std::size_t digits = 0;
  for (; digits < text.size() && text[digits] >= '0' && text[digits] <= '9'; ++digits) {
    number = number * 10 + static_cast<std::size_t>(text[digits] - '0');
  }
  const char unit = digits < text.size() ? text[digits] : ' ';
  return number << (unit == 'K' ? 10 : unit == 'M' ? 20 : 0);
}

}  // namespace

std::vector<int> processors_of_threads(int threads) {
  std::set<int> all;
#pragma omp parallel num_threads(threads)
  {
    const std::vector<int> own = cpu::allowed_processors();
#pragma omp critical(moat_processors_of_threads)
    all.insert(own.begin(), own.end());
  }
  return {all.begin(), all.end()};
}

std::optional<std::size_t> last_level_caches(const std::vector<int>& processors,
                                             const std::filesystem::path& root) {
  std::map<std::string, std::size_t> sizes;  // by the processors that share a cache
  for (const int processor : processors) {
    std::string shared_by;
    std::size_t last = 0;
    constexpr int kMostCaches = 8;
    for (int index = 0; index < kMostCaches; ++index) {
      const auto cache = root / fmt::format("cpu{}/cache/index{}", processor, index);
      if (first_line(cache / "type") == "Instruction") continue;
      const std::size_t bytes = size_of_text(first_line(cache / "size"));
      if (bytes <= last) continue;
      last = bytes;
      shared_by = first_line(cache / "shared_cpu_list");
    }
    if (last == 0) return std::nullopt;
    sizes[shared_by.empty() ? std::to_string(processor) : shared_by] = last;
  }
  if (sizes.empty()) return std::nullopt;
  std::size_t sum = 0;
  for (const auto& [_, bytes] : sizes) sum += bytes;
  return sum;
}

}  // namespace moat
