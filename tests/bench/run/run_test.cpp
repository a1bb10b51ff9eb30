// SPDX-License-Identifier: Apache-2.0
#include "bench/run/run.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>
#include <string>

#include "bench/record/record.hpp"
#include "bench/run/usage_error.hpp"
#include "bench/text/exit_codes.hpp"
#include "tests/bench/run/first_element.hpp"
#include "tests/bench/run/naive_device.hpp"
#include "tests/support/porting_sums.hpp"
#include "tests/support/scripted_scheduling.hpp"
#include "tests/support/temporary_folder.hpp"

namespace moat {
namespace {

namespace fs = std::filesystem;

// A GEMM whose last element is wrong; sums are right.
DeviceList list_faulty() {
  auto device = std::make_unique<NaiveDevice>();
  device->after = [](int, const Problem& problem) {
    if (const auto* p = std::get_if<GemmProblem>(&problem)) {
      static_cast<float*>(p->c)[p->m * p->n - 1] += 100;
    }
  };
  DeviceList list;
  list.devices.push_back(std::move(device));
  return list;
}

DeviceList list_right() {
  DeviceList list;
  list.devices.push_back(std::make_unique<NaiveDevice>());
  return list;
}

DeviceList list_none() { return {.devices = {}, .skipped = "no driver"}; }

class RunTest : public testing::Test {
 protected:
  void SetUp() override {
    options_.out = folder_ / "record.json";
    options_.problems.cases = {"gemm/f32/m20n30k40", "sum/f32/n1000"};
    options_.samples = 10;
    options_.budget_seconds = 0.2;
    world_.backends = {{.name = "cpu", .list = list_right}, {.name = "cuda", .list = list_none}};
    world_.absent = {{.name = "hip", .reason = "no SDK"}};
    world_.baselines = [](Device&) {
      Baselines b;
      b.absent.push_back({"onednn", "not installed"});
      return b;
    };
    world_.ceilings = [](Device&, Clock&, std::size_t, const CeilingNeeds&) { return Ceilings{}; };
    world_.porting = [] {
      return PortingSection{
          .record = share(no_porting_sums()), .table = "lines changed\n", .markdown = "| port |\n"};
    };
    world_.codegen = [this](const std::set<std::string>& backends) {
      codegen_asked_ = backends;
      return Reading<JsonDocument>::of(share(codegen_));
    };
    world_.out = &out_;
  }

  Record record() const {
    std::ifstream file(folder_ / "record.json");
    return parse_record(std::string{std::istreambuf_iterator<char>(file), {}});
  }

  TemporaryFolder temporary_;
  fs::path folder_ = temporary_.path();
  RunOptions options_;
  RunWorld world_;
  std::ostringstream out_;
  std::set<std::string> codegen_asked_;
  Json codegen_ = {{"schema", "moat-codegen"},        {"version", 1},
                   {"architectures", Json::object()}, {"entries", Json::array()},
                   {"messages", Json::object()},      {"errors", Json::object()},
                   {"absent", Json::object()}};
};

TEST_F(RunTest, RecordsTheCodeOfTheGpusThatTookPart) {
  EXPECT_EQ(run(options_, world_), kExitOk);
  EXPECT_TRUE(codegen_asked_.empty());
  EXPECT_FALSE(record().codegen.value);
  EXPECT_EQ(record().codegen.reason, "no GPU backend took part in this run");
  world_.backends.back().list = [] {
    DeviceList list;
    list.devices.push_back(std::make_unique<NaiveDevice>("cuda"));
    return list;
  };
  EXPECT_EQ(run(options_, world_), kExitOk);
  EXPECT_EQ(codegen_asked_, std::set<std::string>{"cuda"});
  EXPECT_EQ(*record().codegen.get(), codegen_);
  world_.codegen = [](const std::set<std::string>&) {
    return Reading<JsonDocument>::none("codegen.json does not exist");
  };
  EXPECT_EQ(run(options_, world_), kExitOk);
  EXPECT_EQ(record().codegen.reason, "codegen.json does not exist");
}

TEST_F(RunTest, LeavesARecordThatFitsTheSchema) {
  EXPECT_EQ(run(options_, world_), kExitOk);
  const Record r = record();
  ASSERT_EQ(r.cases.size(), 2u);
  EXPECT_EQ(r.cases[0].name, "gemm/f32/m20n30k40/cpu/moat");
  EXPECT_EQ(r.cases[0].status, Status::ok);
  EXPECT_GE(r.cases[0].series[0].seconds.size(), 1u);
  EXPECT_EQ(r.run.planned, 2);
  EXPECT_FALSE(r.run.interrupted);
  ASSERT_EQ(r.skipped_backends.size(), 2u);
  EXPECT_EQ(r.skipped_backends[0].reason, "no driver");
  EXPECT_EQ(r.absent_baselines[0].name, "onednn");
  EXPECT_NE(out_.str().find("GFLOP/s"), std::string::npos) << out_.str();
  EXPECT_NE(out_.str().find("skipped: backend hip: no SDK"), std::string::npos);
}

TEST_F(RunTest, EachFormatHasItsTableOfPorts) {
  EXPECT_EQ(run(options_, world_), kExitOk);
  EXPECT_NE(out_.str().find("lines changed\n"), std::string::npos) << out_.str();
  EXPECT_EQ(out_.str().find("| port |"), std::string::npos) << out_.str();
  out_.str("");
  options_.format = TableFormat::markdown;
  EXPECT_EQ(run(options_, world_), kExitOk);
  EXPECT_NE(out_.str().find("\n\n| port |\n"), std::string::npos) << out_.str();
  EXPECT_EQ(out_.str().find("lines changed\n"), std::string::npos) << out_.str();
}

TEST_F(RunTest, YardsticksStandBesideTheirProblems) {
  world_.baselines = [](Device&) {
    Baselines b;
    b.yardsticks.push_back(std::make_unique<FirstElement>());
    return b;
  };
  options_.export_gbench = folder_ / "gbench.json";
  EXPECT_EQ(run(options_, world_), kExitOk);
  const Record r = record();
  ASSERT_EQ(r.cases.size(), 3u);
  const CaseRecord& yardstick = r.cases[2];
  EXPECT_EQ(yardstick.name, "sum/f32/n1000/cpu/read");
  EXPECT_EQ(yardstick.status, Status::ok);
  EXPECT_EQ(yardstick.flops, 0);
  EXPECT_EQ(yardstick.bytes, 4);
  EXPECT_TRUE(r.cases[1].ratios.empty());
  EXPECT_TRUE(r.cases[0].baselines_absent.empty());
  ASSERT_EQ(r.libraries.size(), 1u);
  EXPECT_EQ(r.libraries[0].detail, "reads one element");
  EXPECT_NE(out_.str().find("yardstick read"), std::string::npos) << out_.str();
  EXPECT_NE(out_.str().find("cpu/read"), std::string::npos) << out_.str();
  const Json exported = read_json_file(folder_ / "gbench.json");
  EXPECT_FALSE(exported["benchmarks"][2].contains("items_per_second"));

  options_.baselines = false;
  EXPECT_EQ(run(options_, world_), kExitOk);
  EXPECT_EQ(record().cases.size(), 2u);
}

// Another GEMM beside a GEMM, because the naive device has no attention.
Baselines with_product() {
  Baselines b;
  b.product = {.detail = "a small GEMM", .beside = [](const Problem& p) -> std::optional<Problem> {
                 if (!std::holds_alternative<GemmProblem>(p)) return std::nullopt;
                 return GemmProblem{.m = 10, .n = 12, .k = 8};
               }};
  return b;
}

TEST_F(RunTest, AProductIsSampledInTheSameRounds) {
  world_.baselines = [](Device&) { return with_product(); };
  EXPECT_EQ(run(options_, world_), kExitOk);
  const Record r = record();
  ASSERT_EQ(r.cases.size(), 3u);
  const CaseRecord& product = r.cases[1];
  EXPECT_EQ(product.name, "gemm/f32/m20n30k40/cpu/product");
  EXPECT_EQ(product.status, Status::ok) << product.message;
  EXPECT_EQ(product.flops, 2.0 * 10 * 12 * 8);
  EXPECT_EQ(product.check.get().elements, 120);
  EXPECT_EQ(product.series[0].seconds.size(), r.cases[0].series[0].seconds.size());
  EXPECT_TRUE(r.cases[0].ratios.empty());
  EXPECT_TRUE(product.gflops.value);
  ASSERT_EQ(r.libraries.size(), 1u);
  EXPECT_EQ(r.libraries[0].name, "product");
  EXPECT_EQ(r.run.planned, 3);
  EXPECT_NE(out_.str().find("yardstick product"), std::string::npos) << out_.str();
}

// Verified as any case: the naive device's last element is wrong in every GEMM, or in the product's
// alone.
TEST_F(RunTest, AProductThatIsWrongHasNoTime) {
  world_.baselines = [](Device&) { return with_product(); };
  world_.backends = {{.name = "cpu", .list = [] {
                        auto device = std::make_unique<NaiveDevice>();
                        device->after = [](int, const Problem& problem) {
                          const auto* p = std::get_if<GemmProblem>(&problem);
                          if (p != nullptr && p->m == 10) static_cast<float*>(p->c)[119] += 100;
                        };
                        DeviceList list;
                        list.devices.push_back(std::move(device));
                        return list;
                      }}};
  EXPECT_EQ(run(options_, world_), kExitFailed);
  const Record r = record();
  EXPECT_EQ(r.cases[0].status, Status::ok) << r.cases[0].message;
  EXPECT_EQ(r.cases[1].status, Status::failed);
  EXPECT_FALSE(r.cases[1].median_seconds.value);
}

TEST_F(RunTest, AFilterMayLeaveTheProductOut) {
  world_.baselines = [](Device&) { return with_product(); };
  options_.google_benchmark = {"--benchmark_filter=moat$"};
  EXPECT_EQ(run(options_, world_), kExitOk);
  EXPECT_EQ(record().cases.size(), 2u);
}

// What is printed can be asked for: a name of the table is found, whoever stands beside it.
TEST_F(RunTest, AFilterMayNameTheProductOrAYardstickAlone) {
  world_.baselines = [](Device&) {
    Baselines b = with_product();
    b.yardsticks.push_back(std::make_unique<FirstElement>());
    return b;
  };
  EXPECT_EQ(run(options_, world_), kExitOk);
  for (const CaseRecord& c : record().cases) {
    options_.google_benchmark = {"--benchmark_filter=^" + c.name + "$"};
    EXPECT_EQ(run(options_, world_), kExitOk) << c.name;
    const Record alone = record();
    ASSERT_EQ(alone.cases.size(), 1u) << c.name;
    EXPECT_EQ(alone.cases[0].name, c.name);
    EXPECT_EQ(alone.cases[0].status, Status::ok) << c.name << ": " << alone.cases[0].message;
    EXPECT_EQ(alone.run.planned, 1);
  }
}

// It has what the problem leaves of the memory.
TEST_F(RunTest, AProductThatDoesNotFitStaysAwayAndSaysWhy) {
  world_.baselines = [](Device&) {
    Baselines b;
    b.product = {.detail = "a large GEMM",
                 .beside = [](const Problem& p) -> std::optional<Problem> {
                   if (!std::holds_alternative<GemmProblem>(p)) return std::nullopt;
                   return GemmProblem{.m = 50000, .n = 50000, .k = 50000};
                 }};
    return b;
  };
  EXPECT_EQ(run(options_, world_), kExitOk);
  const Record r = record();
  ASSERT_EQ(r.cases.size(), 2u);
  ASSERT_EQ(r.cases[0].baselines_absent.size(), 1u);
  EXPECT_EQ(r.cases[0].baselines_absent[0].name, kProductYardstick);
  EXPECT_NE(r.cases[0].baselines_absent[0].reason.find("beside gemm/f32/m20n30k40"),
            std::string::npos)
      << r.cases[0].baselines_absent[0].reason;
  EXPECT_NE(out_.str().find("absent: yardstick product: case 'gemm/f32/m50000n50000k50000' needs"),
            std::string::npos)
      << out_.str();
  EXPECT_EQ(out_.str().find("no library beside"), std::string::npos) << out_.str();
}

// What keeps it from running is an error of its own.
TEST_F(RunTest, AProductThatCannotRunLeavesTheCaseAlone) {
  world_.baselines = [](Device&) { return with_product(); };
  world_.backends = {{.name = "cpu", .list = [] {
                        auto device = std::make_unique<NaiveDevice>();
                        device->fewest_bytes = 2000;  // the product's operands have fewer
                        DeviceList list;
                        list.devices.push_back(std::move(device));
                        return list;
                      }}};
  options_.problems.cases = {"gemm/f32/m20n30k40"};
  EXPECT_EQ(run(options_, world_), kExitDevice);
  const Record r = record();
  ASSERT_EQ(r.cases.size(), 2u);
  EXPECT_EQ(r.cases[0].status, Status::ok) << r.cases[0].message;
  EXPECT_EQ(r.cases[1].status, Status::error);
  EXPECT_EQ(r.cases[1].message, "no memory");
}

// The naive device would be suspect without it: its ceilings allow a byte a second.
TEST_F(RunTest, YardsticksRaiseTheCeilings) {
  options_.problems.cases = {"sum/f32/n1000"};
  world_.ceilings = [](Device&, Clock&, std::size_t, const CeilingNeeds&) {
    Ceilings low;
    low.read_bytes = low.copy_bytes = 1;
    return low;
  };
  EXPECT_EQ(run(options_, world_), kExitFailed);
  EXPECT_EQ(record().cases[0].status, Status::suspect);
  world_.baselines = [](Device&) {
    Baselines b;
    b.yardsticks.push_back(std::make_unique<FirstElement>(1e9));
    return b;
  };
  EXPECT_EQ(run(options_, world_), kExitOk);
  const Record r = record();
  EXPECT_EQ(r.cases[0].status, Status::ok) << r.cases[0].message;
  EXPECT_EQ(r.cases[1].status, Status::ok) << r.cases[1].message;
  const CeilingsRecord& ceilings = r.devices[0].ceilings;
  EXPECT_GT(ceilings.read_bytes.value.value_or(0), 1e9);
  EXPECT_EQ(ceilings.copy_bytes.value, 1);
  ASSERT_EQ(ceilings.runs.size(), 1u);
  EXPECT_EQ(ceilings.runs[0].name, "sum/f32/n1000/cpu/read");
}

TEST_F(RunTest, WrongImplementationFailsWithoutARate) {
  world_.backends = {{.name = "cpu", .list = list_faulty}};
  EXPECT_EQ(run(options_, world_), kExitFailed);
  const Record r = record();
  ASSERT_EQ(r.cases.size(), 2u);
  EXPECT_EQ(r.cases[0].status, Status::failed);
  EXPECT_FALSE(r.cases[0].gflops.value.has_value());
  EXPECT_TRUE(r.cases[0].series.empty());
  EXPECT_FALSE(r.cases[0].check.get().passed);
  EXPECT_EQ(r.cases[1].status, Status::ok);
  EXPECT_EQ(out_.str().find("GFLOP/s"), std::string::npos) << out_.str();
  EXPECT_NE(out_.str().find("failed: "), std::string::npos);
}

TEST_F(RunTest, CaseThatCannotRunIsAnErrorOfItsOwn) {
  options_.problems.cases = {"softmax/f32/r2c2", "sum/f32/n1000"};
  EXPECT_EQ(run(options_, world_), kExitDevice);
  const Record r = record();
  EXPECT_EQ(r.cases[0].status, Status::error);
  EXPECT_NE(r.cases[0].message.find("no such kernel"), std::string::npos);
  EXPECT_EQ(r.cases[1].status, Status::ok);
}

// A ceiling that the host had lowered is measured again beside the case before that is suspect.
TEST_F(RunTest, LowCeilingsAreMeasuredTwice) {
  static int calls = 0;
  static double second = 0;
  world_.ceilings = [](Device&, Clock&, std::size_t, const CeilingNeeds&) {
    Ceilings c;
    c.flops_f32 = c.read_bytes = c.copy_bytes = ++calls % 2 == 1 ? 1.0 : second;
    return c;
  };
  second = 1e15;
  EXPECT_EQ(run(options_, world_), kExitOk);
  EXPECT_EQ(calls, 2);
  EXPECT_DOUBLE_EQ(record().devices[0].ceilings.flops_f32.get(), 1e15);
  second = 2.0;
  EXPECT_EQ(run(options_, world_), kExitFailed);
  EXPECT_EQ(record().cases[0].status, Status::suspect);
}

// A GEMM whose threads wait for longer than they work; sums are left alone.
ScriptedScheduling& busy_machine() {
  static ScriptedScheduling source;
  return source;
}

DeviceList list_disturbed() {
  auto device = std::make_unique<NaiveDevice>();
  device->after = [](int, const Problem& problem) {
    if (std::holds_alternative<GemmProblem>(problem)) {
      busy_machine().now.waited_seconds += 0.01;
      ++busy_machine().now.involuntary_switches;
    }
  };
  DeviceList list;
  list.devices.push_back(std::move(device));
  return list;
}

TEST_F(RunTest, DisturbedCasesHaveNoNumberAndAnExitCodeOfTheirOwn) {
  world_.backends = {{.name = "cpu", .list = list_disturbed}};
  world_.scheduling = &busy_machine();
  options_.export_gbench = folder_ / "gbench.json";
  EXPECT_EQ(run(options_, world_), kExitDisturbed);
  const Record r = record();
  const CaseRecord& gemm = r.cases[0];
  EXPECT_EQ(gemm.status, Status::disturbed);
  EXPECT_NE(gemm.message.find("waited for a processor"), std::string::npos) << gemm.message;
  EXPECT_FALSE(gemm.median_seconds.value);
  EXPECT_FALSE(gemm.gflops.value);
  EXPECT_TRUE(gemm.check.get().passed);
  ASSERT_EQ(gemm.series.size(), 1u);
  EXPECT_TRUE(gemm.series[0].seconds.empty());
  ASSERT_FALSE(gemm.series[0].discarded.empty());
  EXPECT_EQ(gemm.series[0].discarded[0].reason, "disturbed");
  EXPECT_GT(gemm.series[0].discarded[0].waited_seconds.value_or(0), 0.009);
  EXPECT_EQ(r.cases[1].status, Status::ok) << r.cases[1].message;
  EXPECT_GT(r.run.scheduling.get().waited_seconds, 0);
  EXPECT_GT(r.run.scheduling.get().involuntary_switches, 0);
  EXPECT_NE(out_.str().find("  disturbed"), std::string::npos) << out_.str();
  EXPECT_NE(out_.str().find("samples were set aside"), std::string::npos) << out_.str();
  EXPECT_EQ(out_.str().find("GFLOP/s"), std::string::npos) << out_.str();
  const Json exported = read_json_file(folder_ / "gbench.json")["benchmarks"][0];
  EXPECT_EQ(exported["error_occurred"], true);
  EXPECT_FALSE(exported.contains("items_per_second"));
}

TEST_F(RunTest, NothingIsSetAsideWhereTheSystemDoesNotTell) {
  world_.backends = {{.name = "cpu", .list = list_disturbed}};
  ScriptedScheduling silent;
  silent.untold = "/proc/self/schedstat cannot be read";
  world_.scheduling = &silent;
  EXPECT_EQ(run(options_, world_), kExitOk);
  EXPECT_EQ(record().run.scheduling.reason, silent.untold);
  EXPECT_TRUE(record().cases[0].series[0].discarded.empty());
}

// On a machine that stays busy the case is not to blame for the ceiling.
TEST_F(RunTest, SuspectNeedsACeilingThatWasMeasuredBesideTheCase) {
  static int calls = 0;
  world_.ceilings = [](Device&, Clock&, std::size_t, const CeilingNeeds&) {
    Ceilings c;
    if (++calls == 1) {
      c.flops_f32 = c.read_bytes = c.copy_bytes = 1.0;
    } else {
      c.missing = {"fma/512: disturbed: 90 of 92 samples were set aside"};
    }
    return c;
  };
  EXPECT_EQ(run(options_, world_), kExitDisturbed);
  EXPECT_EQ(calls, 3) << "once for the run, once beside each case";
  const CaseRecord c = record().cases[0];
  EXPECT_EQ(c.status, Status::disturbed);
  EXPECT_NE(c.message.find("could not be measured again beside the case"), std::string::npos)
      << c.message;
  EXPECT_FALSE(c.median_seconds.value);
  EXPECT_FALSE(c.series.empty());
}

TEST_F(RunTest, RepetitionsAreKept) {
  options_.google_benchmark = {"--benchmark_repetitions=3"};
  options_.problems.cases = {"sum/f32/n1000"};
  EXPECT_EQ(run(options_, world_), kExitOk);
  EXPECT_EQ(record().cases[0].series.size(), 3u);
  EXPECT_EQ(record().run.repetitions, 3);
}

TEST_F(RunTest, AsksForTheCeilingsThatItsCasesNeed) {
  std::vector<CeilingNeeds> asked;
  world_.ceilings = [&](Device&, Clock&, std::size_t, const CeilingNeeds& needs) {
    asked.push_back(needs);
    return Ceilings{};
  };
  options_.problems.cases = {"sum/f32/n1000"};
  run(options_, world_);
  options_.hot = true;
  run(options_, world_);
  ASSERT_EQ(asked.size(), 2U);
  EXPECT_EQ(asked[0].types, std::vector{DType::f32});
  EXPECT_TRUE(asked[0].read);
  EXPECT_FALSE(asked[0].copy);
  EXPECT_FALSE(asked[1].read || asked[1].copy) << "operands stay in the cache";
}

TEST_F(RunTest, NothingMatches) {
  options_.google_benchmark = {"--benchmark_filter=nothing"};
  EXPECT_EQ(run(options_, world_), kExitNothing);
  EXPECT_FALSE(fs::exists(folder_ / "record.json"));
}

TEST_F(RunTest, BackendThatIsAbsentIsADeviceError) {
  options_.backends = {"hip"};
  EXPECT_EQ(run(options_, world_), kExitDevice);
}

TEST_F(RunTest, RefusesBeforeMeasuring) {
  const auto message = [&](const RunOptions& o) -> std::string {
    try {
      run(o, world_);
      return "accepted";
    } catch (const UsageError& e) {
      return e.what();
    }
  };
  RunOptions o = options_;
  o.backends = {"cudaa"};
  EXPECT_NE(message(o).find("Did you mean cuda?"), std::string::npos) << message(o);
  o = options_;
  o.devices = {"cpu:7"};
  EXPECT_NE(message(o).find("there is no cpu:7"), std::string::npos) << message(o);
  o = options_;
  o.devices = {"cpu"};
  EXPECT_NE(message(o).find("has no index"), std::string::npos) << message(o);
  o = options_;
  o.problems.suites = {"quik"};
  EXPECT_NE(message(o).find("Did you mean quick?"), std::string::npos) << message(o);
  o = options_;
  o.problems.cases = {"gemm/f32/m60000n60000k60000"};
  EXPECT_NE(message(o).find("cpu:0"), std::string::npos) << message(o);
  EXPECT_TRUE(fs::is_empty(folder_));
}

TEST_F(RunTest, ExportsForGoogleBenchmarksTools) {
  options_.export_gbench = folder_ / "gbench.json";
  EXPECT_EQ(run(options_, world_), kExitOk);
  const Json json = read_json_file(folder_ / "gbench.json");
  EXPECT_EQ(json["benchmarks"][1]["name"], "sum/f32/n1000/cpu/moat");
}

TEST_F(RunTest, GoogleBenchmarksFormatReplacesTheTable) {
  options_.google_benchmark = {"--benchmark_format=json"};
  EXPECT_EQ(run(options_, world_), kExitOk);
  EXPECT_EQ(parse_strict(out_.str())["benchmarks"][0]["name"], "gemm/f32/m20n30k40/cpu/moat");
}

}  // namespace
}  // namespace moat
