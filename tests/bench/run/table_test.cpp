// SPDX-License-Identifier: Apache-2.0
#include "bench/run/table.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>

#include "bench/measure/ceilings.hpp"
#include "bench/run/case_records.hpp"
#include "bench/text/quantity.hpp"
#include "tests/bench/record/sample_record.hpp"

namespace moat {
namespace {

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

std::string line_with(const std::string& text, const std::string& part) {
  for (const auto& line : lines_of(text)) {
    if (line.find(part) != std::string::npos) return line;
  }
  return "";
}

TEST(Table, LineOfACaseHasAllItsNumbers) {
  const std::string text = format_record(sample_record(), TableFormat::table, false);
  const std::string line = line_with(text, "cpu/moat");
  for (const char* part : {"f32/m64n64k64", "2.00 ms", "50 %†", "1.00 GFLOP/s", "75 % memory",
                           "0.80† × onednn", "0.250"}) {
    EXPECT_NE(line.find(part), std::string::npos) << part << " in: " << line;
  }
  const std::string baseline = line_with(text, "cpu/onednn");
  EXPECT_EQ(baseline.find('x'), std::string::npos);
  EXPECT_EQ(baseline.find("×"), std::string::npos);
}

TEST(Table, ARunThatIsNotCompleteSaysSo) {
  Record record = sample_record();
  record.run.planned = static_cast<int>(record.cases.size());
  for (const auto format : {TableFormat::table, TableFormat::markdown}) {
    EXPECT_EQ(format_record(record, format, false).find("results are here"), std::string::npos);
    Record part = record;
    part.run.planned += 7;
    EXPECT_NE(format_record(part, format, false).find("note: the run is not complete"),
              std::string::npos);
    part.run.interrupted = true;
    EXPECT_NE(format_record(part, format, false).find("note: the run was interrupted"),
              std::string::npos);
  }
}

// A record of others may hold what a terminal obeys.
TEST(Table, ControlCharactersOfARecordAreBlanks) {
  const std::string bad = "A\x1b[31m\nB";
  Record record = sample_record();
  record.devices[0].name = record.devices[0].architecture = bad;
  record.devices[0].ceilings.read_bytes = Reading<double>::none(bad);
  record.skipped_backends = record.absent_baselines = {{bad, bad}};
  record.libraries = {{bad, bad, bad}};
  for (const bool ceilings : {true, false}) {
    if (!ceilings) {
      record.devices[0].ceilings = {};
      record.devices[0].ceilings.flops_f32 = Reading<double>::none(bad);
    }
    const std::string text = format_record(record, TableFormat::table, false);
    EXPECT_EQ(text.find('\x1b'), std::string::npos) << text;
    EXPECT_EQ(text.find("\nB"), std::string::npos) << text;
  }
}

// 2 ms each.
Record weighted_record() {
  Record record = sample_record();
  record.cases = {sample_case("sum/f32/n1", std::string(kOurs)),
                  sample_case("sum/f32/n2", std::string(kOurs)), sample_case("sum/f32/n2", "plain"),
                  sample_case("sum/f32/n3", std::string(kOurs))};
  record.cases[0].weight = 30;
  record.cases[1].weight = record.cases[2].weight = 0.5;
  record.run.planned = static_cast<int>(record.cases.size());
  return record;
}

TEST(Table, SumsUpWhatOccursSoManyTimes) {
  for (const auto format : {TableFormat::table, TableFormat::markdown}) {
    const std::string text = format_record(weighted_record(), format, false);
    EXPECT_TRUE(
        line_with(text, "as often as")
            .starts_with("cpu:0  the cases, as often as their file says (2 cases, 30.5 times "
                         "in all), take 61.0 ms: the sum of"))
        << text;
    Record record = weighted_record();
    for (CaseRecord& c : record.cases) c.weight.reset();
    EXPECT_EQ(line_with(format_record(record, format, false), "as often as"), "");
  }
  const std::string csv = format_record(weighted_record(), TableFormat::csv, false);
  EXPECT_TRUE(lines_of(csv)[0].ends_with(",weight")) << csv;
  EXPECT_TRUE(lines_of(csv)[1].ends_with(",30")) << csv;
  EXPECT_TRUE(lines_of(csv)[2].ends_with(",0.5")) << csv;
  EXPECT_TRUE(lines_of(csv)[4].ends_with(",")) << csv;
}

TEST(Table, HasNoSumUnlessAllOfItIsVerified) {
  const auto line = [](const Record& record) {
    const std::string text = format_record(record, TableFormat::table, false);
    EXPECT_EQ(line_with(text, "as often as"), "");
    return line_with(text, "no sum");
  };
  for (const Status status : {Status::failed, Status::suspect, Status::error, Status::disturbed}) {
    Record record = weighted_record();
    record.cases[1] = without_times(record.cases[1], status, "why");
    EXPECT_TRUE(line(record).starts_with(
        "cpu:0  no sum: 1 of 2 cases have no verified time: sum/f32/n2 is " +
        std::string(name_of(status))))
        << line(record);
    const bool mendable =
        format_record(record, TableFormat::table, false).find("what is missing") !=
        std::string::npos;
    EXPECT_EQ(mendable, status == Status::disturbed) << name_of(status);
  }
  Record record = weighted_record();
  record.run.planned += 1;
  EXPECT_EQ(line(record), "cpu:0  no sum: the run is not complete");
  // What has no weight is no part of it.
  record = weighted_record();
  record.cases[3] = without_times(record.cases[3], Status::failed, "why");
  EXPECT_NE(line_with(format_record(record, TableFormat::table, false), "as often as"), "");
}

TEST(Table, OneCoreIsOne) {
  Record record = sample_record();
  record.devices[0].compute_units = 1;
  std::string text = format_record(record, TableFormat::table, false);
  EXPECT_NE(text.find(", 1 core"), std::string::npos) << text;
  EXPECT_EQ(text.find("1 cores"), std::string::npos) << text;
}

TEST(Table, EachCeilingThatIsMissingHasItsReason) {
  Record record = sample_record();
  CeilingsRecord& ceilings = record.devices[0].ceilings;
  ceilings.read_bytes = ceilings.copy_bytes = Reading<double>::none("no memory to spare");
  std::string text = format_record(record, TableFormat::table, false);
  EXPECT_NE(text.find("no read ceiling: no memory to spare"), std::string::npos) << text;
  EXPECT_NE(text.find("no copy ceiling: no memory to spare"), std::string::npos) << text;
  ceilings.flops_f32 = Reading<double>::none("too busy");
  ceilings.copy_bytes = Reading<double>::of(1e10);
  text = format_record(record, TableFormat::table, false);
  EXPECT_NE(text.find("no f32 compute ceiling: too busy"), std::string::npos) << text;
}

TEST(Table, TellsWhatMendsADisturbedCeilingAndNothingOfWhatNoCaseNeeds) {
  Record record = sample_record();
  const auto mend = [&] {
    return line_with(format_record(record, TableFormat::table, false), "run again beside less");
  };
  EXPECT_EQ(mend(), "");
  CeilingsRecord& ceilings = record.devices[0].ceilings;
  ceilings.read_bytes = Reading<double>::none("read: disturbed: 9 of 9 samples were set aside");
  EXPECT_NE(mend(), "");
  ceilings.flops_f16 = Reading<double>::none(std::string(kNotNeeded));
  const std::string text = format_record(record, TableFormat::table, false);
  EXPECT_NE(text.find("no read ceiling: read: disturbed"), std::string::npos) << text;
  EXPECT_EQ(text.find("no f16"), std::string::npos) << text;
}

TEST(Table, FailuresShowTheirReasonAndNoRate) {
  const std::string text = format_record(sample_record(), TableFormat::table, false);
  const std::string failed = line_with(text, "sum") == "" ? "" : line_with(text, "wrong at 17");
  EXPECT_NE(failed.find("failed: wrong at 17"), std::string::npos) << text;
  EXPECT_EQ(failed.find("GB/s"), std::string::npos);
  const std::string error = line_with(text, "out of memory");
  EXPECT_NE(error.find("error: out of memory"), std::string::npos);
  EXPECT_NE(format_record(sample_record(), TableFormat::table, true).find("\x1b[31m"),
            std::string::npos);
}

TEST(Table, HeaderHasDeviceCeilingsAndFooterWhatIsAbsent) {
  const std::string text = format_record(sample_record(), TableFormat::table, false);
  EXPECT_NE(text.find("Xeon (avx512, 2 cores)"), std::string::npos) << text;
  EXPECT_NE(text.find("f32 200 GFLOP/s, read 20.0 GB/s, copy 15.0 GB/s"), std::string::npos);
  EXPECT_NE(text.find("skipped: backend cuda: no driver"), std::string::npos);
  EXPECT_NE(text.find("absent: baseline openblas: libopenblas.so.0 not found"), std::string::npos);
}

TEST(Table, SaysWhatOtherWorkDidAndNothingOfAQuietMachine) {
  Record record = sample_record();
  record.host.load_average = Reading<std::array<double, 3>>::of({9.0, 1.0, 1.0});
  for (const auto format : {TableFormat::table, TableFormat::markdown}) {
    const std::string text = format_record(record, format, false);
    EXPECT_NE(text.find("note: 1 of 8 samples were set aside"), std::string::npos) << text;
    EXPECT_NE(text.find("1 of 5 results have no number for it"), std::string::npos) << text;
    EXPECT_NE(text.find("--resume --out FILE.json"), std::string::npos) << text;
    const std::string line = line_with(text, "disturbed");
    EXPECT_NE(line.find(record.cases.back().implementation), std::string::npos) << text;
    EXPECT_EQ(line.find(" ms"), std::string::npos) << line;
    EXPECT_EQ(line.find("set aside"), std::string::npos) << line;
  }
  record.cases.pop_back();
  record.run.planned = static_cast<int>(record.cases.size());
  EXPECT_EQ(format_record(record, TableFormat::table, false).find("note:"), std::string::npos);
}

// A reason that several give is told once, and only of what has nothing beside it.
TEST(Table, SaysWhyNoLibraryStandsBesideAKernel) {
  Record record = sample_record();
  CaseRecord& ours = record.cases.front();
  ASSERT_EQ(ours.implementation, kOurs);
  ours.baselines_absent = {{"a", "no\nsuch product"}, {"b", "no\nsuch product"}, {"c", "too old"}};
  for (const auto format : {TableFormat::table, TableFormat::markdown}) {
    EXPECT_EQ(format_record(record, format, false).find("no library beside"), std::string::npos);
    Record alone = record;
    alone.cases.front().ratios.clear();
    // One that was disturbed is there, though it gives no ratio.
    EXPECT_EQ(format_record(alone, format, false).find("no library beside"), std::string::npos);
    std::erase_if(alone.cases, [&](const CaseRecord& c) {
      return c.problem == ours.problem && c.implementation != kOurs;
    });
    const std::string text = format_record(alone, format, false);
    EXPECT_NE(text.find("none  no library beside " + ours.kernel +
                        ": no such product (a, b); too old (c)\n"),
              std::string::npos)
        << text;
    EXPECT_NE(line_with(text, "cpu/moat").find(" none "), std::string::npos) << text;
    alone.cases.front().baselines_absent.clear();
    EXPECT_EQ(format_record(alone, format, false).find("none "), std::string::npos);
  }
}

TEST(Table, TheLossOfCodesStandsBelowItAndNotInTheirCheck) {
  Record record = sample_record();
  const std::string without =
      line_with(format_record(record, TableFormat::table, false), "  cpu/moat");
  record.cases[0].quantisation_loss = 7.25e-4;
  for (const auto format : {TableFormat::table, TableFormat::markdown}) {
    const std::string text = format_record(record, format, false);
    EXPECT_NE(text.find("note: quantisation loss"), std::string::npos) << text;
    EXPECT_NE(line_with(text, "0.000725").find(record.cases[0].name), std::string::npos) << text;
  }
  EXPECT_EQ(line_with(format_record(record, TableFormat::table, false), "  cpu/moat"), without);
}

TEST(Table, FitsATerminal) {
  Record record = sample_record();
  record.cases[0].problem = "attention/bf16/b16q4096kv4096h64hkv8d128causal";
  record.cases[0].kernel = "attention";
  for (const auto& line : lines_of(format_record(record, TableFormat::table, false))) {
    EXPECT_LE(std::count_if(line.begin(), line.end(), [](char c) { return (c & 0xc0) != 0x80; }),
              120)
        << line;
  }
}

TEST(Table, LongNotesHangBelowTheirBeginning) {
  Record record = sample_record();
  std::string reason;
  for (int i = 0; i < 60; ++i) reason += " reason";
  record.absent_baselines[0].reason = reason;
  record.libraries[0].detail = reason;
  const std::string text = format_record(record, TableFormat::table, false);
  for (const auto& line : lines_of(text)) {
    EXPECT_LE(std::count_if(line.begin(), line.end(), [](char c) { return (c & 0xc0) != 0x80; }),
              100)
        << line;
  }
  EXPECT_NE(text.find("reason\n      reason"), std::string::npos) << text;
  EXPECT_NE(text.find("reason\n             reason"), std::string::npos) << text;
  // A document wraps its own lines.
  EXPECT_NE(format_record(record, TableFormat::markdown, false).find(reason), std::string::npos);
}

TEST(Table, OperandsInTheCacheAreMarked) {
  Record record = sample_record();
  EXPECT_EQ(format_record(record, TableFormat::table, false).find("‡"), std::string::npos);
  record.cases[0].cache = "hot";
  for (const auto format : {TableFormat::table, TableFormat::markdown}) {
    const std::string text = format_record(record, format, false);
    EXPECT_NE(line_with(text, "cpu/moat").find("2.00 ms‡ "), std::string::npos) << text;
    EXPECT_EQ(line_with(text, "cpu/onednn").find("‡"), std::string::npos) << text;
    EXPECT_NE(text.find("‡  its operands stayed in the cache"), std::string::npos) << text;
  }
}

TEST(Table, CsvHasOneLinePerCaseAndNoRateOfAFailure) {
  const auto lines = lines_of(format_record(sample_record(), TableFormat::csv, false));
  ASSERT_EQ(lines.size(), 6u);
  const auto commas = [](const std::string& s) { return std::count(s.begin(), s.end(), ','); };
  for (const auto& line : lines) EXPECT_EQ(commas(line), commas(lines[0])) << line;
  EXPECT_EQ(lines[1],
            "gemm/f32/m64n64k64/cpu/moat,ok,0.002,0.0015,0.0025,1,0.5,memory,0.7500,onednn,0.8000,"
            "0.25,3,noise_met,,3,too few samples,");
  EXPECT_EQ(lines[3], "sum/f32/n1000/cpu/moat,failed,,,,,,,,,,,0,,wrong at 17,,,");
  EXPECT_EQ(lines[5],
            "argmax/f32/n1000/cpu/moat,disturbed,,,,,,,,,,0.25,0,,1 of 2 samples was set aside,,,");
}

TEST(Table, WhatHasFewSamplesIsMarked) {
  Record record = sample_record();
  for (const auto format : {TableFormat::table, TableFormat::markdown}) {
    EXPECT_NE(format_record(record, format, false)
                  .find("†  too few samples: a median or ratio of fewer than 10"),
              std::string::npos);
  }
  for (auto& c : record.cases) {
    if (!c.series.empty()) c.series[0].seconds.assign(10, 1e-3);
  }
  for (const auto format : {TableFormat::table, TableFormat::markdown, TableFormat::csv}) {
    const std::string text = format_record(record, format, false);
    EXPECT_EQ(text.find("†"), std::string::npos) << text;
    EXPECT_EQ(text.find("too few"), std::string::npos) << text;
  }
  record.cases[1].series[0].seconds.assign(9, 1e-3);
  EXPECT_NE(format_record(record, TableFormat::table, false).find("0.80† × onednn"),
            std::string::npos)
      << "the library's samples count as ours do";
  // Also where there is nothing to be compared with.
  record.cases.resize(1);
  record.cases[0].ratios.clear();
  record.cases[0].series[0].seconds = {2e-3};
  const std::string alone = format_record(record, TableFormat::table, false);
  EXPECT_NE(line_with(alone, "cpu/moat").find("†"), std::string::npos) << alone;
  EXPECT_NE(alone.find("†  too few samples"), std::string::npos) << alone;
}

// In FLOP/s whatever was measured, by the problem alone.
TEST(Table, WhatSharesItsOperandsIsToldInFlops) {
  const auto rate = [](const char* problem) {
    Record record = sample_record();
    record.cases.resize(1);
    record.cases[0].problem = problem;
    record.cases[0].kernel = record.cases[0].problem.substr(0, record.cases[0].problem.find('/'));
    record.cases[0].ceiling = Reading<ShareRecord>::none("no bf16 compute ceiling: AMX");
    const std::string line =
        line_with(format_record(record, TableFormat::table, false), "  cpu/moat");
    EXPECT_EQ(line.find('%'), line.rfind('%')) << "a spread and no share: " << line;
    return line.find("GFLOP/s") != std::string::npos ? "FLOP" : "byte";
  };
  EXPECT_STREQ(rate("gemm/bf16/m64n64k64"), "FLOP");
  EXPECT_STREQ(rate("gemm/bf16/m1n64k64"), "byte");
  EXPECT_STREQ(rate("attention/bf16/b1q512kv512h8hkv8d64"), "FLOP");
  EXPECT_STREQ(rate("attention/bf16/b1q1kv512h8hkv8d64"), "byte");
  EXPECT_STREQ(rate("max/bf16/n1000"), "byte");
  EXPECT_STREQ(rate("softmax/bf16/r4c1000"), "byte");
}

TEST(Table, HeaderSaysWhyATypeHasNoCeiling) {
  Record record = sample_record();
  record.devices[0].ceilings.flops_bf16 = Reading<double>::none("the processor has AMX");
  EXPECT_NE(format_record(record, TableFormat::table, false)
                .find("no bf16 compute ceiling: the processor has AMX"),
            std::string::npos);
}

TEST(Table, ABuildThatIsNotOptimisedIsNamedFirst) {
  Record record = sample_record();
  record.build.build_type = "Debug";
  record.build.flags = "-g (CPU kernels: native)";
  for (const auto format : {TableFormat::table, TableFormat::markdown}) {
    EXPECT_EQ(
        format_record(record, format, false)
            .rfind("warning: this build is not optimised (Debug): its numbers say nothing", 0),
        0u);
  }
}

TEST(Table, Markdown) {
  const std::string text = format_record(sample_record(), TableFormat::markdown, false);
  EXPECT_NE(text.find("| **gemm** |"), std::string::npos);
  EXPECT_NE(line_with(text, "cpu/moat").find("| 2.00 ms |"), std::string::npos) << text;
}

}  // namespace
}  // namespace moat
