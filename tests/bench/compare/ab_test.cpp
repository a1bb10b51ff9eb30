// Real builds, sampled in turns and gated: the same commit, and one with a planted delay.
#include <gtest/gtest.h>

#include <filesystem>

#include "bench/compare/exit_codes.hpp"
#include "bench/compare/record_set.hpp"
#include "bench/record/file.hpp"
#include "bench/run/exit_codes.hpp"
#include "tests/bench/run/spawn.hpp"

namespace moat {
namespace {

namespace fs = std::filesystem;

class Ab : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = testing::TempDir() + "moat-ab-XXXXXX";
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    folder_ = name;
  }
  void TearDown() override { fs::remove_all(folder_); }

  Finished measure(const std::string& other, const std::vector<std::string>& more = {}) const {
    std::vector<std::string> arguments = {
        "run",   "--ab",      other, "--backend",      "cpu",           "--case",
        kGemm,   "--case",    kSum,  "--no-baselines", "--budget",      "0.5",
        "--hot", "--threads", "1",   "--out",          folder_.string()};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return moat_command(arguments);
  }

  // Both records name the session, and sample i of one has its partner in the other.
  void expect_shared_rounds() const {
    const auto base = read_records({folder_ / "base.json"})[0].record;
    const auto now = read_records({folder_ / "new.json"})[0].record;
    EXPECT_TRUE(base.run.session.has_value());
    EXPECT_EQ(base.run.session, now.run.session);
    ASSERT_EQ(base.cases.size(), 2u);
    ASSERT_EQ(now.cases.size(), 2u);
    for (std::size_t c = 0; c < 2; ++c) {
      ASSERT_EQ(base.cases[c].series.size(), 2u);
      ASSERT_EQ(now.cases[c].series.size(), 2u);
      for (std::size_t s = 0; s < 2; ++s) {
        const SeriesRecord& x = base.cases[c].series[s];
        const SeriesRecord& y = now.cases[c].series[s];
        EXPECT_GE(x.seconds.size(), 5u);
        EXPECT_EQ(x.seconds.size(), y.seconds.size());
        EXPECT_EQ(x.calls_per_sample, y.calls_per_sample);
      }
    }
  }

  // Measures until the gate accepts its threshold: beside other work it may refuse one as below
  // the noise, which is right, but no answer.
  Finished gated(const std::string& other, const std::vector<std::string>& more,
                 const std::string& base, const std::string& now) {
    Finished f;
    for (int attempt = 0; attempt < 4; ++attempt) {
      const Finished run = measure(other, more);
      EXPECT_EQ(run.exit_code, kExitOk) << run.err;
      f = moat_command(
          {"compare", (folder_ / base).string(), (folder_ / now).string(), "--gate", kGate});
      if (f.exit_code != kCompareNoise) break;
    }
    return f;
  }

  // Generous, because the tests share their machine with other tests.
  static constexpr const char* kGate = "25%";
  static constexpr const char* kGemm = "gemm/f32/m200n200k200";
  static constexpr const char* kSum = "sum/f32/n300000";
  fs::path folder_;
};

TEST_F(Ab, TheSameCommitPassesThreeTimes) {
  for (int i = 0; i < 3; ++i) {
    const Finished f = gated(MOAT_BINARY, {"--benchmark_repetitions=2"}, "base.json", "new.json");
    EXPECT_EQ(f.exit_code, kCompareOk) << f.out << f.err;
    EXPECT_NE(f.out.find("2 cases were sampled in turns"), std::string::npos) << f.out;
    expect_shared_rounds();
  }
}

TEST_F(Ab, APlantedDelayFailsTheGateAndIsNamed) {
  // The delayed build was the other one, that is the base; the change under test is to be its.
  const Finished f = gated(DELAYED_MOAT_BINARY, {}, "new.json", "base.json");
  EXPECT_EQ(f.exit_code, kCompareSlower) << f.out << f.err;
  EXPECT_NE(f.err.find("gemm/f32/m200n200k200/cpu/moat is slower"), std::string::npos) << f.err;
  EXPECT_EQ(f.err.find("sum/"), std::string::npos) << f.err;
}

TEST_F(Ab, MistakesAreNamed) {
  Finished f = measure("/nowhere/moat");
  EXPECT_EQ(f.exit_code, kExitUsage);
  EXPECT_NE(f.err.find("--ab: /nowhere/moat is no executable"), std::string::npos) << f.err;
  f = measure(MOAT_BINARY, {"--format", "csv"});
  EXPECT_EQ(f.exit_code, kExitUsage);
  EXPECT_NE(f.err.find("not csv"), std::string::npos) << f.err;
  // A build that knows nothing of turns, such as one of an older commit.
  const fs::path old = folder_ / "old";
  write_file(old, "#!/bin/sh\necho 'unknown argument --turns' >&2\nexit 2\n");
  fs::permissions(old, fs::perms::owner_all);
  f = measure(old.string());
  EXPECT_EQ(f.exit_code, kExitUsage) << f.err;
  EXPECT_NE(f.err.find("older than --ab"), std::string::npos) << f.err;
}

}  // namespace
}  // namespace moat
