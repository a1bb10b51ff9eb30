// SPDX-License-Identifier: Apache-2.0
#include "backends/cpu/control_group.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "backends/cpu/processor.hpp"
#include "tests/support/temporary_folder.hpp"

namespace moat::cpu {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMiB = std::size_t{1} << 20;

// A machine's /proc and /sys, written out.
class ControlGroup : public testing::Test {
 protected:
  void write(const std::string& path, const std::string& text) const {
    fs::create_directories(fs::path(root_ + path).parent_path());
    std::ofstream(root_ + path) << text << '\n';
  }

  // A mount of mountinfo.
  static std::string mounted(const std::string& root, const std::string& point,
                             const std::string& type, const std::string& options) {
    return "31 23 0:28 " + root + " " + point + " rw,relatime shared:9 - " + type + " cgroup " +
           options + "\n";
  }

  GroupLimits limits() const { return group_limits(root_); }

  TemporaryFolder temporary_;
  std::string root_ = temporary_.path().string();
};

TEST_F(ControlGroup, NoneOnAMachineWithoutThem) {
  EXPECT_FALSE(limits().memory_bytes);
  EXPECT_FALSE(limits().available_bytes);
  EXPECT_FALSE(limits().processors);
}

// As where a supervisor mounts the groups of its children once more.
TEST_F(ControlGroup, AMountOfOtherGroupsDoesNotCount) {
  write("/proc/self/mountinfo", mounted("/", "/sys/fs/cgroup", "cgroup2", "rw") +
                                    mounted("/jobs/other", "/jobs", "cgroup2", "rw"));
  write("/proc/self/cgroup", "0::/jobs/own");
  write("/jobs/memory.max", std::to_string(100 * kMiB));
  write("/jobs/cpu.max", "50000 100000");
  write("/sys/fs/cgroup/jobs/own/memory.max", std::to_string(300 * kMiB));
  EXPECT_EQ(limits().memory_bytes, 300 * kMiB);
  EXPECT_FALSE(limits().processors);
  // With no other mount it is all that is known.
  write("/proc/self/mountinfo", mounted("/jobs/other", "/jobs", "cgroup2", "rw"));
  EXPECT_EQ(limits().memory_bytes, 100 * kMiB);
}

TEST_F(ControlGroup, Version2WithLimitsOfTheGroupsAround) {
  write("/proc/self/mountinfo", mounted("/", "/sys/fs/cgroup", "cgroup2", "rw,nsdelegate"));
  write("/proc/self/cgroup", "0::/user.slice/job.scope");
  const std::string slice = "/sys/fs/cgroup/user.slice";
  write(slice + "/job.scope/memory.max", "max");
  write(slice + "/job.scope/memory.current", "1000");
  write(slice + "/job.scope/cpu.max", "max 100000");
  EXPECT_FALSE(limits().memory_bytes);
  EXPECT_FALSE(limits().processors);

  write(slice + "/memory.max", std::to_string(300 * kMiB));
  write(slice + "/memory.current", std::to_string(100 * kMiB));
  write(slice + "/memory.stat", "anon 5\ninactive_file " + std::to_string(40 * kMiB));
  write(slice + "/cpu.max", "250000 100000");
  EXPECT_EQ(limits().memory_bytes, 300 * kMiB);
  EXPECT_EQ(limits().available_bytes, 240 * kMiB);  // the cache gives way
  EXPECT_EQ(limits().processors, 2.5);

  // The tightest counts, and memory.high too.
  write(slice + "/job.scope/memory.high", std::to_string(200 * kMiB));
  write(slice + "/job.scope/cpu.max", "50000 100000");
  EXPECT_EQ(limits().memory_bytes, 200 * kMiB);
  EXPECT_EQ(limits().available_bytes, 200 * kMiB - 1000);
  EXPECT_EQ(limits().processors, 0.5);
}

TEST_F(ControlGroup, Version1) {
  write("/proc/self/mountinfo",
        mounted("/", "/sys/fs/cgroup/cpu,cpuacct", "cgroup", "rw,cpu,cpuacct") +
            mounted("/", "/sys/fs/cgroup/memory", "cgroup", "rw,memory"));
  write("/proc/self/cgroup", "4:memory:/a/b\n1:cpu,cpuacct:/a\n0::/elsewhere");
  write("/sys/fs/cgroup/memory/a/b/memory.limit_in_bytes", "9223372036854771712");
  write("/sys/fs/cgroup/cpu,cpuacct/a/cpu.cfs_quota_us", "-1");
  write("/sys/fs/cgroup/cpu,cpuacct/a/cpu.cfs_period_us", "100000");
  EXPECT_FALSE(limits().memory_bytes);
  EXPECT_FALSE(limits().processors);

  write("/sys/fs/cgroup/memory/a/memory.limit_in_bytes", std::to_string(300 * kMiB));
  write("/sys/fs/cgroup/memory/a/memory.usage_in_bytes", std::to_string(80 * kMiB));
  write("/sys/fs/cgroup/memory/a/memory.stat",
        "inactive_file 7\ntotal_inactive_file " + std::to_string(30 * kMiB));
  write("/sys/fs/cgroup/cpu,cpuacct/a/cpu.cfs_quota_us", "150000");
  EXPECT_EQ(limits().memory_bytes, 300 * kMiB);
  EXPECT_EQ(limits().available_bytes, 250 * kMiB);
  EXPECT_EQ(limits().processors, 1.5);
}

TEST_F(ControlGroup, BothVersionsAtOnce) {
  write("/proc/self/mountinfo", mounted("/", "/sys/fs/cgroup/memory", "cgroup", "rw,memory") +
                                    mounted("/", "/sys/fs/cgroup/unified", "cgroup2", "rw"));
  write("/proc/self/cgroup", "4:memory:/job\n0::/job");
  write("/sys/fs/cgroup/memory/job/memory.limit_in_bytes", std::to_string(64 * kMiB));
  write("/sys/fs/cgroup/unified/job/cpu.max", "300000 100000");
  EXPECT_EQ(limits().memory_bytes, 64 * kMiB);
  EXPECT_EQ(limits().processors, 3);
}

// Without a namespace of its own a container sees its path on the host, but its own mount.
TEST_F(ControlGroup, Containers) {
  write("/proc/self/cgroup", "4:memory:/docker/f00\n1:cpu:/docker/f00/inner");
  write("/proc/self/mountinfo",
        mounted("/docker/f00", "/sys/fs/cgroup/memory", "cgroup", "rw,memory") +
            mounted("/docker/f00", "/sys/fs/cgroup/cpu", "cgroup", "rw,cpu"));
  write("/sys/fs/cgroup/memory/memory.limit_in_bytes", std::to_string(512 * kMiB));
  write("/sys/fs/cgroup/cpu/inner/cpu.cfs_quota_us", "200000");
  write("/sys/fs/cgroup/cpu/inner/cpu.cfs_period_us", "100000");
  EXPECT_EQ(limits().memory_bytes, 512 * kMiB);
  EXPECT_EQ(limits().processors, 2);

  // With one that was entered from outside the path leads out of it.
  write("/proc/self/cgroup", "0::/../outside");
  write("/proc/self/mountinfo", mounted("/", "/sys/fs/cgroup", "cgroup2", "rw"));
  write("/sys/fs/cgroup/memory.max", std::to_string(128 * kMiB));
  EXPECT_EQ(limits().memory_bytes, 128 * kMiB);

  // A group that is not shown: the mount point's limits.
  write("/proc/self/cgroup", "0::/gone");
  EXPECT_EQ(limits().memory_bytes, 128 * kMiB);
}

TEST_F(ControlGroup, MountPointsWithBlanks) {
  write("/proc/self/cgroup", "0::/");
  write("/proc/self/mountinfo", mounted("/", "/my\\040groups", "cgroup2", "rw"));
  write("/my groups/cpu.max", "100000 100000");
  EXPECT_EQ(limits().processors, 1);
}

TEST_F(ControlGroup, NodesOfMemory) {
  EXPECT_FALSE(has_numa_nodes(root_));
  write("/sys/devices/system/node/online", "0");
  EXPECT_FALSE(has_numa_nodes(root_));
  write("/sys/devices/system/node/online", "0-1");
  EXPECT_TRUE(has_numa_nodes(root_));
  write("/sys/devices/system/node/online", "0,2");
  EXPECT_TRUE(has_numa_nodes(root_));
}

TEST_F(ControlGroup, LimitMemoryAndThreads) {
  write("/proc/self/cgroup", "0::/");
  write("/proc/self/mountinfo", mounted("/", "/sys/fs/cgroup", "cgroup2", "rw"));
  write("/proc/meminfo", "MemAvailable: 4096 kB");
  EXPECT_EQ(available_memory_bytes(root_), 4 * kMiB);
  EXPECT_EQ(usable_memory_bytes(root_), memory_bytes());
  write("/sys/fs/cgroup/memory.max", std::to_string(3 * kMiB));
  write("/sys/fs/cgroup/memory.current", std::to_string(1 * kMiB));
  EXPECT_EQ(available_memory_bytes(root_), 2 * kMiB);
  EXPECT_EQ(usable_memory_bytes(root_), 3 * kMiB);

  // Less than two processors' time is one thread's.
  write("/sys/fs/cgroup/cpu.max", "190000 100000");
  EXPECT_EQ(default_threads(root_), 1);
  write("/sys/fs/cgroup/cpu.max", "10000 100000");
  EXPECT_EQ(default_threads(root_), 1);
}

}  // namespace
}  // namespace moat::cpu
