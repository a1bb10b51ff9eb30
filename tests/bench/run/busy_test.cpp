// SPDX-License-Identifier: Apache-2.0
// moat run for real, beside processes that never let go of the processors that it runs on.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include "backends/cpu/processor.hpp"
#include "bench/record/record.hpp"
#include "bench/text/exit_codes.hpp"
#include "tests/bench/run/spawn.hpp"
#include "tests/support/temporary_folder.hpp"

namespace moat {
namespace {

// A process that computes on one processor until the end of the test.
class BusyLoop {
 public:
  explicit BusyLoop(int processor) : child_(fork()) {
    if (child_ != 0) return;
    if (!cpu::keep_on({processor})) _exit(1);
    for (std::atomic<unsigned> x = 0;;) ++x;
  }
  BusyLoop(const BusyLoop&) = delete;
  BusyLoop& operator=(const BusyLoop&) = delete;
  ~BusyLoop() {
    kill(child_, SIGKILL);
    waitpid(child_, nullptr, 0);
  }

 private:
  pid_t child_;
};

// Whatever else the machine does, a loop on each of its processors takes half of the run's time:
// samples that had none of it are what a number may rest on, and those agree with each other.
TEST(BesideABusyLoop, SamplesAreSetAsideOrTheCaseIsDisturbed) {
  std::vector<int> cores = cpu::processors_of_cores();
  ASSERT_FALSE(cores.empty());
  cores.resize(std::min<std::size_t>(cores.size(), 2));
  const TemporaryFolder folder;
  const auto file = folder.path() / "record.json";
  Finished f;
  {
    std::vector<std::unique_ptr<BusyLoop>> loops;
    loops.reserve(cores.size());
    for (const int cpu : cores) loops.push_back(std::make_unique<BusyLoop>(cpu));
    // Placed by the command itself, whatever the environment of this test says.
    const auto unplaced = [] {
      for (const char* name : {"OMP_PLACES", "OMP_PROC_BIND"}) unsetenv(name);
    };
    f = Spawned({"run", "--backend", "cpu", "--no-baselines", "--threads",
                 fmt::format("{}", cores.size()), "--case", "sum/f32/n100000", "--case",
                 "gemm/f32/m200n200k200", "--case", "gemm/f32/m1000n1000k1000", "--budget", "1",
                 "--out", file.string()},
                unplaced)
            .wait();
  }
  EXPECT_TRUE(f.exit_code == kExitOk || f.exit_code == kExitDisturbed) << f.exit_code << f.err;
  std::ifstream stream(file);
  const Record r = parse_record(std::string{std::istreambuf_iterator<char>(stream), {}});
  if (!r.run.scheduling.value) GTEST_SKIP() << r.run.scheduling.reason;
  EXPECT_GT(r.run.scheduling.value->waited_seconds, 0.1);
  EXPECT_EQ(f.exit_code == kExitDisturbed,
            std::ranges::count(r.cases, Status::disturbed, &CaseRecord::status) > 0);
  EXPECT_NE(f.out.find("samples were set aside"), std::string::npos) << f.out;
  ASSERT_EQ(r.cases.size(), 3u);
  std::size_t set_aside = 0;
  for (const CaseRecord& c : r.cases) {
    ASSERT_EQ(c.series.size(), 1u) << c.name << ": " << c.message;
    const SeriesRecord& s = c.series[0];
    set_aside += s.discarded.size();
    if (c.status == Status::disturbed) {
      EXPECT_FALSE(c.median_seconds.value) << c.name;
      EXPECT_LT(s.seconds.size(), 10u) << c.name;
      continue;
    }
    ASSERT_EQ(c.status, Status::ok) << c.name << ": " << c.message;
    const double least = *std::ranges::min_element(s.seconds);
    EXPECT_LT(c.median_seconds.get(), 4 * least) << c.name << "\n" << f.out;
  }
  // Ten samples of a short call fit between two turns of the loops; those of the long one do not.
  EXPECT_GT(set_aside, 0u) << f.out;
}

}  // namespace
}  // namespace moat
