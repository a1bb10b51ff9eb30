// SPDX-License-Identifier: Apache-2.0
#include "backends/cpu/device.hpp"

#include <gtest/gtest.h>
#include <sched.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "backends/cpu/processor.hpp"
#include "backends/cpu/runtime.hpp"
#include "backends/cpu/sets.hpp"

namespace moat {
namespace {

TEST(CpuDevice, IsListedWithWhatTheMachineTells) {
  const auto list = list_cpu_devices();
  ASSERT_EQ(list.devices.size(), 1u) << list.skipped;
  const DeviceInfo& info = list.devices[0]->info();
  EXPECT_EQ(info.backend, "cpu");
  EXPECT_EQ(info.architecture, cpu::chosen_set().architecture);
  EXPECT_FALSE(info.name.empty());
  EXPECT_GE(info.compute_units, 1);
  EXPECT_GT(info.memory_bytes, 0u);
}

TEST(CpuDevice, CoresHaveOneProcessorEach) {
  const std::vector<int> processors = cpu::processors_of_cores();
  cpu_set_t allowed;
  ASSERT_EQ(sched_getaffinity(0, sizeof allowed, &allowed), 0);
  EXPECT_LE(processors.size(), static_cast<std::size_t>(CPU_COUNT(&allowed)));
  for (const int p : processors) EXPECT_TRUE(CPU_ISSET(p, &allowed)) << p;
  EXPECT_EQ(std::set<int>(processors.begin(), processors.end()).size(), processors.size());
}

TEST(Processors, FewThreadsAreKeptOnTheFirstCores) {
  unsetenv("OMP_PLACES");
  const std::vector<int> cores = cpu::processors_of_cores();
  const auto count = static_cast<int>(cores.size());
  EXPECT_TRUE(cpu::fixed_processors(0).empty());
  EXPECT_TRUE(cpu::fixed_processors(count).empty());
  EXPECT_TRUE(cpu::fixed_processors(count + 1).empty());
  if (count < 2) GTEST_SKIP() << "one core";
  EXPECT_EQ(cpu::fixed_processors(1), std::vector{cores[0]});
  EXPECT_EQ(cpu::fixed_processors(count - 1), std::vector(cores.begin(), cores.end() - 1));
  setenv("OMP_PLACES", "cores", 1);
  EXPECT_TRUE(cpu::fixed_processors(1).empty());
  unsetenv("OMP_PLACES");
}

TEST(Processors, AThreadAndItsThreadsStayWhereTheyAreKept) {
  const std::vector<int> before = cpu::allowed_processors();
  ASSERT_FALSE(before.empty());
  const std::vector<int> last{before.back()};
  std::vector<int> own;
  std::vector<int> inherited;
  std::thread([&] {
    EXPECT_TRUE(cpu::keep_on(last));
    own = cpu::allowed_processors();
    std::thread([&] { inherited = cpu::allowed_processors(); }).join();
  }).join();
  EXPECT_EQ(own, last);
  EXPECT_EQ(inherited, last);
  EXPECT_EQ(cpu::allowed_processors(), before);
  EXPECT_FALSE(cpu::keep_on({}));
}

TEST(CpuDevice, MemoryGoesUpAndDownUnchanged) {
  const auto device = cpu::make_device(3);
  for (const std::size_t bytes : {std::size_t{1}, std::size_t{255}, (std::size_t{5} << 20) + 77}) {
    std::vector<unsigned char> in(bytes);
    for (std::size_t i = 0; i < bytes; ++i) in[i] = static_cast<unsigned char>(i * 31 % 251);
    void* p = device->allocate(bytes);
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(p) % 256, 0u);
    device->upload(p, in.data(), bytes);
    std::vector<unsigned char> out(bytes);
    device->download(out.data(), p, bytes);
    EXPECT_EQ(in, out);
    device->fill(p, 0xa5, bytes);
    device->download(out.data(), p, bytes);
    EXPECT_TRUE(std::ranges::all_of(out, [](unsigned char c) { return c == 0xa5; }));
    device->release(p);
  }
}

TEST(CpuDevice, RefusesMoreThanTheMachineHas) {
  const auto device = cpu::make_device(1);
  EXPECT_THROW(device->allocate(cpu::memory_bytes() + 1), OutOfMemory);
  EXPECT_THROW(device->allocate(std::size_t{1} << 62), OutOfMemory);
}

TEST(CpuDevice, TimerSpansTheBatch) {
  const auto device = cpu::make_device(1);
  device->start_timer();
  volatile int sink = 0;
  for (int i = 0; i < 1000000; ++i) sink = i;
  device->stop_timer();
  EXPECT_GT(device->elapsed(), 0);
  EXPECT_LT(device->elapsed(), 10);
  EXPECT_EQ(sink, 999999);
}

TEST(Sets, NameWhatTheProcessorLacks) {
  const auto all = cpu::features_here();
  EXPECT_TRUE(cpu::missing_features(cpu::chosen_set(), all).empty());
  for (const auto* set : cpu::instruction_sets()) {
    const auto missing = cpu::missing_features(*set, "flags\t\t: fpu vme de\n");
    std::vector<std::string> wanted;
    for (const char* const* f = set->features; *f != nullptr; ++f) wanted.emplace_back(*f);
    EXPECT_EQ(missing, wanted) << set->name;
    EXPECT_TRUE(cpu::missing_features(*set, "").empty()) << set->name;
  }
}

// A device keeps the kernels that were chosen when it was made.
TEST(Sets, AreChosenByNameAndByArchitecture) {
  const std::string first = cpu::chosen_set().name;
  const auto features = cpu::features_here();
  for (const auto* set : cpu::instruction_sets()) {
    if (!cpu::missing_features(*set, features).empty() || !cpu::refusal(*set).empty()) {
      EXPECT_THROW(cpu::choose_set(set->name), std::invalid_argument) << set->name;
      continue;
    }
    cpu::choose_set(set->name);
    EXPECT_EQ(&cpu::chosen_set(), set);
    EXPECT_EQ(cpu::make_device(1)->info().architecture, set->architecture);
    cpu::choose_set(set->architecture);
    EXPECT_STREQ(cpu::chosen_set().architecture, set->architecture);
  }
  EXPECT_THROW(cpu::choose_set(""), std::invalid_argument);
  EXPECT_THROW(cpu::choose_set("AVX2"), std::invalid_argument);
  cpu::choose_set(first);
}

TEST(Processor, NameComesFromTheModel) {
  EXPECT_EQ(cpu::processor_name("processor : 0\nmodel\t\t: 143\nmodel name\t: Some CPU @ 2 GHz\n"),
            "Some CPU @ 2 GHz");
  EXPECT_EQ(cpu::processor_name("CPU implementer\t: 0x41\nCPU part\t: 0xd40\n"),
            "Arm implementer 0x41 part 0xd40");
  EXPECT_EQ(cpu::processor_name(""), "unknown processor");
}

TEST(Processor, AvailableMemoryIsPartOfAll) {
  EXPECT_GT(cpu::available_memory_bytes(), 0u);
  EXPECT_LE(cpu::available_memory_bytes(), cpu::memory_bytes());
}

struct Whole {
  static constexpr bool all_heads = false;
};
struct AllHeads {
  static constexpr bool all_heads = true;
};

// Several ranges a worker of a few steps each, or else one a worker.
TEST(Backend, SplitsKeysOfAllHeadsForWorkersThatBecomeFree) {
  EXPECT_EQ(cpu::Backend(1).splits<AllHeads>(1, 1000), 1);
  EXPECT_EQ(cpu::Backend(2).splits<AllHeads>(1, 1000), 8);
  EXPECT_EQ(cpu::Backend(2).splits<AllHeads>(1, 12), 3);
  EXPECT_EQ(cpu::Backend(2).splits<AllHeads>(1, 3), 2);
  EXPECT_EQ(cpu::Backend(2).splits<AllHeads>(1, 1), 1);
  EXPECT_EQ(cpu::Backend(8).splits<AllHeads>(4, 1000), 8);
  EXPECT_EQ(cpu::Backend(8).splits<AllHeads>(1000, 1000), 250);  // heads share keys: short ranges
  EXPECT_EQ(cpu::Backend(64).splits<AllHeads>(1, 32), 32);
}

// Every range has a few steps, and ranges times items occupy all workers alike where they can.
TEST(Backend, SplitsKeysWhenTilesAreFew) {
  EXPECT_EQ(cpu::Backend(1).splits<Whole>(1, 1000), 1);
  EXPECT_EQ(cpu::Backend(8).splits<Whole>(8, 1000), 1);
  EXPECT_EQ(cpu::Backend(8).splits<Whole>(2, 1000), 4);
  EXPECT_EQ(cpu::Backend(8).splits<Whole>(3, 1000), 8);
  EXPECT_EQ(cpu::Backend(8).splits<Whole>(1, 1000), 8);
  EXPECT_EQ(cpu::Backend(8).splits<Whole>(1, 9), 2);
  EXPECT_EQ(cpu::Backend(8).splits<Whole>(1, 1), 1);
  EXPECT_EQ(cpu::Backend(8).splits<Whole>(1000, 1000), 1);
}

TEST(Backend, WorkspaceHoldsWhatIsAskedFor) {
  cpu::Backend backend(2);
  std::memset(backend.workspace(100), 1, 100);
  std::memset(backend.workspace(100000), 2, 100000);
  EXPECT_EQ(*backend.arrivals(), 0u);
  EXPECT_EQ(backend.threads(), 2);
}

}  // namespace
}  // namespace moat
