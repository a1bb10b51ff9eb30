// SPDX-License-Identifier: Apache-2.0
// The device class of all GPUs, on a runtime that is a script: what it calls, in which order, and
// what it does when a call fails.
#include "backends/simt/device.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <map>
#include <span>
#include <utility>
#include <vector>

namespace moat::simt {
namespace {

struct Script {
  std::vector<std::string> calls;
  std::map<std::string, int> failures;  // error that a call returns
  int devices = 1;
  int last_error = 0;
  int current = -1;
  unsigned blocks = 0;
  std::size_t shared_bytes = 0;
  int live_allocations = 0;
  std::vector<std::function<void()>> queued;  // in the stream, done when it is waited for
};
Script script;

void run_stream() {
  for (const auto& work : std::exchange(script.queued, {})) work();
}

int called(const char* name, bool on_device = true) {
  script.calls.emplace_back(name);
  EXPECT_TRUE(!on_device || script.current == 0) << name << " before the device was set";
  const auto failure = script.failures.find(name);
  return script.last_error = failure == script.failures.end() ? 0 : failure->second;
}

struct FakeProperties {
  char name[32] = "Fake 9000";
  int multiProcessorCount = 10;
  std::size_t totalGlobalMem = 1 << 30;
  int l2CacheSize = 1 << 20;
  std::size_t sharedMemPerBlock = 100 << 10;
};
struct FakeStream {};
struct FakeEvent {};

struct Runtime {
  static constexpr const char* kName = "fake";
  using Error = int;
  using Attribute = int;
  using Properties = FakeProperties;
  using Stream = FakeStream*;
  using Event = FakeEvent*;
  using Dim = unsigned;
  static constexpr int kSuccess = 0;
  static constexpr int kOutOfMemory = 2;
  static constexpr int kClockRate = 13;
  static constexpr int kEccEnabled = 32;
  static constexpr int kMaxDynamicSharedBytes = 8;
  static constexpr int kHostToDevice = 1;
  static constexpr int kDeviceToHost = 2;

  static const char* error_string(int e) { return e == 2 ? "out of memory" : "it broke"; }
  static const char* error_name(int e) { return e == 2 ? "fakeNoMemory" : "fakeBroken"; }

  static int get_last_error() { return std::exchange(script.last_error, 0); }
  static int get_device_count(int* n) {
    *n = script.devices;
    return called("GetDeviceCount", false);
  }
  static int get_properties(FakeProperties* p, int) {
    *p = {};
    return called("GetDeviceProperties", false);
  }
  static int get_attribute(int* value, int which, int) {
    *value = which == kClockRate ? 1'980'000 : 1;
    return called(which == kClockRate ? "ClockRate" : "EccEnabled", false);
  }
  static int get_bus_id(char* id, int size, int) {
    std::snprintf(id, size, "0000:01:00.0");
    return called("GetPCIBusId");
  }
  static int get_version(int* v) {
    *v = 7;
    return called("RuntimeGetVersion");
  }
  static int set_device(int i) {
    script.current = i;
    return 0;
  }
  static int malloc(void** p, std::size_t bytes) {
    const int error = called("Malloc");
    if (error == 0) {
      *p = std::malloc(bytes);
      std::memset(*p, 0xff, bytes);
      ++script.live_allocations;
    }
    return error;
  }
  static int free(void* p) {
    std::free(p);
    --script.live_allocations;
    return called("Free", false);
  }
  static int copy(void* to, const void* from, std::size_t bytes, int, FakeStream*) {
    script.queued.emplace_back([=] { std::memcpy(to, from, bytes); });
    return called("MemcpyAsync");
  }
  static int set(void* p, int byte, std::size_t bytes, FakeStream*) {
    script.queued.emplace_back([=] { std::memset(p, byte, bytes); });
    return called("MemsetAsync");
  }
  static int create_stream(FakeStream** s) {
    static FakeStream stream;
    *s = &stream;
    return called("StreamCreate");
  }
  static int destroy_stream(FakeStream*) { return called("StreamDestroy", false); }
  static int wait_stream(FakeStream*) {
    run_stream();
    return called("StreamSynchronize");
  }
  static int create_event(FakeEvent** e) {
    static FakeEvent events[2];
    static int next = 0;
    *e = &events[next++ % 2];
    return called("EventCreate");
  }
  static int destroy_event(FakeEvent*) { return called("EventDestroy", false); }
  static int record(FakeEvent*, FakeStream*) { return called("EventRecord"); }
  static int wait_event(FakeEvent*) { return called("EventSynchronize"); }
  static int elapsed(float* ms, FakeEvent* start, FakeEvent* stop) {
    EXPECT_NE(start, stop);
    *ms = 12.5f;
    return called("EventElapsedTime");
  }
  static int set_attribute(const void*, int, int bytes) {
    script.shared_bytes = static_cast<std::size_t>(bytes);
    return called("FuncSetAttribute");
  }
  static int launch(const void*, unsigned blocks, unsigned, void**, std::size_t, FakeStream*) {
    script.blocks = blocks;
    return called("LaunchKernel");
  }

  static constexpr Call kGetLastError{"fakeGetLastError", get_last_error};
  static constexpr Call kGetDeviceCount{"fakeGetDeviceCount", get_device_count};
  static constexpr Call kGetDeviceProperties{"fakeGetDeviceProperties", get_properties};
  static constexpr Call kDeviceGetAttribute{"fakeDeviceGetAttribute", get_attribute};
  static constexpr Call kDeviceGetPciBusId{"fakeGetPCIBusId", get_bus_id};
  static constexpr Call kRuntimeGetVersion{"fakeRuntimeGetVersion", get_version};
  static constexpr Call kSetDevice{"fakeSetDevice", set_device};
  static constexpr Call kMalloc{"fakeMalloc", malloc};
  static constexpr Call kFree{"fakeFree", free};
  static constexpr Call kMemcpyAsync{"fakeMemcpyAsync", copy};
  static constexpr Call kMemsetAsync{"fakeMemsetAsync", set};
  static constexpr Call kStreamCreate{"fakeStreamCreate", create_stream};
  static constexpr Call kStreamDestroy{"fakeStreamDestroy", destroy_stream};
  static constexpr Call kStreamSynchronize{"fakeStreamSynchronize", wait_stream};
  static constexpr Call kEventCreate{"fakeEventCreate", create_event};
  static constexpr Call kEventDestroy{"fakeEventDestroy", destroy_event};
  static constexpr Call kEventRecord{"fakeEventRecord", record};
  static constexpr Call kEventSynchronize{"fakeEventSynchronize", wait_event};
  static constexpr Call kEventElapsedTime{"fakeEventElapsedTime", elapsed};
  static constexpr Call kFuncSetAttribute{"fakeFuncSetAttribute", set_attribute};
  static constexpr Call kLaunchKernel{"fakeLaunchKernel", launch};
};

// Stands for simt::Backend: each kind of problem exercises one service of the queue.
struct FakeBackend {
  explicit FakeBackend(Queue& q) : queue(q) {}
  Queue& queue;
};
void exercise(FakeBackend& b, const GemmProblem& p) {
  static const char entry = 0;
  b.queue.enqueue({.entry = &entry,
                   .blocks = 5,
                   .threads = 32,
                   .shared_bytes = static_cast<std::size_t>(p.m),
                   .items = 5,
                   .kernel = nullptr},
                  nullptr);
}
void exercise(FakeBackend& b, const ReductionProblem& p) {
  std::memset(b.queue.workspace(static_cast<std::size_t>(p.n)), 1, static_cast<std::size_t>(p.n));
}
// A kernel runs after what was in the stream before it.
void exercise(FakeBackend& b, const AttentionProblem&) {
  run_stream();
  EXPECT_EQ(*b.queue.arrivals(), 0u);
}
// As many counters as rows, none of them touched by what is written behind them.
void exercise(FakeBackend& b, const RowsProblem& p) {
  float* const sums =
      b.queue.shared_sums(static_cast<std::size_t>(p.rows), static_cast<std::size_t>(p.cols));
  run_stream();
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(sums) % 16, 0U);
  std::fill_n(sums, p.cols, 1.0f);
  const std::span counters(reinterpret_cast<unsigned*>(sums) - p.rows,
                           static_cast<std::size_t>(p.rows));
  EXPECT_TRUE(std::ranges::all_of(counters, [](unsigned n) { return n == 0; }));
}
// Others have nothing to show.
template <class P>
void exercise(FakeBackend&, const P&) {}
#define MOAT_ROW(P) \
  void launch(FakeBackend& b, const P& p) { exercise(b, p); }
MOAT_PROBLEMS(MOAT_ROW)
#undef MOAT_ROW

struct Platform {
  using Runtime = simt::Runtime;
  struct Telemetry {
    Telemetry(const std::string& bus_id, DeviceInfo& info) { info.driver = "driver of " + bus_id; }
    static std::optional<int> clock_mhz() { return 1234; }
  };
  static std::string architecture(const FakeProperties&) { return "fake90"; }
  static DeviceFacts facts(const FakeProperties& p) {
    return {.compute_units = p.multiProcessorCount, .shared_bytes = p.sharedMemPerBlock};
  }
  static bool flushes_subnormals(std::string_view architecture) { return architecture == "fake90"; }
  static std::optional<int> code_sum_bits(std::string_view architecture) {
    return architecture == "fake90" ? std::optional(13) : std::nullopt;
  }
  static Program program(std::string_view architecture) {
    EXPECT_EQ(architecture, "fake90");
    return run_program<FakeBackend>;
  }
  static std::string unsupported(const FakeProperties&) { return refusal; }
  static std::string absent(int error) { return error == 0 ? "none" : "no driver"; }
  static std::string version(int v) { return std::to_string(v); }
  static inline std::string refusal;
};

class GpuDeviceTest : public testing::Test {
 protected:
  void SetUp() override {
    script = {};
    Platform::refusal.clear();
  }
  void TearDown() override { EXPECT_EQ(script.live_allocations, 0); }

  static std::unique_ptr<Device> open() {
    DeviceList list = list_devices<Platform>();
    EXPECT_EQ(list.skipped, "");
    EXPECT_EQ(list.devices.size(), 1u);
    script.calls.clear();
    return std::move(list.devices.at(0));
  }

  static std::string message(const std::function<void()>& f) {
    try {
      f();
    } catch (const DeviceError& e) {
      return e.what();
    }
    return "nothing was thrown";
  }

  using Calls = std::vector<std::string>;
};

TEST_F(GpuDeviceTest, TellsWhatTheRuntimeTells) {
  const auto device = open();
  const DeviceInfo& info = device->info();
  EXPECT_EQ(info.backend, "fake");
  EXPECT_EQ(info.name, "Fake 9000");
  EXPECT_EQ(info.architecture, "fake90");
  EXPECT_EQ(info.compute_units, 10);
  EXPECT_EQ(info.memory_bytes, std::size_t{1} << 30);
  EXPECT_EQ(info.cache_bytes, std::size_t{1} << 20);
  EXPECT_TRUE(info.flushes_subnormals);
  EXPECT_EQ(info.code_sum_bits, 13);
  EXPECT_EQ(info.max_clock_mhz, 1980);
  EXPECT_EQ(info.ecc, true);
  EXPECT_EQ(info.runtime, "7");
  EXPECT_EQ(info.driver, "driver of 0000:01:00.0");
  EXPECT_EQ(device->clock_mhz(), 1234);
}

TEST_F(GpuDeviceTest, RefusesABlockThatNeedsMoreSharedMemoryThanThereIs) {
  const auto device = open();
  device->run(GemmProblem{.m = 100 << 10});
  const std::string text = message([&] { device->run(GemmProblem{.m = (100 << 10) + 1}); });
  EXPECT_EQ(
      text,
      "a block needs 102401 bytes of shared memory and may have 102400 on fake device 0 (Fake "
      "9000)");
  EXPECT_EQ(std::ranges::count(script.calls, "LaunchKernel"), 1);
}

TEST_F(GpuDeviceTest, AnAttributeThatTheRuntimeDoesNotKnowIsEmpty) {
  script.failures = {{"ClockRate", 1}, {"EccEnabled", 1}};
  const auto device = open();
  EXPECT_EQ(device->info().max_clock_mhz, std::nullopt);
  EXPECT_EQ(device->info().ecc, std::nullopt);
  EXPECT_EQ(script.last_error, 0);
}

TEST_F(GpuDeviceTest, NoDriverAndNoDeviceAreReasons) {
  script.failures = {{"GetDeviceCount", 35}};
  EXPECT_EQ(list_devices<Platform>().skipped, "no driver");
  script.failures.clear();
  script.devices = 0;
  EXPECT_EQ(list_devices<Platform>().skipped, "none");
}

TEST_F(GpuDeviceTest, ADeviceWithoutCodeIsSkippedWithItsName) {
  Platform::refusal = "build with X";
  const DeviceList list = list_devices<Platform>();
  EXPECT_TRUE(list.devices.empty());
  EXPECT_EQ(list.skipped, "fake device 0: Fake 9000: build with X");
}

TEST_F(GpuDeviceTest, ADeviceThatDoesNotOpenIsSkipped) {
  script.failures = {{"EventCreate", 46}};
  const DeviceList list = list_devices<Platform>();
  EXPECT_TRUE(list.devices.empty());
  EXPECT_EQ(list.skipped,
            "fake device 0: fakeEventCreate on fake device 0 (Fake 9000): it broke (fakeBroken)");
}

TEST_F(GpuDeviceTest, EveryFailedCallIsNamed) {
  const auto device = open();
  const std::vector<std::pair<std::string, std::function<void()>>> uses{
      {"MemcpyAsync",
       [&] {
         char a = 0, b = 0;
         device->upload(&a, &b, 1);
       }},
      {"MemcpyAsync",
       [&] {
         char a = 0, b = 0;
         device->download(&a, &b, 1);
       }},
      {"MemsetAsync",
       [&] {
         char a = 0;
         device->fill(&a, 0, 1);
       }},
      {"StreamSynchronize", [&] { device->synchronize(); }},
      {"EventRecord", [&] { device->start_timer(); }},
      {"EventRecord", [&] { device->stop_timer(); }},
      {"EventSynchronize", [&] { device->elapsed(); }},
      {"EventElapsedTime", [&] { device->elapsed(); }},
      {"LaunchKernel", [&] { device->run(GemmProblem{}); }},
      {"FuncSetAttribute", [&] { device->run(GemmProblem{.m = 100'000}); }},
  };
  for (const auto& [name, use] : uses) {
    script.failures = {{name, 700}};
    EXPECT_EQ(message(use), "fake" + name + " on fake device 0 (Fake 9000): it broke (fakeBroken)");
    EXPECT_EQ(script.last_error, 0) << "the error was left for the next call";
  }
}

TEST_F(GpuDeviceTest, OutOfMemoryIsItsOwnErrorAndNamesTheSize) {
  const auto device = open();
  script.failures = {{"Malloc", 2}};
  EXPECT_THROW(device->allocate(123), OutOfMemory);
  EXPECT_EQ(message([&] { device->allocate(123); }),
            "fakeMalloc of 123 bytes on fake device 0 (Fake 9000): out of memory (fakeNoMemory)");
  EXPECT_THROW(device->run(ReductionProblem{.n = 1 << 20}), OutOfMemory);
}

TEST_F(GpuDeviceTest, CopiesAreDoneWhenTheyReturn) {
  const auto device = open();
  char from = 1;
  char to = 0;
  device->upload(&to, &from, 1);
  EXPECT_EQ(script.calls, (Calls{"MemcpyAsync", "StreamSynchronize"}));
  EXPECT_EQ(to, 1);
  from = 2;
  device->download(&to, &from, 1);
  EXPECT_EQ(to, 2);
}

TEST_F(GpuDeviceTest, ElapsedIsInSecondsAndWaitsForTheEnd) {
  const auto device = open();
  device->start_timer();
  device->stop_timer();
  EXPECT_DOUBLE_EQ(device->elapsed(), 0.0125);
  EXPECT_EQ(script.calls,
            (Calls{"EventRecord", "EventRecord", "EventSynchronize", "EventElapsedTime"}));
}

TEST_F(GpuDeviceTest, MuchSharedMemoryIsAskedForOnce) {
  const auto device = open();
  device->run(GemmProblem{.m = 48 << 10});
  EXPECT_EQ(script.calls, (Calls{"LaunchKernel"}));
  script.calls.clear();
  device->run(GemmProblem{.m = 100 << 10});
  device->run(GemmProblem{.m = 100 << 10});
  EXPECT_EQ(script.calls, (Calls{"FuncSetAttribute", "LaunchKernel", "LaunchKernel"}));
  EXPECT_EQ(script.shared_bytes, std::size_t{100} << 10);
  EXPECT_EQ(script.blocks, 5u);
}

TEST_F(GpuDeviceTest, TheWorkspaceGrowsWhenTheQueueIsEmpty) {
  const auto device = open();
  device->run(ReductionProblem{.n = 1000});
  EXPECT_EQ(script.calls, (Calls{"StreamSynchronize", "Malloc"}));
  script.calls.clear();
  device->run(ReductionProblem{.n = 10});
  EXPECT_EQ(script.calls, Calls{});
  device->run(ReductionProblem{.n = 2000});
  EXPECT_EQ(script.calls, (Calls{"StreamSynchronize", "Free", "Malloc"}));
}

TEST_F(GpuDeviceTest, SumsThatBlocksShareGrowBehindZeroCounters) {
  const auto device = open();
  const auto run = [&](int counters, int floats) {
    script.calls.clear();
    device->run(RowsProblem{.rows = counters, .cols = floats});
    return script.calls;
  };
  EXPECT_EQ(run(1, 100), (Calls{"StreamSynchronize", "Malloc", "MemsetAsync"}));
  EXPECT_EQ(run(1, 10), Calls{});
  const Calls larger{"StreamSynchronize", "Free", "Malloc", "MemsetAsync"};
  EXPECT_EQ(run(300, 10), larger);
  EXPECT_EQ(run(2, 1000), larger);
  EXPECT_EQ(run(300, 1000), Calls{}) << "both as large as before";
}

TEST_F(GpuDeviceTest, GivesItsStreamWithTheDeviceSelected) {
  const auto device = open();
  script.current = -1;
  EXPECT_NE(device->stream(), nullptr);
  EXPECT_EQ(script.current, 0);
}

TEST_F(GpuDeviceTest, TheArrivalCounterStartsAtZero) {
  const auto device = open();
  device->run(AttentionProblem{});
}

TEST(GridBlocks, StayWithin32BitsOfThreads) {
  EXPECT_EQ(grid_blocks(0, 256), 0u);
  EXPECT_EQ(grid_blocks(7, 256), 7u);
  EXPECT_LE(std::uint64_t{grid_blocks(std::int64_t{1} << 40, 256)} * 256, 0x7fffffffu);
}

// The model of waves: of nearly as many items as units some would be left over for a second wave,
// and short ranges are outweighed by what begins and merges them.
TEST(KeySplits, OnlyWhereClearlyFewerItemsThanUnitsHaveLongRanges) {
  for (const int units : {78, 104, 108, 132, 304}) {
    for (const int steps : {4, 64, 1024}) {
      for (int items = units * 2 / 3 + 1; items <= units; ++items) {
        EXPECT_EQ(key_splits(items, steps, units), 1) << items << " of " << units;
      }
    }
    for (const int steps : {1, 2, 4, 8}) {
      EXPECT_EQ(key_splits(units / 2, steps, units), 1) << steps << " steps, " << units;
    }
    EXPECT_EQ(key_splits(units / 2, 64, units), 2) << units;
  }
}

TEST(KeySplits, FillTheDeviceAndLeaveNoRangeEmpty) {
  EXPECT_EQ(key_splits(132, 1000, 132), 1);  // enough items already
  EXPECT_EQ(key_splits(8, 1, 132), 1);       // one step cannot be split
  EXPECT_EQ(key_splits(66, 1000, 132), 2);   // one wave
  EXPECT_EQ(key_splits(70, 1000, 132), 3);   // two waves of a third
  // No other number of ranges would save more than the margin.
  for (int items = 1; items < 132; ++items) {
    for (const int steps : {5, 100, 1 << 19}) {
      const auto cost = split_cost(items, steps, 132, key_splits(items, steps, 132));
      for (int other = 1; other <= std::min(steps, 264 / items); ++other) {
        ASSERT_LE(7 * cost, 8 * split_cost(items, steps, 132, other)) << items << ", " << other;
      }
    }
  }
  for (const int items : {1, 3, 8, 100}) {
    for (int steps = 1; steps < 300; ++steps) {
      const int splits = key_splits(items, steps, 132);
      const int per_split = ceil_div(steps, splits);
      ASSERT_GE(splits, 1);
      ASSERT_LT((splits - 1) * per_split, steps) << items << " items, " << steps << " steps";
    }
  }
}

struct NoAtoms;
struct NoSchedules {
  explicit NoSchedules(const DeviceFacts&, const ScheduleChoice*) {}
};
class QueueOfFacts final : public Queue {
 public:
  void enqueue(const Grid&, void**) override {}
  void* workspace(std::size_t) override { return nullptr; }
  unsigned* arrivals() override { return nullptr; }
  float* shared_sums(std::size_t, std::size_t) override { return nullptr; }
  const DeviceFacts& facts() const override { return facts_; }

 private:
  DeviceFacts facts_{.compute_units = 100};
};

// Blocks of one wave run two by two at least, and as many as a schedule asks for.
TEST(KeySplits, ForAsManyBlocksAsTheDeviceRunsAtOnce) {
  QueueOfFacts queue;
  const Backend<NoAtoms, NoSchedules> backend(queue);
  constexpr int kSteps = 1 << 19;
  EXPECT_EQ((backend.splits<TileSchedule<bf16, 16, 16, 0, 1, 1, 1>>(50, kSteps)), 4);
  EXPECT_EQ((backend.splits<TileSchedule<bf16, 16, 16, 0, 1, 1, 3>>(50, kSteps)), 6);
  EXPECT_EQ((backend.splits<TileSchedule<bf16, 128, 64, 0, 8, 1, 1>>(50, kSteps)), 2);
  EXPECT_EQ((backend.splits<TileSchedule<bf16, 128, 64, 0, 4, 1, 2>>(50, kSteps)), 4);
}

}  // namespace
}  // namespace moat::simt
