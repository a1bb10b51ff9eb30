// SPDX-License-Identifier: Apache-2.0
#include "bench/report/data.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <nlohmann/json.hpp>
#include <sstream>

#include "bench/baselines/baselines.hpp"
#include "bench/port/document.hpp"
#include "bench/report/page.hpp"
#include "tests/bench/compare/synthetic.hpp"

namespace moat {
namespace {

NamedRecord on(const std::string& backend, const std::string& name, double share,
               Status status = Status::ok) {
  NamedRecord r = timed_record({{"gemm/f32/m1n1k1", std::vector<double>(10, 1e-3 / share)}});
  r.record.devices[0].backend = r.record.cases[0].backend = backend;
  r.record.devices[0].name = name;
  r.record.cases[0].ceiling = Reading<ShareRecord>::of({.bound = "compute", .share = share});
  r.record.cases[0].ratios = {{.baseline = "lib", .ratio = 0.5}};
  for (const char* by : {"lib", "plain"}) {
    CaseRecord other = r.record.cases[0];
    other.implementation = by;
    other.ratios.clear();
    r.record.cases.push_back(std::move(other));
  }
  if (status != Status::ok) r.record.cases[0] = without_times(r.record.cases[0], status, "wrong");
  return r;
}

TEST(PerformancePortability, IsTheHarmonicMeanAndZeroIfUnsupported) {
  EXPECT_DOUBLE_EQ(performance_portability({0.5, 1}), 2.0 / 3);
  EXPECT_DOUBLE_EQ(performance_portability({0.25}), 0.25);
  EXPECT_EQ(performance_portability({0.9, 0}), 0);
  EXPECT_EQ(performance_portability({}), 0);
}

TEST(ReportData, ModelsHaveARowForEachStepAndDevice) {
  NamedRecord plain = on("cuda", "A", 0.8);
  EXPECT_TRUE(report_data({plain}, "")["models"].empty());
  ModelStepRecord step{.step = "decode", .tokens = 4, .keys = 16};
  step.tokens_per_second_at_most = Reading<double>::of(250);
  step.cost_per_million_tokens_at_least = 1.5;
  ModelStepRecord without{.step = "prefill", .tokens = 8, .keys = 8};
  without.tokens_per_second_at_most = Reading<double>::none("a case failed");
  ModelRecord model;
  model.name = "m";
  model.memory = {{.what = "a", .arithmetic = "", .bytes = 3},
                  {.what = "b", .arithmetic = "", .bytes = 4}};
  model.price = ModelPriceRecord{.currency = "EUR", .per_hour = 2};
  model.devices = {{.backend = "cuda", .device = 0, .fits = true, .steps = {step, without}}};
  NamedRecord with = plain;
  with.record.model = model;
  const Json rows = report_data({plain, with}, "")["models"];
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0]["device"], "cuda A");
  EXPECT_EQ(rows[0]["rate"], 250.0);
  EXPECT_EQ(rows[0]["cost"], 1.5);
  EXPECT_EQ(rows[0]["currency"], "EUR");
  EXPECT_EQ(rows[0]["source"], "no source given");
  EXPECT_TRUE(rows[0]["joules"].is_null());
  EXPECT_EQ(rows[0]["memory"], 7.0);
  EXPECT_EQ(rows[0]["fits"], "fits");
  EXPECT_EQ(rows[0]["record"], 1);
  EXPECT_TRUE(rows[1]["rate"].is_null());
  EXPECT_EQ(rows[1]["why"], "a case failed");
}

TEST(ReportData, PortabilityOverTheDevices) {
  const Json data = report_data({on("cuda", "A", 0.8), on("hip", "B", 0.4)}, "");
  const Json& kernel = data["pp"]["kernels"][0];
  EXPECT_NEAR(kernel["architectural"].get<double>(), 2 / (1 / 0.8 + 1 / 0.4), 1e-12);
  EXPECT_NEAR(kernel["application"].get<double>(), 0.5, 1e-12);
  EXPECT_NEAR(data["devices"][1]["speed"].get<double>(), 0.5, 1e-12);
  EXPECT_EQ(data["pp"]["cascade"].size(), 2u);
  EXPECT_EQ(data["pp"]["cascade"][0]["efficiency"], 0.8);
}

TEST(ReportData, AnUnverifiedCaseIsNotHidden) {
  const Json data = report_data({on("cuda", "A", 0.8), on("hip", "B", 0.4, Status::failed)}, "");
  EXPECT_EQ(data["pp"]["kernels"][0]["architectural"], 0);
  EXPECT_EQ(data["pp"]["kernels"][0]["unsupported"], "hip B");
  EXPECT_EQ(data["problems"][0]["what"], "failed");
  EXPECT_EQ(data["problems"][0]["why"], "wrong");
  EXPECT_EQ(data["devices"][1]["verified"], 0);
}

TEST(ReportData, HistoryMarksARegression) {
  auto first = on("cuda", "A", 0.8);
  auto second = on("cuda", "A", 0.4);
  second.record.run.started = "2026-02-01T00:00:00Z";
  const Json data = report_data({first, second}, "");
  ASSERT_EQ(data["history"]["points"].size(), 2u);
  EXPECT_NEAR(data["history"]["points"][1]["speed"].get<double>(), 0.5, 1e-12);
  ASSERT_EQ(data["history"]["changes"].size(), 1u);
  EXPECT_EQ(data["history"]["changes"][0]["verdict"], "slower");
}

TEST(ReportData, PlainLoopsAreNoLibrary) {
  NamedRecord r = on("cpu", "A", 0.8);
  r.record.cases[0].ratios = {{.baseline = "lib", .ratio = 0.9},
                              {.baseline = "plain", .ratio = 0.5}};
  Json data = report_data({r}, "");
  EXPECT_NEAR(data["devices"][0]["ratio"].get<double>(), 0.9, 1e-12);
  EXPECT_TRUE(data["devices"][0]["plain"].is_null());
  r.record.cases[0].ratios = {{.baseline = "plain", .ratio = 3}};
  data = report_data({r}, "");
  EXPECT_TRUE(data["devices"][0]["ratio"].is_null());
  EXPECT_NEAR(data["devices"][0]["plain"].get<double>(), 3, 1e-12);
}

TEST(ReportData, WhatSeveralRecordsSayAlikeIsOneRow) {
  const Json data = report_data({on("cuda", "A", 0.8), on("cuda", "A", 0.8)}, "");
  for (const Json& row : data["problems"]) EXPECT_EQ(row["records"], 2) << row;
}

TEST(ReportData, AMissingCeilingIsNotKnownRatherThanZero) {
  NamedRecord hot = on("hip", "B", 0.4);
  hot.record.cases[0].ceiling = Reading<ShareRecord>::none("no ceiling was measured");
  const Json data = report_data({on("cuda", "A", 0.8), hot}, "");
  const Json& kernel = data["pp"]["kernels"][0];
  EXPECT_TRUE(kernel["architectural"].is_null());
  EXPECT_NEAR(kernel["application"].get<double>(), 0.5, 1e-12);
  EXPECT_EQ(kernel["unsupported"], "");
  EXPECT_EQ(data["pp"]["cascade"].size(), 1u);
}

TEST(ReportData, SummaryInWords) {
  const Json data = report_data({on("cuda", "A", 0.8), on("hip", "B", 0.4, Status::failed)}, "");
  const Json& said = data["summary"];
  EXPECT_EQ(said[0]["text"],
            "2 devices ran 1 problem (2 records, 2026-01-31). Speeds relate to cuda A.");
  EXPECT_EQ(said[1]["lead"], "cuda A");
  EXPECT_EQ(said[1]["text"],
            "Our kernels reach 80 % of what the device was measured to be capable of. That is 50 % "
            "of the speed of the fastest library there (1 problem). What the port cost was not "
            "counted.");
  EXPECT_EQ(said[3]["lead"], "hip B");
  EXPECT_EQ(said[3]["text"], "1 of 1 cases has no verified result.");
  EXPECT_EQ(said[3]["bad"], true);
}

// The page without scripts shows the summary alone.
TEST(ReportData, SummarySaysThatARunIsNotComplete) {
  NamedRecord r = on("cuda", "A", 0.8);
  r.path = "part.json";
  r.record.run.planned = 9;
  r.record.run.interrupted = true;
  const Json said = report_data({r, on("hip", "B", 0.4)}, "")["summary"];
  EXPECT_EQ(said[1]["text"], "Warning: part.json: the run was interrupted after 3 of 9 cases.");
  EXPECT_EQ(said[1]["bad"], true);
  EXPECT_EQ(said[2]["lead"], "cuda A");
}

TEST(ReportData, OneDeviceUnderSeveralConditionsIsOne) {
  const NamedRecord first = on("cuda", "A", 0.8);
  NamedRecord second = first;
  second.record.run.threads = 1;
  const Json data = report_data({first, second}, "");
  EXPECT_EQ(data["devices"].size(), 2u);
  const std::string said = data["summary"][0]["text"];
  EXPECT_TRUE(said.starts_with("1 device ran 1 problem under 2 sets of conditions (2 records"))
      << said;
  const std::string note = data["pp"]["note"];
  EXPECT_NE(note.find("over the one device under 2 sets of conditions of these records"),
            std::string::npos)
      << note;
}

TEST(ReportData, ARecordWithoutDevices) {
  NamedRecord none;
  none.record.run.started = "2026-01-01T00:00:00Z";
  none.record.run.interrupted = true;
  none.record.run.planned = 4;
  const Json data = report_data({none}, "");
  EXPECT_TRUE(data["devices"].empty());
  EXPECT_EQ(data["summary"][0]["text"],
            "0 devices ran 0 problems (1 record, 2026-01-01). No record names a device.");
  EXPECT_EQ(data["problems"][0]["why"], "0 of 4 planned cases");
  EXPECT_FALSE(report_csv({none}).empty());
}

TEST(ReportData, SpeedBesideTheBaseline) {
  const Json data = report_data({on("cuda", "A", 0.8), on("hip", "B", 0.4)}, "");
  EXPECT_EQ(data["summary"][2]["text"].get<std::string>().substr(0, 60),
            "Our kernels run at 50 % of the baseline's speed (1 problem).");
  const Json other = report_data({on("cuda", "A", 0.8), on("hip", "B", 0.4)}, "hip");
  EXPECT_EQ(other["summary"][1]["text"].get<std::string>().substr(0, 60),
            "Our kernels run at 2.00 × the baseline's speed (1 problem).");
}

TEST(ReportData, PortsAndTheirFamiliesApart) {
  NamedRecord r = on("hip", "B", 0.4);
  const auto port = [](int added) {
    const auto part = [](int changed, int lines) {
      return Json{{"added", changed}, {"lines", lines}, {"changed", 1.0 * changed / lines}};
    };
    return Json{{"executed", "emulated"},
                {"kernels",
                 {{"all",
                   {{"kernel", part(0, 30)},
                    {"problem", part(0, 20)},
                    {"layer", part(added, 150)},
                    {"total", part(added, 200)}}}}}};
  };
  r.record.porting =
      Reading<JsonDocument>::of(share({{"baseline", "cuda"},
                                       {"baseline_family", "cuda/sm_80"},
                                       {"ports", {{"cuda", port(0)}, {"hip", port(30)}}},
                                       {"families", {{"hip/cdna", port(40)}}}}));
  const Json data = report_data({r}, "");
  ASSERT_EQ(data["porting"].size(), 2u);
  EXPECT_EQ(data["porting"][1]["layer_changed"], 30);
  EXPECT_EQ(data["porting"][1]["kernel_changed"], 0);
  EXPECT_EQ(data["porting"][1]["kernel_lines"], 30);
  EXPECT_EQ(data["porting"][1]["problem_changed"], 0);
  EXPECT_EQ(data["porting"][1]["problem_lines"], 20);
  ASSERT_EQ(data["families"].size(), 1u);
  EXPECT_EQ(data["families"][0]["port"], "hip/cdna");
  EXPECT_EQ(data["families"][0]["changed"], 0.2);
  EXPECT_NE(data["summary"][1]["text"].get<std::string>().find(
                "15 % are not the cuda port's: 0 of 30 in the kernels, 0 of 20 in the problems, 30 "
                "of 150 in the layer below."),
            std::string::npos);
}

TEST(ReportData, RoofsOfTheTypesThatTheCasesHave) {
  NamedRecord r = on("cuda", "A", 0.8);
  r.record.cases.push_back(r.record.cases[0]);
  r.record.cases[1].dtype = "bf16";
  auto& ceilings = r.record.devices[0].ceilings;
  ceilings.flops_f32 = Reading<double>::of(1e12);
  ceilings.flops_f16 = Reading<double>::of(3e12);
  ceilings.flops_bf16 = Reading<double>::of(4e12);
  ceilings.read_bytes = Reading<double>::of(1e11);
  const Json roofs = report_data({r}, "")["roofs"];
  ASSERT_EQ(roofs.size(), 6u);
  EXPECT_EQ(roofs[0]["dtype"], "bf16");
  EXPECT_EQ(roofs[1]["intensity"], 40);
  EXPECT_EQ(roofs[2]["gflops"], 4000);
  EXPECT_EQ(roofs[3]["dtype"], "f32");
  EXPECT_EQ(roofs[5]["gflops"], 1000);
}

// What pp(), cascade() and application_efficiency() of the P3 analysis library ask for: these
// columns, one row per problem, application and platform, numbers or nothing, efficiencies in [0,
// 1].
TEST(ReportCsv, IsWhatTheP3LibraryReads) {
  NamedRecord a = on("cuda", "A, 1", 0.8);
  CaseRecord& library = a.record.cases[1];
  library.median_seconds = Reading<double>::of(1e-3);
  library.ceiling = Reading<ShareRecord>::of({.bound = "compute", .share = 1.02});
  a.record.cases.pop_back();
  a.record.cases.push_back(library);
  a.record.cases.back().implementation = kReadYardstick;
  a.record.porting =
      Reading<JsonDocument>::of(share({{"divergence", {{"gemm", {{"mean", 0.25}}}}}}));
  NamedRecord older = on("cuda", "A, 1", 0.1);
  NamedRecord wrong = on("hip", "B", 0.4, Status::failed);
  wrong.record.cases.resize(1);
  EXPECT_EQ(report_csv({older, a, wrong}),
            "problem,application,platform,date,fom,arch eff,divergence\n"
            "gemm/f32/m1n1k1,moat,\"cuda A, 1\",2026-01-31T23:59:59Z,0.00125,0.8,0.25\n"
            "gemm/f32/m1n1k1,lib,\"cuda A, 1\",2026-01-31T23:59:59Z,0.001,1,\n"
            "gemm/f32/m1n1k1,moat,hip B,2026-01-31T23:59:59Z,,0,0.25\n");
}

NamedRecord under(const std::function<void(Record&)>& change, double share) {
  NamedRecord r = on("cpu", "A", share);
  change(r.record);
  return r;
}

// Other threads, another cache and another device of the same name are rows of their own.
TEST(ReportCsv, KeepsConditionsApart) {
  const NamedRecord base = on("cpu", "A", 0.5);
  const auto platforms = [&](const NamedRecord& other) {
    std::vector<std::string> rows;
    std::istringstream csv(report_csv({base, other}));
    for (std::string line; std::getline(csv, line);) {
      if (line.find(",moat,") == std::string::npos) continue;
      rows.push_back(line.substr(line.find(",moat,") + 6));
      rows.back() = rows.back().substr(0, rows.back().find(",2026-"));
    }
    return rows;
  };
  using Rows = std::vector<std::string>;
  EXPECT_EQ(platforms(under([](Record& r) { r.run.threads = 1; }, 0.4)),
            (Rows{"cpu A (threads: 2)", "cpu A (threads: 1)"}));
  EXPECT_EQ(platforms(under([](Record& r) { r.cases[0].cache = "hot"; }, 0.4)),
            (Rows{"cpu A (cache: cold)", "cpu A (cache: hot)"}));
  EXPECT_EQ(platforms(under([](Record& r) { r.build.flags = "-O2"; }, 0.4)),
            (Rows{"cpu A (compiler flags: -O3)", "cpu A (compiler flags: -O2)"}));
  EXPECT_EQ(platforms(under([](Record& r) { r.build.flags = "-g"; }, 0.4)),
            (Rows{"cpu A (compiler flags: -O3)",
                  "\"cpu A (compiler flags: -g, this build is not optimised (Release))\""}));
  EXPECT_EQ(platforms(under([](Record& r) { r.devices[0].index = r.cases[0].device = 1; }, 0.4)),
            (Rows{"cpu:0 A", "cpu:1 A"}));
  EXPECT_EQ(platforms(base), Rows{"cpu A"});
}

TEST(ReportData, DevicesOfOneNameInOneRecordStayApart) {
  NamedRecord r = on("cuda", "A", 0.8);
  r.record.devices.push_back(r.record.devices[0]);
  r.record.devices[1].index = 1;
  r.record.cases.push_back(on("cuda", "A", 0.2).record.cases[0]);
  r.record.cases.back().device = 1;
  const Json data = report_data({r}, "cuda:0");
  ASSERT_EQ(data["devices"].size(), 2u);
  EXPECT_EQ(data["devices"][1]["device"], "cuda:1 A");
  EXPECT_NEAR(data["devices"][1]["speed"].get<double>(), 0.25, 1e-12);
  EXPECT_NEAR(data["devices"][1]["share"].get<double>(), 0.2, 1e-12);
}

TEST(ReportData, HistoryIsOfEqualConditions) {
  NamedRecord other = under([](Record& r) { r.run.threads = 1; }, 0.4);
  other.record.run.started = "2026-02-01T00:00:00Z";
  const Json data = report_data({on("cpu", "A", 0.8), other}, "threads: 2");
  EXPECT_EQ(data["history"]["points"].size(), 0u);
}

// What was not measured enters no mean, and the page says of how many it is.
TEST(ReportData, AShareThatIsNotKnownEntersNoMean) {
  NamedRecord r = on("cpu", "A", 0.8);
  r.record.cases.push_back(timed_case({"gemm/bf16/m1n1k1", std::vector<double>(10, 1e-3)}));
  r.record.cases.back().ceiling = Reading<ShareRecord>::none("no bf16 compute ceiling: AMX");
  const Json data = report_data({r}, "");
  EXPECT_NEAR(data["devices"][0]["share"].get<double>(), 0.8, 1e-12);
  EXPECT_NE(
      data["summary"][1]["text"].get<std::string>().find(
          "reach 80 % of what the device was measured to be capable of, in the 1 of 2 problems "
          "whose ceiling was measured."),
      std::string::npos)
      << data["summary"][1];
  EXPECT_NEAR(data["pp"]["kernels"][0]["architectural"].get<double>(), 0.8, 1e-12);
  EXPECT_EQ(data["pp"]["kernels"][0]["unknown"], "cpu A: 1 of 2");
  EXPECT_NE(report_csv({r}).find("gemm/bf16/m1n1k1,moat,cpu A,2026-01-31T23:59:59Z,0.001,,"),
            std::string::npos);
}

TEST(ReportData, ARatioOfFewSamplesIsNoSpeed) {
  NamedRecord r = on("cpu", "A", 0.8);
  r.record.cases[1].series[0].seconds.resize(9);
  const Json data = report_data({r}, "");
  EXPECT_TRUE(data["devices"][0]["ratio"].is_null());
  EXPECT_EQ(data["devices"][0]["few"], 1);
  EXPECT_NE(data["summary"][1]["text"].get<std::string>().find("1 ratio has too few samples"),
            std::string::npos)
      << data["summary"][1];
  EXPECT_TRUE(data["pp"]["kernels"][0]["application"].is_null());
  const auto column = [&](const char* name) {
    const Json& columns = data["cases"]["columns"];
    return static_cast<std::size_t>(std::ranges::find(columns, name) - columns.begin());
  };
  EXPECT_TRUE(data["cases"]["rows"][0][column("ratio")].is_null());
  EXPECT_EQ(data["cases"]["rows"][0][column("than")], "lib: too few samples");
}

TEST(ReportData, ABuildThatIsNotOptimisedIsNamed) {
  const Json data = report_data({under([](Record& r) { r.build.flags = "-g"; }, 0.4)}, "");
  EXPECT_EQ(data["summary"][1]["bad"], true);
  EXPECT_EQ(data["summary"][1]["text"],
            "Warning: this build is not optimised (Release): its numbers say nothing about the "
            "kernels.");
}

// Problems that one device alone was asked say nothing about the others.
TEST(ReportData, PortabilityIsOfTheProblemsThatAllWereAsked) {
  NamedRecord more = on("hip", "B", 0.4);
  more.record.cases.push_back(more.record.cases[0]);
  more.record.cases.back().problem = "gemm/f32/m9n9k9";
  more.record.cases.back().ceiling = Reading<ShareRecord>::of({.bound = "compute", .share = 0.001});
  const Json data = report_data({on("cuda", "A", 0.8), more}, "");
  EXPECT_NEAR(data["pp"]["kernels"][0]["architectural"].get<double>(), 2 / (1 / 0.8 + 1 / 0.4),
              1e-12);
  EXPECT_EQ(data["pp"]["kernels"][0]["unsupported"], "");
}

TEST(ReportPage, DataCannotEndItsElement) {
  const std::string page = report_page({{"name", "</script><script>alert(1)"}});
  EXPECT_EQ(page.find("<script>alert(1)"), std::string::npos);
  EXPECT_NE(page.find("\\u003c/script>\\u003cscript>alert(1)"), std::string::npos);
}

// Records of version 1.0 hold the whole porting document, newer ones its sums; before version 1.2
// the problems are not apart from the kernels.
TEST(ReportData, ReadsSumsAndWholeDocumentsOfPorting) {
  const Json counts = {{"shared", 3}, {"added", 1}, {"unused", 2}, {"lines", 4}, {"changed", 0.25}};
  const Json parts = {{"total", counts},
                      {"kernel", counts},
                      {"problem", counts},
                      {"layer", counts},
                      {"layer_share", counts}};
  const Json port = {{"origin", "this build"},
                     {"targets", {"host"}},
                     {"executed", "device"},
                     {"tests", nullptr},
                     {"lines", 4},
                     {"kernels", {{"gemm", parts}, {"all", parts}}}};
  const Json document = {{"schema", "moat-porting"},
                         {"version", 4},
                         {"baseline", "cuda"},
                         {"baseline_family", "cuda/sm_80"},
                         {"ports", {{"cuda", port}, {"hip", port}, {"cpu", nullptr}}},
                         {"families", {{"hip/cdna", port}}},
                         {"divergence", {{"gemm", {{"pairs", Json::array()}, {"mean", 0.25}}}}},
                         {"files", Json::object()},
                         {"null_reasons", {{"/ports/cpu", "no compiler"}}}};
  Json older = document;
  older["version"] = 3;
  for (const char* name : {"cuda", "hip"}) {
    for (auto& [kernel, of_kernel] : older["ports"][name]["kernels"].items()) {
      of_kernel.erase("problem");
    }
  }
  for (const Json& porting : {document, porting_sums(document), older}) {
    NamedRecord r = on("hip", "A", 0.8);
    r.record.porting = Reading<JsonDocument>::of(share(porting));
    const Json data = report_data({r}, "");
    EXPECT_EQ(data["pp"]["kernels"][0]["convergence"], 0.75);
    EXPECT_EQ(data["devices"][0]["changed"], 0.25);
    EXPECT_EQ(data["devices"][0]["executed"], "device");
    EXPECT_EQ(data["porting"][0]["kernel_lines"], 4);
    EXPECT_EQ(data["porting"][0]["problem_lines"], porting == older ? Json() : Json(4));
    EXPECT_EQ(data["families"].back()["port"], "hip/cdna");
    EXPECT_NE(report_csv({r}).find(",0.25\n"), std::string::npos) << report_csv({r});
  }
}

TEST(ReportData, APortThatWasNotComparedIsNoError) {
  NamedRecord r = on("cpu", "A", 0.8);
  r.record.porting = Reading<JsonDocument>::of(
      share({{"baseline", "cuda"},
             {"ports", {{"cpu", {{"executed", "device"}, {"kernels", nullptr}}}}}}));
  const Json data = report_data({r}, "");
  EXPECT_TRUE(data["devices"][0]["changed"].is_null());
  EXPECT_EQ(data["devices"][0]["executed"], "device");
}

TEST(ReportPage, ShowsItsSummaryWithoutScripts) {
  const std::string page = report_page(
      report_data({on("cuda", "A <b>", 0.8), on("hip", "B", 0.4, Status::failed)}, "hip"));
  const std::string shown = page.substr(0, page.find("<script"));
  for (const char* text :
       {"<li>2 devices ran 1 problem", "<li class=\"bad\"><strong>hip B: </strong>1 of 1 cases",
        "<td class=\"name\">cuda A &lt;b&gt;</td>", "80 % (1)"}) {
    EXPECT_NE(shown.find(text), std::string::npos) << text;
  }
  EXPECT_EQ(shown.find("<b>"), std::string::npos);
}

// The licences go with the chart library, and with nothing else.
TEST(ReportPage, HasTheLicencesOfItsCharts) {
  const std::string page = report_page(report_data({on("cuda", "A", 0.8)}, ""));
  for (const char* text :
       {"id=\"notices\"", "University of Washington Interactive Data Lab", "Mike Bostock"}) {
    EXPECT_EQ(page.find(text) != std::string::npos, has_charts()) << text;
  }
}

}  // namespace
}  // namespace moat
