// SPDX-License-Identifier: Apache-2.0
// moat run --plugin for real: an honest plug-in, and each kind that is not.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "bench/plugin/sha256.hpp"
#include "bench/record/record.hpp"
#include "bench/text/exit_codes.hpp"
#include "tests/bench/run/spawn.hpp"
#include "tests/support/temporary_folder.hpp"

namespace moat {
namespace {

using ::testing::HasSubstr;

constexpr const char* kCase = "rmsnorm/f32/r64c1024";

struct Outcome {
  Finished finished;
  Record record;

  const CaseRecord& of(const std::string& implementation) const {
    const auto at = std::ranges::find(record.cases, implementation, &CaseRecord::implementation);
    if (at == record.cases.end()) throw std::runtime_error("no case of " + implementation);
    return *at;
  }
};

std::vector<std::string> arguments(const std::vector<std::string>& more) {
  std::vector<std::string> all = {
      "run", "--device",  "cpu:0", "--no-baselines",   "--threads", "1", "--budget",
      "0.3", "--samples", "20",    "--plugin-timeout", "2"};
  all.insert(all.end(), more.begin(), more.end());
  return all;
}

Finished run_as(const std::string& mode, const std::vector<std::string>& more) {
  return Spawned(
             arguments(more), [&] { setenv("MOAT_PLANTED", mode.c_str(), 1); }, QUICK_MOAT_BINARY)
      .wait();
}

Outcome run_case(const std::string& mode, std::vector<std::string> more = {}) {
  const TemporaryFolder folder;
  const auto file = folder.path() / "record.json";
  more.insert(more.end(), {"--case", kCase, "--plugin", MOAT_PLANTED, "--out", file.string()});
  Outcome outcome{.finished = run_as(mode, more), .record = {}};
  std::ifstream stream(file);
  const std::string text{std::istreambuf_iterator<char>(stream), {}};
  if (text.empty()) throw std::runtime_error(outcome.finished.err);
  outcome.record = parse_record(text);
  return outcome;
}

// Other work on the machine may cost a case its number, which is no fault of a plug-in.
bool right(const CaseRecord& c) {
  return c.status == Status::ok || c.status == Status::disturbed || c.status == Status::suspect;
}

TEST(Plugin, HonestOneIsVerifiedAndTimedBesideOurs) {
  const Outcome o = run_case("honest");
  const CaseRecord& c = o.of("planted");
  EXPECT_TRUE(right(c)) << c.message << o.finished.err;
  EXPECT_TRUE(right(o.of("moat"))) << o.of("moat").message;
  ASSERT_TRUE(c.check.value);
  EXPECT_TRUE(c.check.value->passed);
  EXPECT_EQ(c.check.value->elements_checked, 64 * 1024);
  EXPECT_FALSE(c.series.empty());
  if (c.status == Status::ok && o.of("moat").status == Status::ok) {
    ASSERT_EQ(o.of("moat").ratios.size(), 1u);
    EXPECT_EQ(o.of("moat").ratios.front().baseline, "planted");
  }
}

TEST(Plugin, RecordNamesItsVersionHashAndSources) {
  const Outcome o = run_case("honest");
  const auto& all = o.record.libraries;
  const auto at = std::ranges::find(all, "planted", &LibraryRecord::name);
  ASSERT_NE(at, all.end());
  EXPECT_EQ(at->version, "2.5");
  EXPECT_EQ(at->sha256, sha256_of_file(MOAT_PLANTED));
  const std::vector<std::string> sources = {"planted.cpp", "https://example.org/planted"};
  EXPECT_EQ(at->sources, sources);
}

TEST(Plugin, OnesInPlainCNeedTheHeaderAlone) {
  const TemporaryFolder folder;
  const auto file = (folder.path() / "r.json").string();
  const Finished f =
      run_as("", {"--case", "max/f32/n4099", "--plugin", MOAT_PLAIN_C, "--out", file});
  EXPECT_THAT(f.out, HasSubstr("plain-c"));
  EXPECT_THAT(f.exit_code, ::testing::AnyOf(kExitOk, kExitDisturbed, kExitFailed)) << f.out;
  EXPECT_THAT(f.out, ::testing::Not(HasSubstr("failed"))) << f.out;
}

TEST(Plugin, SeveralTakePartInOneSeries) {
  const Outcome o = run_case("honest", {"--plugin", MOAT_EXAMPLE});
  EXPECT_TRUE(right(o.of("planted"))) << o.of("planted").message;
  EXPECT_TRUE(right(o.of("openmp-rows"))) << o.of("openmp-rows").message;
}

TEST(Plugin, IsTimedInEachRepetition) {
  const Outcome o = run_case("honest", {"--benchmark_repetitions=2"});
  const CaseRecord& c = o.of("planted");
  EXPECT_TRUE(right(c)) << c.message;
  EXPECT_EQ(c.series.size(), 2u);
}

struct Cheat {
  const char* mode;
  Status status;
  const char* message;
};

class PlantedPlugin : public ::testing::TestWithParam<Cheat> {};

// It costs the plug-in its case, and ours is measured all the same.
TEST_P(PlantedPlugin, LosesItsCaseAlone) {
  const Cheat cheat = GetParam();
  const Outcome o = run_case(cheat.mode);
  EXPECT_EQ(o.of("planted").status, cheat.status) << o.of("planted").message;
  EXPECT_THAT(o.of("planted").message, HasSubstr(cheat.message));
  EXPECT_TRUE(o.of("planted").series.empty());
  EXPECT_TRUE(right(o.of("moat"))) << o.of("moat").message;
  EXPECT_FALSE(o.of("moat").series.empty());
  EXPECT_TRUE(o.of("moat").ratios.empty());
  EXPECT_EQ(o.finished.exit_code, cheat.status == Status::failed ? kExitFailed : kExitDevice);
}

INSTANTIATE_TEST_SUITE_P(
    All, PlantedPlugin,
    ::testing::Values(Cheat{"wrong", Status::failed, "row 0, column 1023"},
                      Cheat{"cached", Status::failed, ""}, Cheat{"skips", Status::failed, "row "},
                      Cheat{"late", Status::failed, ""},
                      Cheat{"late-at-the-end", Status::failed, "written after the call was over"},
                      Cheat{"outside", Status::failed, "behind"},
                      Cheat{"inputs", Status::failed, "the input x was written"},
                      Cheat{"inputs-later", Status::failed,
                            "the input x was written while it was timed"},
                      Cheat{"fails", Status::error, "solve: seven reasons"},
                      Cheat{"crashes", Status::error, "crashed: signal 11"},
                      Cheat{"crashes-later", Status::error, "crashed: signal 11"},
                      Cheat{"exits", Status::error, "ended the process with exit code 0"},
                      Cheat{"hangs", Status::error, "did not return within 2 s"},
                      Cheat{"hangs-later", Status::error, "did not return within 2 s"}),
    [](const auto& test) {
      std::string name = test.param.mode;
      std::ranges::replace(name, '-', '_');
      return name;
    });

#if defined(__x86_64__)
INSTANTIATE_TEST_SUITE_P(Clock, PlantedPlugin,
                         ::testing::Values(Cheat{"clock", Status::failed,
                                                 "the clock was touched"}));
#endif

struct Refusal {
  const char* mode;
  const char* message;
};

class RefusedPlugin : public ::testing::TestWithParam<Refusal> {};

TEST_P(RefusedPlugin, IsBadUsageThatTellsWhy) {
  const Finished f = run_as(GetParam().mode, {"--case", kCase, "--plugin", MOAT_PLANTED});
  EXPECT_EQ(f.exit_code, kExitUsage);
  EXPECT_THAT(f.err, HasSubstr(std::string("--plugin ") + MOAT_PLANTED));
  EXPECT_THAT(f.err, HasSubstr(GetParam().message));
}

INSTANTIATE_TEST_SUITE_P(
    All, RefusedPlugin,
    ::testing::Values(Refusal{"wrong-major", "it was built with version 2.0 of moat/plugin.h"},
                      Refusal{"does-not-fit", "does not fit version 1.0"},
                      Refusal{"unknown-problem", "'rmsnorn', which is no problem of moat/plugin.h"},
                      Refusal{"crashes-on-load", "crashed: signal 6"},
                      Refusal{"hangs-on-load", "did not return within 2 s"},
                      Refusal{"taken", "calls itself moat: that name is taken"},
                      Refusal{"bad-name", "calls itself 'moat.x'"}),
    [](const auto& test) {
      std::string name = test.param.mode;
      std::ranges::replace(name, '-', '_');
      return name;
    });

TEST(Plugin, FilesThatAreNoneAreToldApart) {
  const TemporaryFolder folder;
  const auto text = folder.path() / "text.so";
  std::ofstream(text) << "no library at all, but long enough for its head";
  const auto error = [](const std::string& file) {
    const Finished f = run_as("", {"--case", kCase, "--plugin", file});
    EXPECT_EQ(f.exit_code, kExitUsage);
    return f.err;
  };
  EXPECT_THAT(error((folder.path() / "none.so").string()), HasSubstr("there is no such file"));
  EXPECT_THAT(error(text.string()), HasSubstr("it is not a shared library"));
  EXPECT_THAT(error(MOAT_NO_ENTRY), HasSubstr("it has no function moat_plugin"));
}

TEST(Plugin, ThatSolvesNoneOfTheCasesTellsWhatItDoes) {
  const Finished f = run_as("", {"--case", "softmax/bf16/r8c8", "--plugin", MOAT_PLANTED});
  EXPECT_EQ(f.exit_code, kExitUsage);
  EXPECT_THAT(f.err, HasSubstr("it solves none of these cases"));
  EXPECT_THAT(f.err, HasSubstr("rmsnorm (f32)"));
}

TEST(Plugin, OfADeviceThatIsNotHereIsSkippedByName) {
  const Outcome o = run_case("elsewhere");
  EXPECT_THAT(o.finished.err, HasSubstr("it solves on moon, and no such device takes part"));
  const auto& absent = o.record.absent_baselines;
  EXPECT_NE(std::ranges::find(absent, "planted", &AbsentRecord::name), absent.end());
  EXPECT_TRUE(right(o.of("moat")));
}

TEST(Plugin, DoesNotGoWithAnotherBuild) {
  const Finished f = run_as("", {"--ab", MOAT_BINARY, "--case", kCase, "--plugin", MOAT_PLANTED});
  EXPECT_EQ(f.exit_code, kExitUsage);
  EXPECT_THAT(f.err, HasSubstr("--plugin does not go with --ab"));
}

TEST(Plugin, InterruptEndsItsProcessToo) {
  const TemporaryFolder folder;
  const auto file = folder.path() / "record.json";
  const auto mark = folder.path() / "called";
  Spawned run(
      {"run", "--device", "cpu:0", "--no-baselines", "--threads", "1", "--budget", "60", "--case",
       kCase, "--plugin", MOAT_PLANTED, "--out", file.string()},
      [&] { setenv("MOAT_PLANTED_MARK", mark.c_str(), 1); }, QUICK_MOAT_BINARY);
  constexpr int kMostWaits = 6000;
  for (int i = 0; i < kMostWaits && !std::filesystem::exists(mark); ++i) usleep(10'000);
  run.signal(SIGTERM);
  const Finished f = run.wait();
  EXPECT_EQ(f.exit_code, kExitInterrupted) << f.err;
  std::ifstream stream(file);
  const std::string text{std::istreambuf_iterator<char>(stream), {}};
  EXPECT_TRUE(parse_record(text).run.interrupted);
  pid_t child = 0;
  std::ifstream(mark) >> child;
  ASSERT_GT(child, 0);
  EXPECT_EQ(kill(child, 0), -1) << "the plug-in's process is left behind";
}

TEST(Sha256, IsThatOfTheStandard) {
  EXPECT_EQ(sha256(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(sha256("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(sha256("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
}

}  // namespace
}  // namespace moat
