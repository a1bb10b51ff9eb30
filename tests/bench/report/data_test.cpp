#include "bench/report/data.hpp"

#include <gtest/gtest.h>

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
  if (status != Status::ok) r.record.cases[0] = without_times(r.record.cases[0], status, "wrong");
  return r;
}

TEST(PerformancePortability, IsTheHarmonicMeanAndZeroIfUnsupported) {
  EXPECT_DOUBLE_EQ(performance_portability({0.5, 1}), 2.0 / 3);
  EXPECT_DOUBLE_EQ(performance_portability({0.25}), 0.25);
  EXPECT_EQ(performance_portability({0.9, 0}), 0);
  EXPECT_EQ(performance_portability({}), 0);
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

TEST(ReportCsv, HasTheColumnsOfTheP3Library) {
  EXPECT_EQ(report_csv({on("cuda", "A, 1", 0.8), on("hip", "B", 0.4, Status::failed)}),
            "problem,application,platform,fom\n"
            "gemm/f32/m1n1k1,moat,\"cuda A, 1\",0.8\n"
            "gemm/f32/m1n1k1,moat,hip B,0\n");
}

TEST(ReportPage, DataCannotEndItsElement) {
  const std::string page = report_page({{"name", "</script><script>alert(1)"}});
  EXPECT_EQ(page.find("<script>alert(1)"), std::string::npos);
  EXPECT_NE(page.find("\\u003c/script>\\u003cscript>alert(1)"), std::string::npos);
}

}  // namespace
}  // namespace moat
