// SPDX-License-Identifier: Apache-2.0
// Two builds sampled in turns and gated. What is judged is measured on a scripted machine, whose
// times do not depend on the load; the real build shows that it takes part in the same way.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bench/compare/record_set.hpp"
#include "bench/record/file.hpp"
#include "bench/text/exit_codes.hpp"
#include "tests/bench/run/spawn.hpp"
#include "tests/support/temporary_folder.hpp"

namespace moat {
namespace {

namespace fs = std::filesystem;

class Ab : public testing::Test {
 protected:
  // The options of a run of two cases against the build `other`.
  std::vector<std::string> arguments(const std::string& other,
                                     const std::vector<std::string>& more = {}) const {
    std::vector<std::string> arguments = {
        "run",      "--ab",   other,       "--backend", "cpu",           "--case",
        kGemm,      "--case", kSum,        "--hot",     "--out",         folder_.string(),
        "--budget", "0.5",    "--threads", "1",         "--no-baselines"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return arguments;
  }

  Finished measure(const std::string& other, const std::vector<std::string>& more = {}) const {
    return moat_command(arguments(other, more));
  }

  // Base and new on a scripted machine, where a GEMM of the new build takes `factor` times as long
  // and the threads of either wait for a processor in the share `disturbed` of the calls.
  Finished measure_scripted(double factor, int seed, double disturbed = 0, double bias = 0) const {
    const fs::path base = folder_ / "base";
    write_file(base,
               fmt::format("#!/bin/sh\nMOAT_TEST_GEMM_FACTOR=1 MOAT_TEST_NOISE={} "
                           "MOAT_TEST_PROCESSES='{}' exec '{}' \"$@\"\n",
                           2 * seed, (folder_ / "base-processes").string(), SCRIPTED_MOAT_BINARY));
    fs::permissions(base, fs::perms::owner_all);
    for (const char* file : {"base-processes", "new-processes"}) fs::remove(folder_ / file);
    const auto set_up = [&] {
      setenv("MOAT_TEST_PROCESSES", (folder_ / "new-processes").c_str(), 1);
      setenv("MOAT_TEST_BIAS", fmt::format("{}", bias).c_str(), 1);
      setenv("MOAT_TEST_GEMM_FACTOR", fmt::format("{}", factor).c_str(), 1);
      setenv("MOAT_TEST_NOISE", fmt::format("{}", 2 * seed + 1).c_str(), 1);
      setenv("MOAT_TEST_DISTURBED", fmt::format("{}", disturbed).c_str(), 1);
    };
    return Spawned(arguments(base.string()), set_up, SCRIPTED_MOAT_BINARY).wait();
  }

  Finished gate(const char* share) const {
    return moat_command({"compare", (folder_ / "base.json").string(),
                         (folder_ / "new.json").string(), "--gate", share});
  }

  // Both records name the session, and sample i of one has its partner in the other.
  void expect_shared_rounds(std::size_t repetitions) const {
    const auto base = read_records({folder_ / "base.json"})[0].record;
    const auto now = read_records({folder_ / "new.json"})[0].record;
    EXPECT_TRUE(base.run.session.has_value());
    EXPECT_EQ(base.run.session, now.run.session);
    ASSERT_EQ(base.cases.size(), 2u);
    ASSERT_EQ(now.cases.size(), 2u);
    for (std::size_t c = 0; c < 2; ++c) {
      ASSERT_EQ(base.cases[c].series.size(), repetitions);
      ASSERT_EQ(now.cases[c].series.size(), repetitions);
      for (std::size_t s = 0; s < repetitions; ++s) {
        const SeriesRecord& x = base.cases[c].series[s];
        const SeriesRecord& y = now.cases[c].series[s];
        EXPECT_GE(x.seconds.size(), 5u);
        EXPECT_EQ(x.seconds.size() + x.discarded.size(), y.seconds.size() + y.discarded.size());
        EXPECT_EQ(x.calls_per_sample, y.calls_per_sample);
      }
    }
  }

  static constexpr const char* kGemm = "gemm/f32/m20n30k40";
  static constexpr const char* kSum = "sum/f32/n1000";
  TemporaryFolder temporary_;
  fs::path folder_ = temporary_.path();
};

TEST_F(Ab, TheSameCommitPasses) {
  for (int seed = 1; seed <= 20; ++seed) {
    const Finished run = measure_scripted(1, seed);
    ASSERT_EQ(run.exit_code, kExitOk) << run.err;
    expect_shared_rounds(6);
    const Finished f = gate("5%");
    EXPECT_EQ(f.exit_code, kCompareOk) << f.out << f.err;
    EXPECT_NE(f.out.find("2 cases were sampled in turns"), std::string::npos) << f.out;
  }
}

// What the processes differ by, in a memory-bound kernel by where its operands lie, is no
// difference between the builds.
TEST_F(Ab, ProcessesThatDifferMakeNoBuildSlower) {
  int wrong = 0;
  for (int seed = 30; seed < 50; ++seed) {
    const Finished run = measure_scripted(1, seed, 0, 0.03);
    ASSERT_EQ(run.exit_code, kExitOk) << run.err;
    expect_shared_rounds(6);
    const Finished f = gate("10%");
    wrong += f.exit_code == kCompareOk ? 0 : 1;
    EXPECT_EQ(f.err.find("is slower"), std::string::npos) << f.out << f.err;
  }
  EXPECT_LE(wrong, 1);
}

// A delay of half the time is always found; one of a tenth, which half a second of samples does not
// always tell from 5 %, is found or left undecided, and never passes.
TEST_F(Ab, APlantedDelayFailsTheGateAndIsNamed) {
  int found = 0;
  for (int seed = 4; seed < 14; ++seed) {
    for (const double factor : {1.5, 1.1}) {
      const Finished run = measure_scripted(factor, seed);
      ASSERT_EQ(run.exit_code, kExitOk) << run.err;
      const Finished f = gate("5%");
      EXPECT_TRUE(f.exit_code == kCompareSlower ||
                  (factor < 1.5 && f.exit_code == kCompareUndecided))
          << factor << ' ' << f.out << f.err;
      EXPECT_NE(f.err.find("gemm/f32/m20n30k40/cpu/moat is "), std::string::npos) << f.err;
      EXPECT_EQ(f.err.find("sum/f32/n1000/cpu/moat is slower"), std::string::npos) << f.err;
      if (factor < 1.5 && f.exit_code == kCompareSlower) ++found;
    }
  }
  EXPECT_GE(found, 6) << "of 10 delays of a tenth";
}

// A third of the rounds of each build, not the same ones: what is left favours neither.
TEST_F(Ab, ABusyMachineChangesNoVerdict) {
  for (int seed = 6; seed < 9; ++seed) {
    const Finished same = measure_scripted(1, seed, 1.0 / 3);
    ASSERT_EQ(same.exit_code, kExitOk) << same.err;
    for (const char* file : {"base.json", "new.json"}) {
      const Record record = read_records({folder_ / file})[0].record;
      for (const CaseRecord& c : record.cases) {
        EXPECT_EQ(c.status, Status::ok) << c.message;
        EXPECT_FALSE(c.series[0].discarded.empty());
        ASSERT_TRUE(c.series[0].rounds);
        EXPECT_EQ(c.series[0].rounds->size(), c.series[0].seconds.size());
        EXPECT_LT(c.median_seconds.get(), 3e-3);
        EXPECT_FALSE(c.ceiling.value) << "nothing can be suspect beside another build";
      }
    }
    Finished f = gate("5%");
    EXPECT_EQ(f.exit_code, kCompareOk) << f.out << f.err;
    EXPECT_NE(f.out.find("2 cases were sampled in turns"), std::string::npos) << f.out;
    EXPECT_EQ(measure_scripted(1.1, seed, 1.0 / 3).exit_code, kExitOk);
    f = gate("5%");
    EXPECT_EQ(f.exit_code, kCompareSlower) << f.out << f.err;
    EXPECT_NE(f.err.find("gemm/f32/m20n30k40/cpu/moat is slower"), std::string::npos) << f.err;
    EXPECT_EQ(f.err.find("sum/"), std::string::npos) << f.err;
  }
}

// No sample without a wait: no time stands for itself, and the ratios of the rounds are judged.
TEST_F(Ab, AMachineThatStaysBusyStillHasRatios) {
  const Finished run = measure_scripted(1, 9, 1);
  EXPECT_EQ(run.exit_code, kExitOk) << run.err;
  const Record record = read_records({folder_ / "new.json"})[0].record;
  for (const CaseRecord& c : record.cases) {
    EXPECT_EQ(c.status, Status::disturbed);
    EXPECT_FALSE(c.median_seconds.value);
  }
  EXPECT_NE(run.out.find("2 cases were sampled in turns"), std::string::npos) << run.out;
  EXPECT_EQ(run.out.find("slower"), std::string::npos) << run.out;
  EXPECT_EQ(run.out.find("faster"), std::string::npos) << run.out;
}

TEST_F(Ab, AFasterBuildPasses) {
  const Finished run = measure_scripted(0.7, 5);
  ASSERT_EQ(run.exit_code, kExitOk) << run.err;
  const Finished f = gate("5%");
  EXPECT_EQ(f.exit_code, kCompareOk) << f.out << f.err;
  EXPECT_NE(f.out.find("faster"), std::string::npos) << f.out;
}

// What was measured before is kept, and no gate takes it for the whole.
TEST_F(Ab, AProcessThatDiesLeavesTheRunIncomplete) {
  const fs::path base = folder_ / "base";
  const fs::path started = folder_ / "started";
  write_file(base, fmt::format("#!/bin/sh\necho >>'{0}'\n[ $(wc -l <'{0}') -lt 4 ] || exit 5\n"
                               "MOAT_TEST_NOISE=1 exec '{1}' \"$@\"\n",
                               started.string(), SCRIPTED_MOAT_BINARY));
  fs::permissions(base, fs::perms::owner_all);
  const Finished run = Spawned(
                           arguments(base.string()), [] {}, SCRIPTED_MOAT_BINARY)
                           .wait();
  EXPECT_EQ(run.exit_code, 5) << run.err;
  EXPECT_NE(run.err.find("the base build, " + base.string() + ", ended with exit code 5"),
            std::string::npos)
      << run.err;
  expect_shared_rounds(3);
  for (const char* file : {"base.json", "new.json"}) {
    EXPECT_TRUE(read_records({folder_ / file})[0].record.run.interrupted) << file;
  }
  EXPECT_EQ(gate("50%").exit_code, kCompareUndecided);
}

// Ctrl-C while the other build starts, in the first process or the second: what was measured before
// is kept, no build is blamed and none is started any more.
TEST_F(Ab, AnInterruptionBlamesNoBuild) {
  for (const int process : {1, 2}) {
    for (const char* file : {"base.json", "new.json", "started", "new-processes"}) {
      fs::remove(folder_ / file);
    }
    const fs::path base = folder_ / "base";
    const fs::path started = folder_ / "started";
    write_file(base, fmt::format("#!/bin/sh\necho >>'{0}'\n"
                                 "[ $(wc -l <'{0}') -lt {1} ] || {{ kill -INT $PPID; exec sleep "
                                 "20; }}\nMOAT_TEST_PROCESSES= exec '{2}' \"$@\"\n",
                                 started.string(), process, SCRIPTED_MOAT_BINARY));
    fs::permissions(base, fs::perms::owner_all);
    const auto set_up = [&] {
      setenv("MOAT_TEST_PROCESSES", (folder_ / "new-processes").c_str(), 1);
    };
    const Finished run = Spawned(arguments(base.string()), set_up, SCRIPTED_MOAT_BINARY).wait();
    EXPECT_EQ(run.exit_code, kExitInterrupted) << process << run.err;
    EXPECT_EQ(run.err.find("ended with exit code"), std::string::npos) << run.err;
    EXPECT_EQ(fs::exists(folder_ / "base.json"), process > 1);
    // The second process of the new build was there before the base's.
    EXPECT_EQ(fs::exists(folder_ / "new-processes"), process > 1);
    if (process == 1) continue;
    expect_shared_rounds(1);
    EXPECT_TRUE(read_records({folder_ / "new.json"})[0].record.run.interrupted);
  }
}

// Each process takes its share of the samples, and all together no fewer than were asked for.
TEST_F(Ab, ProcessesShareTheSamplesRoundedUp) {
  const std::vector<std::string> all = arguments(SCRIPTED_MOAT_BINARY, {"--samples", "50"});
  const Finished run = Spawned(
                           all, [] {}, SCRIPTED_MOAT_BINARY)
                           .wait();
  ASSERT_EQ(run.exit_code, kExitOk) << run.err;
  const Record record = read_records({folder_ / "new.json"})[0].record;
  ASSERT_EQ(record.cases.size(), 2u);
  for (const CaseRecord& c : record.cases) {
    std::size_t samples = 0;
    for (const SeriesRecord& s : c.series) samples += s.seconds.size();
    EXPECT_EQ(c.series.size(), 6u);
    EXPECT_GE(samples, 50u);
    EXPECT_LE(samples, 54u);
  }
  // Not those of one process.
  EXPECT_EQ(std::vector(record.run.arguments.begin() + 1, record.run.arguments.end()), all);
}

// What the clock told here is left unjudged: it depends on the machine's other work.
TEST_F(Ab, TheRealBuildTakesTurns) {
  const Finished run = measure(MOAT_BINARY, {"--benchmark_repetitions=2", "--samples", "10"});
  ASSERT_EQ(run.exit_code, kExitOk) << run.err;
  EXPECT_NE(run.out.find("2 cases were sampled in turns"), std::string::npos) << run.out;
  expect_shared_rounds(2);
}

TEST_F(Ab, OneThreadOfEachBuildRunsOnTheSameProcessor) {
  const fs::path base = folder_ / "base";
  const fs::path seen = folder_ / "processors";
  write_file(base, fmt::format("#!/bin/sh\ngrep Cpus_allowed_list /proc/$$/status >>'{}'\n"
                               "exec '{}' \"$@\"\n",
                               seen.string(), MOAT_BINARY));
  fs::permissions(base, fs::perms::owner_all);
  const Finished run = measure(base.string(), {"--samples", "5"});
  EXPECT_EQ(read_records({folder_ / "new.json"})[0].record.run.repetitions, 5)
      << "processes share the samples";
  ASSERT_EQ(run.exit_code, kExitOk) << run.err;
  std::string list;
  std::getline(std::ifstream(seen), list);
  EXPECT_FALSE(list.empty());
  EXPECT_EQ(list.find_first_of(",-"), std::string::npos) << list;
}

TEST_F(Ab, MistakesAreNamed) {
  Finished f = measure("/nowhere/moat");
  EXPECT_EQ(f.exit_code, kExitUsage);
  EXPECT_NE(f.err.find("--ab: /nowhere/moat is no executable"), std::string::npos) << f.err;
  f = measure(MOAT_BINARY, {"--format", "csv"});
  EXPECT_EQ(f.exit_code, kExitUsage);
  EXPECT_NE(f.err.find("not csv"), std::string::npos) << f.err;
  // What a run by itself prints or writes elsewhere.
  for (const char* other :
       {"-", "--benchmark_out=g.json", "--benchmark_list_tests", "--benchmark_format=json"}) {
    std::vector<std::string> all = arguments(MOAT_BINARY, {other});
    if (std::string_view(other) == "-") {
      all.pop_back();
      *std::ranges::find(all, folder_.string()) = other;
    }
    f = moat_command(all);
    EXPECT_EQ(f.exit_code, kExitUsage) << other << f.err;
    EXPECT_TRUE(f.err.starts_with("moat: --ab ")) << f.err;
    EXPECT_FALSE(fs::exists("-"));
    EXPECT_FALSE(fs::exists(folder_ / "base.json")) << other;
  }
  // What a run by itself refuses is not left to the processes, which share what was asked for.
  for (const auto& [more, why] :
       {std::pair<std::vector<std::string>, std::string>{
            {"--samples", "3", "--min-samples", "10"},
            "moat: --samples 3 allows fewer samples than --min-samples 10 asks for"},
        {{"--resume"}, "moat: --resume does not go with --ab"}}) {
    f = measure(MOAT_BINARY, more);
    EXPECT_EQ(f.exit_code, kExitUsage) << f.err;
    EXPECT_TRUE(f.err.starts_with(why)) << f.err;
    EXPECT_FALSE(fs::exists(folder_ / "base.json")) << f.err;
  }
  // A build that knows nothing of turns, such as one of an older commit.
  const fs::path old = folder_ / "old";
  write_file(old, "#!/bin/sh\necho 'unknown argument --turns' >&2\nexit 2\n");
  fs::permissions(old, fs::perms::owner_all);
  f = measure(old.string());
  EXPECT_EQ(f.exit_code, kExitUsage) << f.err;
  EXPECT_NE(f.err.find("older than --ab"), std::string::npos) << f.err;
  f = measure("/bin/true");
  EXPECT_EQ(f.exit_code, kExitDevice) << f.err;
  EXPECT_NE(f.err.find("ended with exit code 0\nmoat: it took no turns"), std::string::npos)
      << f.err;
  // The records of an earlier run outlive a mistake, which is not the other build's.
  write_file(folder_ / "base.json", "kept");
  f = measure(MOAT_BINARY, {"--kernel", "nosuch"});
  EXPECT_EQ(f.exit_code, kExitUsage) << f.err;
  EXPECT_TRUE(f.err.starts_with("moat: --kernel: nosuch is not known")) << f.err;
  EXPECT_TRUE(fs::exists(folder_ / "base.json"));
}

}  // namespace
}  // namespace moat
