// SPDX-License-Identifier: Apache-2.0
// `moat explain` by its command lines: what it says of mistakes, of backends that a build lacks and
// of problems that no kernel takes, what it prints, and how long that takes.
#include "tests/support/command.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <set>
#include <sstream>

#include "bench/cases/case.hpp"
#include "bench/explain/document.hpp"
#include "bench/explain/explain_command.hpp"
#include "bench/run/usage_error.hpp"
#include "tests/support/temporary_folder.hpp"

namespace moat::explain {
namespace {

test::CommandResult run(std::vector<std::string> arguments, std::vector<Target> targets) {
  arguments.insert(arguments.begin(), "explain");
  return test::run_command(std::move(arguments), [&](CLI::App& app, int& exit_code) {
    add_explain_command(app, exit_code, targets);
  });
}

// The targets that this build has code for; the planners are real.
std::vector<Target> planned_targets() {
  std::vector<Target> targets = known_targets();
  const Problem any = parse_case("gemm/bf16/m64n64k64bt");
  std::erase_if(targets, [&](const Target& t) {
    return t.plan == nullptr || !explain(t, any, false).refused.empty();
  });
  return targets;
}

bool has(const std::string& id) {
  return std::ranges::any_of(planned_targets(),
                             [&](const Target& t) { return t.device->id == id; });
}

// As of a build without a GPU backend.
std::vector<Target> without_backends() {
  return known_targets({}, {{.name = "cuda", .reason = "no nvcc; install the CUDA Toolkit"},
                            {.name = "hip", .reason = "no clang"}});
}

std::string usage_error(std::vector<std::string> arguments) {
  try {
    run(std::move(arguments), without_backends());
  } catch (const UsageError& e) {
    // run_command stopped in the midst of capturing.
    testing::internal::GetCapturedStdout();
    testing::internal::GetCapturedStderr();
    return e.what();
  }
  return "";
}

TEST(ExplainCommand, KnowsTenDevicesWithTheirSources) {
  const std::vector<Target> targets = known_targets();
  std::set<std::string_view> ids;
  for (const Target& t : targets) {
    EXPECT_TRUE(ids.insert(t.device->id).second) << t.device->id;
    EXPECT_FALSE(t.device->source.empty()) << t.device->id;
    EXPECT_TRUE(t.device->memory_rate && t.device->bf16) << t.device->id;
    EXPECT_GT(t.device->unit_shared_bytes, 0u);
    EXPECT_TRUE(t.plan != nullptr || !t.absent.empty()) << t.device->id;
  }
  EXPECT_GE(ids.size(), 10u);
}

TEST(ExplainCommand, NamesADeviceThatWasMeant) {
  const std::string text = usage_error({"gemm/bf16/m64n64k64bt", "--device", "h2oo"});
  EXPECT_NE(text.find("h2oo is not known"), std::string::npos) << text;
  EXPECT_NE(text.find("Known: a100, h100"), std::string::npos) << text;
  EXPECT_NE(usage_error({"--device", "mi300"}).find("Did you mean mi300x?"), std::string::npos);
  EXPECT_NE(usage_error({"gemm/bf16/m64n64k64bt"}).find("--device is missing"), std::string::npos);
}

TEST(ExplainCommand, SaysWhatTheBuildLacksAndHowToMendIt) {
  const auto one = run({"gemm/bf16/m64n64k64bt", "--device", "h200"}, without_backends());
  EXPECT_EQ(one.exit_code, 3);
  EXPECT_EQ(one.out, "");
  EXPECT_EQ(one.err,
            "moat explain: h200: this build lacks the backend cuda: no nvcc; install the CUDA "
            "Toolkit\n");
  const auto all = run({"gemm/bf16/m64n64k64bt", "--device", "all"}, without_backends());
  EXPECT_EQ(all.exit_code, 3);
  EXPECT_NE(all.err.find("rx7900xtx: this build lacks the backend hip: no clang"),
            std::string::npos)
      << all.err;
  EXPECT_NE(run({"--devices"}, without_backends()).out.find("this build lacks cuda: no nvcc"),
            std::string::npos);
}

void expect_narrow(const std::string& text) {
  EXPECT_FALSE(text.empty());
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    const auto width = std::ranges::count_if(line, [](char c) { return (c & 0xc0) != 0x80; });
    EXPECT_LE(width, 100) << line;
  }
}

constexpr KnownDevice kDevice{.id = "one",
                              .name = "Device One",
                              .architecture = "one_1",
                              .source = "a test",
                              .compute_units = 10,
                              .unit_shared_bytes = 64 << 10,
                              .unit_threads = 1024,
                              .memory_rate = 1e12};

constexpr const char* kWhole = "128x128x32-4w-2s";
constexpr const char* kHalf = "64x128x32-4w-2s";

LaunchPlan plan_product(const KnownDevice& /*device*/, const Problem& problem,
                        const std::string& schedule) {
  if (std::holds_alternative<RowsProblem>(problem)) throw DeviceError("no code for one_1");
  if (std::holds_alternative<ReductionProblem>(problem)) return {};
  PlannedLaunch launch;
  launch.kernel = "moat::Gemm<moat::bf16, (moat::Order)1, moat::bf16>";
  launch.m = schedule == kHalf ? 64 : 128;
  launch.schedule = launch.m == 64
                        ? "moat::simt::TileSchedule<moat::bf16, 64, 128, 32, 2, 2, 1, 2>"
                        : "moat::simt::TileSchedule<moat::bf16, 128, 128, 32, 2, 2, 1, 2>";
  launch.schedule_name = launch.m == 64 ? kHalf : kWhole;
  launch.n = 128;
  launch.k = 32;
  launch.items = 1024 / launch.m * (1408 / launch.n);
  launch.blocks = static_cast<unsigned>(launch.items);
  launch.threads = 128;
  launch.waves = 4;
  launch.residency = launch.beside = 1;
  launch.stages = 2;
  launch.shared_bytes = 32 << 10;
  launch.products = "bf16 on matrix units";
  launch.product_rate = 1e14;
  return {
      .architecture = "one_1", .family = "one", .launches = {launch}, .schedules = {kWhole, kHalf}};
}

std::vector<Target> scripted() {
  return {{.backend = "scripted", .device = &kDevice, .plan = plan_product}};
}

constexpr const char* kProduct = "gemm/bf16/m1024n1408k1024bt";
constexpr const char* kOther = "gemm/bf16/m1408n1024k1024bt";

// 88 items on 10 units are 9 rounds: 97.8 %; 2.95 GFLOP at 97.8 % of 100 TFLOP/s are 30.2 µs.
TEST(ExplainCommand, PrintsTheArithmetic) {
  const auto result = run({kProduct, "--device", "one"}, scripted());
  EXPECT_EQ(result.exit_code, 0);
  for (const char* line : {
           "gemm/bf16/m1024n1408k1024bt on Device One (scripted/one, 10 units)\n",
           "  1. gemm/bf16/transposed\n",
           "schedule   128x128x32-4w-2s: TileSchedule, tile 128 x 128, steps of 32, 2 stages, 4 "
           "waves\n",
           "grid       88 blocks x 128 threads, 32768 bytes of shared memory each; 88 items",
           "waves      8.80 = 88 items ÷ (10 units x 1 blocks at once)\n",
           "fill       97.8 % = 88 items ÷ (10 units x 9 rounds)\n",
           "useful     100.0 % = 2.95 GFLOP ÷ 2.95 GFLOP of whole tiles\n",
           "products   30.2 µs = 2.95 GFLOP ÷ (100 TFLOP/s of bf16 on matrix units x 97.8 % x "
           "100.0 %)\n",
           "memory     7.86 µs = 7.86 MB ÷ 1.00 TB/s\n",
           "L2 cache   unknown: 46.1 MB, and no figure of its bandwidth has a source\n",
           "bound by   not known: ≥ 30.2 µs, or longer by L2 cache\n",
           "predicted, not measured: at least 30.2 µs, at most 97.8 TFLOP/s, 260 GB/s\n",
           "chosen    128x128x32-4w-2s",
           "          64x128x32-4w-2s",
       }) {
    EXPECT_NE(result.out.find(line), std::string::npos) << line << "\n" << result.out;
  }
}

TEST(ExplainCommand, WhatBindsIsToldOnceAllPeaksAreKnown) {
  KnownDevice device = kDevice;
  device.cache_rate = 1e14;
  const std::vector<Target> targets{
      {.backend = "scripted", .device = &device, .plan = plan_product}};
  const auto known = run({kProduct, "--device", "one"}, targets);
  for (const char* line : {"bound by   bf16 on matrix units: 30.2 µs\n",
                           "predicted, not measured: 30.2 µs, 97.8 TFLOP/s, 260 GB/s; 98 % of the "
                           "peak that binds"}) {
    EXPECT_NE(known.out.find(line), std::string::npos) << line << "\n" << known.out;
  }
  const Json one = run({kProduct, "--device", "one", "--json"}, targets).json()["cases"][0];
  EXPECT_EQ(one["predicted"]["bound"], "products");
  EXPECT_TRUE(one["predicted"]["share"].is_number());
}

// As of f32 products on a device whose documents do not tell their rate.
TEST(ExplainCommand, ProductsOfAnUnknownRateHaveNoBoundAndNoRank) {
  const auto without_rate = [](const KnownDevice& device, const Problem& problem,
                               const std::string& schedule) {
    LaunchPlan plan = plan_product(device, problem, schedule);
    if (plan.launches.empty()) return plan;
    plan.launches[0].product_rate.reset();
    if (schedule == "split") {  // its sums through memory take longer
      plan.launches[0].schedule_name = schedule;
      plan.launches[0].items *= 2;
    }
    plan.schedules = {kWhole, "split", kHalf};
    return plan;
  };
  const std::vector<Target> targets{
      {.backend = "scripted", .device = &kDevice, .plan = without_rate}};
  const auto result = run({kProduct, "sum/f32/n64", "--device", "one"}, targets);
  EXPECT_NE(result.out.find("≥ 7.86 µs      ? products+\n"), std::string::npos) << result.out;
  const Json one = run({kProduct, "--device", "one", "--json"}, targets).json()["cases"][0];
  EXPECT_TRUE(one["predicted"]["bound"].is_null()) << one;
  EXPECT_TRUE(one["predicted"]["share"].is_null()) << one;
  EXPECT_TRUE(one["predicted"]["launches"][0]["bound"].is_null()) << one;
  // The others stand in the order of the menu, not of times that are least ones.
  ASSERT_EQ(one["others"].size(), 2U) << one;
  EXPECT_GT(one["others"][0]["seconds"], one["others"][1]["seconds"]);
  EXPECT_EQ(one["others"][1]["launches"][0]["schedule"], kHalf);
}

// 3 x 30.2 µs, which are least times, and twice 30.2 µs of the other case.
TEST(ExplainCommand, SumsUpTheCasesOfAFile) {
  const TemporaryFolder folder;
  const std::string file = (folder.path() / "cases.txt").string();
  std::ofstream(file) << kProduct << " 3\n" << kOther << " 2\n";
  const std::string which = "one: the cases, as often as their file says (2 cases, 5 times in all)";
  const auto result = run({"--cases", file, "--device", "one"}, scripted());
  EXPECT_NE(result.out.find(which + ", take ≥ 151 µs:"), std::string::npos) << result.out;
  const Json all = run({"--cases", file, "--device", "one", "--json"}, scripted()).json();
  EXPECT_EQ(all["sums"][0]["times"], 5);
  EXPECT_EQ(all["sums"][0]["complete"], false);
  EXPECT_EQ(all["cases"][0]["weight"], 3);
  std::ofstream(file, std::ios::app) << "softmax/bf16/r4c256\n";
  const auto refused = run({"--cases", file, "--device", "one"}, scripted());
  EXPECT_NE(refused.out.find("one: no sum: softmax/bf16/r4c256 is refused\n"), std::string::npos)
      << refused.out;
  EXPECT_EQ(run({kProduct, "--device", "one"}, scripted()).out.find("as often as"),
            std::string::npos);
}

TEST(ExplainCommand, SaysWhyThereIsNoLaunch) {
  const auto refused = run({"softmax/bf16/r4c256", "--device", "one"}, scripted());
  EXPECT_EQ(refused.exit_code, 3);
  EXPECT_NE(refused.out.find("refused: no code for one_1"), std::string::npos) << refused.out;
  // Beside one that is taken, it is a line.
  const auto both = run({"softmax/bf16/r4c256", kProduct, "--device", "one"}, scripted());
  EXPECT_EQ(both.exit_code, 0);
  EXPECT_NE(both.out.find("softmax/bf16/r4c256\n  one        refused: no code for one_1\n"),
            std::string::npos)
      << both.out;
  const auto nothing = run({"sum/f32/n64", "--device", "one"}, scripted());
  EXPECT_NE(nothing.out.find("nothing to launch"), std::string::npos) << nothing.out;
}

TEST(ExplainCommand, ALineForEachDeviceBelowItsCase) {
  const auto result = run({kProduct, "softmax/bf16/r4c256", "--device", "one"}, scripted());
  EXPECT_NE(
      result.out.find(
          "  device  schedule          blocks  waves  fill  useful  predicted  of peak\n"
          "──────────────────────────────────────────────────────────────────────────────────\n"
          "gemm/bf16/m1024n1408k1024bt\n"
          "  one     128x128x32-4w-2s      88   8.80  98 %   100 %  ≥ 30.2 µs      ? L2 cache\n"),
      std::string::npos)
      << result.out;
}

TEST(ExplainCommand, NoLineIsWiderThan100Columns) {
  KnownDevice device = kDevice;
  device.name = "Device with a name that is as long as vendors make them, 192 GB of HBM3E";
  device.source =
      "a document whose title, volume, edition, section and table make a line that is "
      "wider than 100 columns by far";
  const auto wordy = [](const KnownDevice& d, const Problem& problem, const std::string& schedule) {
    if (std::holds_alternative<RowsProblem>(problem)) throw DeviceError(std::string(d.source));
    LaunchPlan plan = plan_product(d, problem, schedule);
    plan.launches[0].products = "f32 as three products of tf32 on matrix units, warp by warp";
    plan.launches[0].schedule_name += "-specialised";
    return plan;
  };
  std::vector<std::pair<std::vector<Target>, std::vector<std::string>>> runs{
      {{{.backend = "scripted", .device = &device, .plan = wordy}},
       {kProduct, "softmax/bf16/r4c256"}},
      {planned_targets(), {"--suite", "quick"}}};
  for (const auto& [targets, cases] : runs) {
    if (targets.empty()) continue;  // this build has no GPU backend
    for (const char* option : {"", "--verbose", "--check"}) {
      std::vector<std::string> arguments = cases;
      if (*option != '\0') arguments.emplace_back(option);
      arguments.insert(arguments.end(), {"--device", "all"});
      expect_narrow(run(arguments, targets).out);
    }
    expect_narrow(run({"--devices"}, targets).out);
  }
}

TEST(ExplainCommand, TakesACaseBehindADevice) {
  const auto result = run({"--device", "one", kProduct}, scripted());
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_EQ(result.out, run({kProduct, "--device", "one"}, scripted()).out);
}

TEST(ExplainCommand, DocumentHasItsMembers) {
  const Json all = run({kProduct, "--device", "one", "--json"}, scripted()).json();
  EXPECT_EQ(all["schema"], "moat-explain");
  EXPECT_EQ(all["version"], kDocumentVersion);
  EXPECT_FALSE(all["assumptions"].empty());
  EXPECT_EQ(all["devices"][0]["id"], "one");
  EXPECT_TRUE(all["devices"][0]["cache_rate"].is_null());
  const Json& one = all["cases"][0];
  EXPECT_EQ(one["name"], kProduct);
  EXPECT_TRUE(one["refused"].is_null());
  const Json& launch = one["predicted"]["launches"][0];
  EXPECT_EQ(launch["kernel"], "gemm/bf16/transposed");
  EXPECT_EQ(launch["tile"]["m"], 128);
  EXPECT_NEAR(launch["fill"].get<double>(), 88.0 / 90, 1e-12);
  EXPECT_TRUE(launch["bound"].is_null());
  EXPECT_EQ(launch["unknown"], Json::array({"cache"}));
  EXPECT_NEAR(one["predicted"]["seconds"].get<double>(),
              2.0 * 1024 * 1408 * 1024 / (1e14 * 88 / 90), 1e-12);
  EXPECT_EQ(one["others"][0]["launches"][0]["schedule"], kHalf);
  EXPECT_TRUE(all["findings"].empty());
}

// 8 items on 10 units: tiles of half the rows are 16, in two rounds of half the length.
TEST(ExplainCommand, CheckFindsUnitsWithoutWork) {
  const auto few = [](const KnownDevice& device, const Problem& problem,
                      const std::string& schedule) {
    LaunchPlan plan = plan_product(device, problem, schedule);
    plan.launches[0].items = schedule == kHalf ? 20 : 8;
    return plan;
  };
  KnownDevice device = kDevice;
  device.cache_rate = 1e14;
  const std::vector<Target> targets{{.backend = "scripted", .device = &device, .plan = few}};
  const auto result = run({kProduct, "--device", "one", "--check"}, targets);
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_NE(result.out.find("schedule"), std::string::npos) << result.out;
  EXPECT_NE(result.out.find(kHalf), std::string::npos) << result.out;
  const Json found =
      run({kProduct, "--device", "one", "--check", "--json"}, targets).json()["findings"];
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0]["better"], kHalf);
  EXPECT_EQ(found[0]["complete"], true);
  EXPECT_EQ(run({kProduct, "--device", "one", "--check"}, scripted()).exit_code, 0);
}

// The build's own launchers and tables. 64 x 32 tiles of 128 x 256 are 2048, and 132 units take
// them in 16 rounds.
TEST(ExplainCommand, ALargeProductOnABuildWithItsBackend) {
  if (!has("h200")) GTEST_SKIP() << "this build plans nothing for h200";
  const auto result = run({"gemm/bf16/m8192n8192k8192bt", "--device", "h200"}, planned_targets());
  EXPECT_EQ(result.exit_code, 0) << result.err;
  for (const char* line :
       {"cuda/sm_90a, 132 units", "1. gemm/bf16/transposed",
        "WarpSpecializedSchedule, tile 128 x 256, steps of 64,\n                "
        "4 stages, 12 waves, "
        "persistent\n",
        "132 blocks x 384 threads", "15.52 = 2048 items",
        "97.0 % = 2048 items ÷ (132 units x 16 rounds)",
        "1.15 ms = 1.10 TFLOP ÷ (989 TFLOP/s of bf16 on matrix units x 97.0 %",
        "83.9 µs = 403 MB ÷ 4.80 TB/s", "bound by   not known: ≥ 1.15 ms, or longer by L2 cache"}) {
    EXPECT_NE(result.out.find(line), std::string::npos) << line << "\n" << result.out;
  }
}

TEST(ExplainCommand, TheQuickSuiteOnAllDevicesTakesLessThanFiveSeconds) {
  if (planned_targets().empty()) GTEST_SKIP() << "this build has no GPU backend";
  const auto begin = std::chrono::steady_clock::now();
  const auto result = run({"--suite", "quick", "--device", "all", "--json"}, planned_targets());
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_LT(seconds.count(), 5);
  for (const Json& one : result.json()["cases"]) {
    ASSERT_TRUE(one["refused"].is_null()) << one;
    EXPECT_GT(one["predicted"]["seconds"].get<double>(), 0) << one;
    for (const Json& launch : one["predicted"]["launches"]) {
      EXPECT_GT(launch["fill"].get<double>(), 0) << one;
      EXPECT_LE(launch["fill"].get<double>(), 1) << one;
      EXPECT_NE(launch["useful"], 0) << one;
      // No name of a type that could not be read.
      EXPECT_EQ(launch["kernel"].get<std::string>().find("moat::"), std::string::npos) << launch;
    }
  }
}

}  // namespace
}  // namespace moat::explain
