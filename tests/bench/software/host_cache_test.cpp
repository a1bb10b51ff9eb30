// SPDX-License-Identifier: Apache-2.0
#include "bench/software/host_cache.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <string>

#include "tests/support/temporary_folder.hpp"

namespace moat {
namespace {

class HostCache : public testing::Test {
 protected:
  void add(int processor, int index, const std::string& type, const std::string& size,
           const std::string& shared_by) {
    const auto folder = temporary_.path() / ("cpu" + std::to_string(processor)) / "cache" /
                        ("index" + std::to_string(index));
    std::filesystem::create_directories(folder);
    std::ofstream(folder / "type") << type << '\n';
    std::ofstream(folder / "size") << size << '\n';
    std::ofstream(folder / "shared_cpu_list") << shared_by << '\n';
  }

  std::optional<std::size_t> of(const std::vector<int>& processors) const {
    return last_level_caches(processors, temporary_.path());
  }

  TemporaryFolder temporary_;
};

TEST_F(HostCache, CountsEachSharedCacheOnce) {
  for (int p = 0; p < 4; ++p) {
    add(p, 0, "Data", "48K", std::to_string(p));
    add(p, 1, "Instruction", "64M", std::to_string(p));
    add(p, 2, "Unified", "32768K", p < 2 ? "0-1" : "2-3");
  }
  EXPECT_EQ(of({0, 1}), std::size_t{32} << 20);
  EXPECT_EQ(of({1}), std::size_t{32} << 20);
  EXPECT_EQ(of({1, 2}), std::size_t{64} << 20);
  EXPECT_EQ(of({0, 1, 2, 3}), std::size_t{64} << 20);
}

TEST_F(HostCache, IsUnknownWhereTheSystemDoesNotTell) {
  EXPECT_FALSE(of({}));
  EXPECT_FALSE(of({0}));
  add(0, 0, "Unified", "1M", "0");
  EXPECT_EQ(of({0}), std::size_t{1} << 20);
  EXPECT_FALSE(of({0, 7}));
}

}  // namespace
}  // namespace moat
