// SPDX-License-Identifier: Apache-2.0
#include "bench/plugin/told.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "bench/cases/case.hpp"
#include "bench/text/exit_codes.hpp"
#include "tests/bench/run/spawn.hpp"
#include "tests/support/temporary_folder.hpp"

namespace moat {
namespace {

using ::testing::HasSubstr;

TEST(Told, PlaceholdersAreTheKeysOfTheCase) {
  const Problem p = read_case("gemm/bf16/m3n5k7bt");
  EXPECT_EQ(fill_in("./mine --m {m} {n},{k} {bt} {lda} {dtype} {kernel} {case}", p),
            "./mine --m 3 5,7 1 0 bf16 gemm gemm/bf16/m3n5k7bt");
  EXPECT_EQ(fill_in("awk '{{print $1}}' {m}", p), "awk '{print $1}' 3");
  EXPECT_EQ(fill_in("{r}x{c} {limit}", read_case("swiglu/f32/r2c9limit7")), "2x9 7");
  EXPECT_EQ(fill_in("{dtype}", read_case("weightonly/bf16xint4/m1n4k64")), "bf16xint4");
}

TEST(Told, AnotherPlaceholderIsToldWithThoseThatThereAre) {
  const Problem p = read_case("sum/f32/n9");
  for (const char* text : {"{m}", "{n", "{}", "x {n}{q}"}) {
    try {
      fill_in(text, p);
      FAIL() << text;
    } catch (const CommandError& e) {
      EXPECT_THAT(e.what(), HasSubstr("{case} {kernel} {dtype} {n}")) << text;
    }
  }
}

TEST(Told, TimeIsThatOfTheLastLine) {
  EXPECT_DOUBLE_EQ(parse_told_time("time 1.5 us\n").get(), 1.5e-6);
  EXPECT_DOUBLE_EQ(parse_told_time("noise\ntime 2 s\n time 3e2 ns \nbye").get(), 3e-7);
  EXPECT_DOUBLE_EQ(parse_told_time("time 0.25ms").get(), 0.25e-3);
  for (const char* text : {"", "1.5 us\n", "time\n", "time fast\n", "time 3\n", "time 3 min\n",
                           "time 0 us\n", "time -1 us\n", "time inf s\n", "time nan s\n"}) {
    EXPECT_FALSE(parse_told_time(text).value) << text;
  }
}

TEST(Told, CommandsMayFailAndHang) {
  const Problem p = read_case("sum/f32/n9");
  EXPECT_DOUBLE_EQ(ask_command("echo time {n} ms", p, 10).seconds.get(), 9e-3);
  EXPECT_THAT(ask_command("echo time 1 s; exit 3", p, 10).seconds.reason, HasSubstr("exit code 3"));
  EXPECT_THAT(ask_command("kill -9 $$", p, 10).seconds.reason, HasSubstr("signal 9"));
  EXPECT_THAT(ask_command("echo no", p, 10).seconds.reason, HasSubstr("it printed no time"));
  EXPECT_THAT(ask_command("sleep 30", p, 0.2).seconds.reason, HasSubstr("within 0.2 s"));
  // What it leaves behind holds its output open.
  EXPECT_DOUBLE_EQ(ask_command("sleep 30 & echo time 1 s", p, 10).seconds.get(), 1.0);
}

Finished run_with(const std::vector<std::string>& more) {
  std::vector<std::string> all = {"run",       "--device", "cpu:0",    "--no-baselines",
                                  "--threads", "1",        "--budget", "0.1",
                                  "--samples", "12",       "--case",   "sum/f32/n4096"};
  all.insert(all.end(), more.begin(), more.end());
  return Spawned(
             all, [] {}, QUICK_MOAT_BINARY)
      .wait();
}

TEST(Told, StandsBesideTheTableAndInTheRecord) {
  const TemporaryFolder folder;
  const std::string file = (folder.path() / "r.json").string();
  const Finished f = run_with({"--command", "echo time {n} ns", "--out", file});
  EXPECT_THAT(f.out, HasSubstr("told, not verified and not timed here"));
  EXPECT_THAT(f.out, HasSubstr("4.10 µs  sum/f32/n4096  echo time 4096 ns"));
  std::ifstream stream(file);
  const std::string text{std::istreambuf_iterator<char>(stream), {}};
  const Record record = parse_record(text);
  ASSERT_TRUE(record.told);
  ASSERT_EQ(record.told->size(), 1u);
  EXPECT_DOUBLE_EQ(record.told->front().seconds.get(), 4096e-9);
  ASSERT_EQ(record.cases.size(), 1u);
  EXPECT_TRUE(record.cases.front().ratios.empty());
}

TEST(Told, NoTimeIsAnErrorOfTheRun) {
  const TemporaryFolder folder;
  const Finished f =
      run_with({"--command", "echo fast", "--out", (folder.path() / "r.json").string()});
  EXPECT_EQ(f.exit_code, kExitDevice);
  EXPECT_THAT(f.out, HasSubstr("no time: it printed no time"));
  const Finished usage = run_with({"--command", "echo {m}"});
  EXPECT_EQ(usage.exit_code, kExitUsage);
  EXPECT_THAT(usage.err, HasSubstr("--command: {m} is nothing of sum/f32/n4096"));
}

}  // namespace
}  // namespace moat
