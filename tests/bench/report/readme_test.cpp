// SPDX-License-Identifier: Apache-2.0
#include "bench/report/readme.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <sstream>
#include <stdexcept>

#include "bench/report/figure.hpp"
#include "tests/bench/report/publishable.hpp"

namespace moat {
namespace {

// A document that `moat port` could print, with one port.
Json small_porting() {
  const Json counts = {
      {"shared", 90}, {"added", 10}, {"unused", 5}, {"lines", 100}, {"changed", 0.1}};
  const Json port = {
      {"executed", "emulated"},
      {"tests", {{"emulated", {{"passed", 3}, {"failed", 0}, {"skipped", 1}}}}},
      {"kernels",
       {{"all", {{"kernel", counts}, {"problem", counts}, {"layer", counts}, {"total", counts}}}}}};
  return {{"ports", {{"cuda", port}, {"hip", port}, {"cpu", nullptr}}},
          {"families", {{"cuda/sm_90a", port}}},
          {"null_reasons", {{"/ports/cpu", "no compiler"}}}};
}

ReadmeParts sample_parts(const Record& record) {
  return readme_parts(record, "results/xeon/r.json", "results/xeon/speed.svg", small_porting());
}

TEST(Readme, PartsStandBetweenTheirMarks) {
  const std::string text = "a\n<!-- moat:x:begin -->\nold\nolder\n<!-- moat:x:end -->\nb\n";
  EXPECT_EQ(with_parts(text, {{"x", "new\n"}}),
            "a\n<!-- moat:x:begin -->\nnew\n<!-- moat:x:end -->\nb\n");
  EXPECT_EQ(with_parts(with_parts(text, {{"x", "new\n"}}), {{"x", "old\nolder\n"}}), text);
}

TEST(Readme, MarksThatAreMissingDoubledOrTurnedAreRefused) {
  for (const char* text : {"", "<!-- moat:x:begin -->\n", "<!-- moat:x:end -->\n",
                           "<!-- moat:x:end -->\n<!-- moat:x:begin -->\n",
                           "  <!-- moat:x:begin -->\n<!-- moat:x:end -->\n",
                           "<!-- moat:x:begin -->\n<!-- moat:x:begin -->\n<!-- moat:x:end -->\n"}) {
    EXPECT_THROW(with_parts(text, {{"x", "new\n"}}), std::runtime_error) << text;
  }
}

TEST(Readme, HasEightCasesKernelByKernel) {
  Record record = sample_record();
  record.cases.clear();
  record.run.planned = 20;
  for (const char* problem : {"gemm/f32/m64n64k64", "gemm/f16/m64n64k64", "gemm/bf16/m64n64k64",
                              "sum/f32/n10", "sum/f16/n10", "max/f32/n10", "max/f16/n10",
                              "softmax/f32/r2c9", "softmax/f16/r2c9", "softmax/bf16/r2c9"}) {
    record.cases.push_back(sample_case(problem, "moat"));
    record.cases.push_back(sample_case(problem, "onednn"));
  }
  const std::string table = sample_parts(record).at("table");
  EXPECT_NE(table.find("| gemm/f16/m64n64k64 | cpu/moat |"), std::string::npos) << table;
  EXPECT_EQ(table.find("gemm/bf16"), std::string::npos) << table;
  EXPECT_EQ(table.find("cpu/onednn"), std::string::npos) << table;
  EXPECT_EQ(table.find("not complete"), std::string::npos) << table;
  std::size_t rows = 0;
  for (std::size_t at = 0; (at = table.find("| cpu/moat |", at)) != std::string::npos; ++at) ++rows;
  EXPECT_EQ(rows, 8U);
  EXPECT_NE(table.find("Eight of 10 cases"), std::string::npos) << table;
  EXPECT_NE(table.find("([record](results/xeon/r.json))"), std::string::npos) << table;
  EXPECT_NE(table.find("of the run of 2026-01-31 at commit 0123456789ab"), std::string::npos);
}

TEST(Readme, LinesOfTheDeviceAreNotWiderThanTheDocument) {
  Record record = sample_record();
  std::string name = "A processor";
  for (int i = 0; i < 40; ++i) name += " of many words";
  record.devices[0].name = name;
  std::istringstream lines(sample_parts(record).at("table"));
  std::string all;
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with("    ")) continue;
    EXPECT_LE(line.size(), 120U) << line;
    for (std::istringstream words(line); words >> line;) all += line + ' ';
  }
  EXPECT_NE(all.find(name + " ("), std::string::npos) << all;
}

TEST(Readme, HasARowPerPortAndFamily) {
  const std::string table = sample_parts(sample_record()).at("porting");
  EXPECT_NE(
      table.find("| cuda | baseline | 100 lines | 100 lines | 100 lines | emulated (3 passed, "
                 "1 skipped) |\n"),
      std::string::npos)
      << table;
  EXPECT_NE(table.find("| hip | 10 of 100, 10.0 % | 10 of 100, 10.0 % | 10 of 100, 10.0 % | 10 of "
                       "100, 10.0 % |"),
            std::string::npos)
      << table;
  EXPECT_NE(table.find("| cpu | – | – | – | – | not counted |\n"), std::string::npos) << table;
  EXPECT_NE(table.find("\n| cuda/sm_90a | 10 of 100"), std::string::npos) << table;
}

// Every reason alone keeps a record from being published.
TEST(Readme, WhatIsNotFitIsNamed) {
  const Record good = publishable();
  const auto reasons = [&](const auto& spoil) {
    Record record = good;
    spoil(record);
    return unfit_to_publish(record, 0.5);
  };
  EXPECT_TRUE(reasons([](Record&) {}).empty());
  EXPECT_EQ(unfit_to_publish(good, 0.49).size(), 9U);  // the samples' spread is 50 %
  const std::vector<std::vector<std::string>> found = {
      reasons([](Record& r) { r.build.dirty = Reading<bool>::of(true); }),
      reasons([](Record& r) { r.build.dirty = Reading<bool>::none("no git"); }),
      reasons([](Record& r) { r.build.commit = Reading<std::string>::none("no git"); }),
      reasons([](Record& r) { r.build.build_type = "Debug"; }),
      reasons([](Record& r) { r.build.flags = "-O3 -O0"; }),
      reasons([](Record& r) { r.build.flags = "-O3 -fsanitize=address"; }),
      reasons([](Record& r) { r.run.interrupted = true; }),
      reasons([](Record& r) { r.run.planned = 43; }),
      reasons([](Record& r) { r.run.scheduling = Reading<SchedulingRecord>::none("gVisor"); }),
      reasons([](Record& r) {
        r.run.scheduling.value->steal_seconds = Reading<double>::none("no /proc/stat");
      }),
      reasons([](Record& r) { r.run.scheduling.value->steal_seconds.value = 20; }),
      reasons([](Record& r) { r.run.scheduling.value->waited_seconds = 20; }),
      reasons([](Record& r) {
        r.host.load_average.value = {30.0, 30.0, 30.0};
      }),
      reasons([](Record& r) {
        r.cases[0].series[0].discarded.assign(
            200, {.seconds = Reading<double>::of(8e-3), .reason = "disturbed"});
      }),
      reasons([](Record& r) { r.cases[0].series[0].seconds.resize(3); }),
      reasons([](Record& r) {
        r.cases.pop_back();
        --r.run.planned;
      }),
      reasons([](Record& r) { r.cases[0].upper_quartile_seconds.value = 1; }),
      reasons([](Record& r) {
        r.cases[1].status = Status::suspect;
        r.cases[1].message = "too fast";
      }),
  };
  for (const auto& reason : found) EXPECT_EQ(reason.size(), 1U);
  EXPECT_NE(found.back().front().find("gemm/f32/m64n64k64/cpu/onednn is suspect: too fast"),
            std::string::npos)
      << found.back().front();
}

// The sample record with enough samples for a ratio.
Record timed_record() {
  Record record = sample_record();
  for (CaseRecord& c : record.cases) {
    for (SeriesRecord& s : c.series) {
      for (int i = 0; i < 5; ++i) s.seconds.insert(s.seconds.end(), {2e-3, 1e-3, 3e-3});
    }
  }
  return record;
}

TEST(Figure, ARatioOfTooFewSamplesIsNoPoint) {
  const std::string svg = speed_figure(sample_record());
  EXPECT_NE(svg.find(">0.80 × onednn, too few samples<"), std::string::npos);
  EXPECT_EQ(svg.find("<circle"), std::string::npos);
  EXPECT_NE(speed_figure(timed_record()).find("<circle class=\"dot\""), std::string::npos);
}

TEST(Figure, IsTheSameForTheSameRecord) {
  const std::string svg = speed_figure(timed_record());
  EXPECT_EQ(svg, speed_figure(parse_record(to_text(timed_record()))));
  for (const char* text :
       {"<title id=\"title\">", "<desc id=\"description\">", "role=\"img\"",
        "prefers-color-scheme: dark", ">0.80 × onednn<", ">gemm/f32/m64n64k64<", ">failed<",
        "Xeon (avx512, 2 cores) · 2026-01-31 · commit 0123456789ab"}) {
    EXPECT_NE(svg.find(text), std::string::npos) << text;
  }
  EXPECT_EQ(svg.find("<script"), std::string::npos);
  EXPECT_EQ(svg.find("href"), std::string::npos);
}

TEST(Figure, ABuildThatIsNotOptimisedIsNamed) {
  Record record = sample_record();
  EXPECT_EQ(speed_figure(record).find("optimised"), std::string::npos);
  record.build.flags = "-g";
  EXPECT_NE(speed_figure(record).find("· this build is not optimised (Release)<"),
            std::string::npos);
}

TEST(Readme, TheNumberOfCasesIsThatShown) {
  Record record = publishable();
  EXPECT_NE(sample_parts(record).at("table").find("Eight of 8 cases, "), std::string::npos);
  record.cases.resize(4);
  EXPECT_NE(sample_parts(record).at("table").find("3 of 3 cases, "), std::string::npos);
  record.cases[0].cache = "hot";
  EXPECT_NE(sample_parts(record).at("table").find("(1 with operands in the cache)"),
            std::string::npos);
}

TEST(Figure, MarkupInANameStaysText) {
  Record record = sample_record();
  record.devices[0].name = "<script>&\"";
  const std::string svg = speed_figure(record);
  EXPECT_EQ(svg.find("<script"), std::string::npos);
  EXPECT_NE(svg.find("&lt;script&gt;&amp;&quot;"), std::string::npos);
}

TEST(Figure, WhatIsNoCharacterOfXmlIsABlank) {
  Record record = sample_record();
  record.devices[0].name = "A\x1b[31m\xef\xbf\xbe";
  const std::string svg = speed_figure(record);
  EXPECT_EQ(svg.find('\x1b'), std::string::npos);
  EXPECT_EQ(svg.find("\xef\xbf\xbe"), std::string::npos);
}

TEST(Figure, NothingIsOutsideOfIt) {
  Record record = timed_record();
  record.cases.resize(2);
  for (double& s : record.cases[0].series[0].seconds) s /= 50000;
  record.cases[0].ratios[0].ratio = 50000;
  const std::string svg = speed_figure(record);
  EXPECT_NE(svg.find("65536×"), std::string::npos) << svg;
  EXPECT_EQ(svg.find("nan"), std::string::npos);
}

}  // namespace
}  // namespace moat
