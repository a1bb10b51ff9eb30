// SPDX-License-Identifier: Apache-2.0
#include "bench/port/record.hpp"

#include <fmt/core.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "bench/port/details.hpp"
#include "bench/port/document.hpp"
#include "bench/port/merge.hpp"
#include "bench/port/port_command.hpp"
#include "bench/port/table.hpp"
#include "tests/bench/port/fixture.hpp"
#include "tests/support/temporary_folder.hpp"

namespace moat {
namespace {

namespace fs = std::filesystem;

class PortingRecord : public testing::Test {
 protected:
  void SetUp() override {
    fs::copy(test::fixtures() / "suite", root(), fs::copy_options::recursive);
    porting_.count = count_lines(test::suite_commands(root(), MOAT_TEST_CXX), root(), "");
    ASSERT_TRUE(porting_.count.errors.empty());
  }

  fs::path root() const { return folder_.path() / "tree"; }

  void append(const std::string& file, const std::string& text) const {
    std::ofstream(root() / file, std::ios::app) << text;
  }

  MaybeDocument without(const std::string& backend) const {
    Porting p = porting_;
    p.count.backends.erase(backend);
    p.absent[backend] = "no SDK";
    return {to_json(p), {}};
  }

  MaybeDocument built() const { return {to_json(porting_), {}}; }
  // As it is committed, and read again.
  MaybeDocument committed() const {
    return {parse_strict(dump_strict(without_line_ranges(to_json(porting_)))), {}};
  }

  TemporaryFolder folder_;
  Porting porting_;
};

class FamilyRecord : public PortingRecord {
 protected:
  void SetUp() override {
    PortingRecord::SetUp();
    porting_.count = count_lines(test::family_commands(root(), MOAT_TEST_CXX), root(), "");
    ASSERT_TRUE(porting_.count.errors.empty());
  }

  // The document with tests that ran cuda's kernels for sm_80 on the emulator.
  Json tested() const {
    const fs::path junit = folder_.path() / "tests.xml";
    std::ofstream file(junit);
    file << "<testsuite>";
    for (int i = 0; i < 7; ++i) {
      file << R"(<testcase name="Architectures/EmulatedGemm.Edges/sm_80_f16" status="run"/>)";
    }
    file << "</testsuite>";
    file.close();
    Json document = to_json(porting_);
    add_tests(document, junit, root());
    return document;
  }
};

TEST_F(FamilyRecord, HoldsFamiliesBesideThePorts) {
  const Json record = tested();
  const Json& total = record.at("/families/cuda~1sm_90a/kernels/all/total"_json_pointer);
  EXPECT_EQ(total.dump(), R"({"shared":53,"added":1,"unused":3,"lines":54,"changed":)" +
                              Json(1.0 / 54).dump() + "}");
  EXPECT_EQ(record.at("baseline_family"), "cuda/sm_80");
  EXPECT_EQ(record.at("/families/cuda~1sm_80/executed"_json_pointer), "emulated");
  EXPECT_EQ(record.at("/families/cuda~1sm_80/tests"_json_pointer).dump(),
            R"({"emulated":{"passed":7,"failed":0,"skipped":0}})");
  EXPECT_EQ(record.at("ports").size(), 3U);
  EXPECT_EQ(record.at("/divergence/all/pairs"_json_pointer).size(), 3U);
  EXPECT_EQ(record.at("files").at("backends/common.hpp").at("lines").at("cuda/sm_90a").at("dot"),
            "1-9");

  for (const auto& [pointer, reason] : record.at("null_reasons").items()) {
    EXPECT_TRUE(record.at(Json::json_pointer(pointer)).is_null()) << pointer;
  }
  EXPECT_TRUE(record.at("null_reasons").contains("/families/hip~1cdna/tests"));
}

TEST_F(FamilyRecord, FamiliesThatAreNotBuiltComeFromTheCommittedRecord) {
  Porting part = porting_;
  part.count.backends.erase("cuda/sm_90a");
  for (const char* name : {"hip", "hip/cdna"}) part.count.backends.erase(name);
  part.absent["hip"] = "no SDK";
  const MaybeDocument built = {to_json(part), {}};
  const Json merged = merge(built, committed(), root());
  EXPECT_EQ(port_in(merged, "cuda/sm_90a").at("origin"), "committed record");
  EXPECT_EQ(port_in(merged, "cuda/sm_80").at("origin"), "this build");
  EXPECT_EQ(port_in(merged, "hip/cdna").at("origin"), "committed record");

  append("backends/hip/backend.hpp", "int more;\n");
  const Json record = merge(built, committed(), root());
  EXPECT_TRUE(record.at("/families/hip~1cdna"_json_pointer).is_null());
  const auto reason = record.at("null_reasons").at("/families/hip~1cdna").get<std::string>();
  EXPECT_NE(reason.find("no SDK"), std::string::npos) << reason;
  EXPECT_NE(reason.find("backends/hip/backend.hpp changed"), std::string::npos) << reason;
}

TEST_F(FamilyRecord, WithoutTheBaselineNothingIsCompared) {
  porting_.count.backends.erase("cuda/sm_80");
  const Json record = to_json(porting_);
  EXPECT_TRUE(record.at("/families/cuda~1sm_90a/kernels"_json_pointer).is_null());
  const auto reason =
      record.at("null_reasons").at("/families/cuda~1sm_90a/kernels").get<std::string>();
  EXPECT_NE(reason.find("cuda/sm_80"), std::string::npos) << reason;
  EXPECT_FALSE(record.at("/ports/hip/kernels"_json_pointer).is_null());
  EXPECT_THROW(porting_details(record, "hip/cdna", root()), std::invalid_argument);
}

TEST_F(FamilyRecord, RowsOfTableCsvAndDetails) {
  const Json record = tested();
  const std::string table = porting_table(record);
  EXPECT_NE(table.find("\ncuda/sm_80    all                    0/36   0.0 %            0/4   "
                       "0.0 %           0/16   0.0 %           0/56   0.0 %       0  (baseline) "
                       "executed: emulated (7 "
                       "passed)\n"),
            std::string::npos)
      << table;
  EXPECT_NE(
      table.find(
          "\ncuda/sm_90a   all                    0/35   0.0 %            0/4   "
          "0.0 %           1/15   6.7 %           1/54   1.9 %       3  executed: not at all\n"),
      std::string::npos)
      << table;
  // A line for all ports, none of families.
  const std::string summary = porting_summary(record);
  EXPECT_EQ(std::ranges::count(summary, '\n'), 1) << summary;
  EXPECT_TRUE(summary.starts_with("lines changed per port: ")) << summary;
  const Json& total = record.at("/ports/hip/kernels/all/total"_json_pointer);
  EXPECT_NE(
      summary.find(fmt::format("hip {} of {}", total.at("added").dump(), total.at("lines").dump())),
      std::string::npos)
      << summary;
  const std::string csv = porting_csv(record);
  EXPECT_NE(csv.find("\ncuda/sm_90a,dot,layer,11,1,2,12,"), std::string::npos) << csv;
  const std::string kernel = porting_details(record, "dot", root());
  EXPECT_NE(kernel.find("dot, cuda/sm_90a: 18 lines shared with cuda/sm_80, 1 added (+), 3 unused"),
            std::string::npos)
      << kernel;
  const std::string family = porting_details(record, "cuda/sm_90a", root());
  EXPECT_EQ(family,
            "all, cuda/sm_90a: 53 lines shared with cuda/sm_80, 1 added (+), 3 unused (-)\n"
            "+ backends/common.hpp:4: inline int nobody() { return 3; }\n"
            "- backends/reduce.hpp:1: #pragma once\n"
            "- backends/reduce.hpp:2: inline int reduce() { return 4; }\n"
            "- kernels/dot.cpp:4: #include \"backends/reduce.hpp\"\n");
}

TEST_F(PortingRecord, OtherVersionsAreRefusedByName) {
  for (const int version : {kPortingVersion - 1, kPortingVersion + 1}) {
    Json other = to_json(porting_);
    other["version"] = version;
    try {
      from_json(other);
      FAIL() << version;
    } catch (const std::runtime_error& e) {
      EXPECT_NE(
          std::string(e.what()).find(fmt::format("version {}, not {}", version, kPortingVersion)),
          std::string::npos)
          << e.what();
    }
  }
}

TEST_F(PortingRecord, HoldsWhatItsNumbersFollowFrom) {
  const Json first = to_json(porting_);
  const Json second = to_json(from_json(parse_strict(dump_strict(first))));
  EXPECT_EQ(first.dump(), second.dump());
}

TEST_F(PortingRecord, EveryFractionHasNumeratorAndDenominator) {
  const Json record = to_json(porting_);
  const Json& all = record.at("/ports/hip/kernels/all/total"_json_pointer);
  EXPECT_EQ(all.at("added"), 11);
  EXPECT_EQ(all.at("lines"), 58);
  EXPECT_DOUBLE_EQ(all.at("changed").get<double>(), 11.0 / 58);
  const Json& problem = record.at("/ports/hip/kernels/axpy/problem"_json_pointer);
  EXPECT_EQ(problem.dump(), R"({"shared":2,"added":0,"unused":0,"lines":2,"changed":0.0})");
  EXPECT_EQ(record.at("/ports/hip/executed"_json_pointer), "not at all");
  EXPECT_TRUE(record.at("/ports/hip/tests"_json_pointer).is_null());
  EXPECT_TRUE(record.at("null_reasons").contains("/ports/hip/tests"));
  EXPECT_EQ(record.at("files").at("kernels/axpy.hpp").at("lines").at("cuda").at("axpy"),
            "1-3,5-7,9-12,17,19,21-24,26-31,33-36");
}

TEST_F(PortingRecord, TheCommittedFormHasNumbersForLineRanges) {
  const Json full = to_json(porting_);
  const Json form = *committed().document;
  EXPECT_EQ(form.at("files").at("kernels/axpy.hpp").at("lines").at("cuda"), 26);
  EXPECT_EQ(form.at("files").at("kernels/axpy.hpp").at("blob"),
            full.at("files").at("kernels/axpy.hpp").at("blob"));
  EXPECT_EQ(form.at("ports"), full.at("ports"));
  EXPECT_EQ(lines_by_file(form, "hip"), lines_by_file(full, "hip"));
  EXPECT_EQ(without_line_ranges(form), form);
}

TEST_F(PortingRecord, ABackendThatIsNotBuiltComesFromTheCommittedRecord) {
  const Json record = merge(without("hip"), committed(), root());
  EXPECT_EQ(record.at("/ports/hip/origin"_json_pointer), "committed record");
  EXPECT_EQ(record.at("/ports/cuda/origin"_json_pointer), "this build");
  const Json whole = to_json(porting_);
  EXPECT_EQ(record.at("/ports/hip/kernels"_json_pointer),
            whole.at("/ports/hip/kernels"_json_pointer));
  EXPECT_EQ(record.at("divergence"), whole.at("divergence"));
}

TEST_F(PortingRecord, WithoutTheBaselinesLinesTheCommittedNumbersStand) {
  const Json record = merge(without("cuda"), committed(), root());
  for (const char* name : {"cuda", "hip", "cpu"}) {
    EXPECT_EQ(port_in(record, name).at("origin"), "committed record") << name;
    EXPECT_FALSE(port_in(record, name).at("kernels").is_null()) << name;
  }
  EXPECT_EQ(record.at("divergence"), to_json(porting_).at("divergence"));
}

// Numbers of hip are relative to cuda's lines: with others they do not hold.
TEST_F(PortingRecord, CommittedNumbersDoNotOutliveTheirBaseline) {
  append("backends/cuda/backend.hpp", "int more;\n");
  Porting again = porting_;
  again.count = count_lines(test::suite_commands(root(), MOAT_TEST_CXX), root(), "");
  again.count.backends.erase("hip");
  again.absent["hip"] = "no SDK";
  const Json record = merge({to_json(again), {}}, committed(), root());
  EXPECT_TRUE(record.at("ports").at("hip").is_null());
  const auto reason = record.at("null_reasons").at("/ports/hip").get<std::string>();
  EXPECT_NE(reason.find("relative to cuda"), std::string::npos) << reason;
  EXPECT_NE(reason.find("backends/cuda/backend.hpp changed"), std::string::npos) << reason;
  EXPECT_FALSE(record.at("/ports/cpu/kernels"_json_pointer).is_null());
}

TEST_F(PortingRecord, ARecordOfOtherSourcesIsNotUsed) {
  append("backends/hip/backend.hpp", "int more;\n");
  const Json record = merge(without("hip"), committed(), root());
  EXPECT_TRUE(record.at("ports").at("hip").is_null());
  const auto reason = record.at("null_reasons").at("/ports/hip").get<std::string>();
  EXPECT_NE(reason.find("no SDK"), std::string::npos) << reason;
  EXPECT_NE(reason.find("backends/hip/backend.hpp changed"), std::string::npos) << reason;
  EXPECT_NE(porting_table(record).find("hip: not counted"), std::string::npos);
}

TEST_F(PortingRecord, WithoutTheBaselineNothingIsCompared) {
  const Json record = merge(without("cuda"), {{}, "no record"}, root());
  EXPECT_TRUE(record.at("/ports/hip/kernels"_json_pointer).is_null());
  const auto reason = record.at("null_reasons").at("/ports/hip/kernels").get<std::string>();
  EXPECT_NE(reason.find("no SDK"), std::string::npos) << reason;
  EXPECT_THROW(porting_details(record, "axpy", root()), std::invalid_argument);
  EXPECT_EQ(porting_csv(record), "port,kernel,part,shared,added,unused,lines,changed\n");
  EXPECT_FALSE(porting_table(record).empty());
}

TEST_F(FamilyRecord, TestsProvedStandUntilTheSourcesChange) {
  const MaybeDocument proved = {without_line_ranges(tested()), {}};
  const auto executed = "/families/cuda~1sm_80/executed"_json_pointer;
  EXPECT_EQ(merge(built(), proved, root()).at(executed), "emulated");
  append("backends/cuda/runtime.cpp", "int more;\n");
  Porting again = porting_;
  again.count = count_lines(test::family_commands(root(), MOAT_TEST_CXX), root(), "");
  EXPECT_EQ(merge({to_json(again), {}}, proved, root()).at(executed), "not at all");
}

TEST_F(PortingRecord, DifferencesNameTheNumbers) {
  const Json before = *committed().document;
  EXPECT_TRUE(differences(to_json(porting_), before, root()).empty());
  append("backends/hip/backend.hpp", "int more;\n");
  Porting changed = porting_;
  changed.count = count_lines(test::suite_commands(root(), MOAT_TEST_CXX), root(), "");
  const auto found = differences(to_json(changed), before, root());
  for (const char* text : {"/ports/hip/kernels/all/total/added: 12, was 11",
                           "/files/backends/hip/backend.hpp/lines/hip: 7, was 6"}) {
    EXPECT_NE(std::ranges::find(found, text), found.end()) << text;
  }
}

TEST_F(PortingRecord, SumsAreSmallAndNameTheirDocument) {
  const Json document = merge(without("hip"), {{}, "no record"}, root());
  const Json sums = porting_sums(document);
  EXPECT_EQ(sums.at("schema"), "moat-porting-sums");
  EXPECT_EQ(sums.at("document"), blob_hash(dump_strict(document)));
  EXPECT_EQ(sums.at("/ports/cpu/kernels/all/total"_json_pointer),
            document.at("/ports/cpu/kernels/all/total"_json_pointer));
  EXPECT_EQ(sums.at("/ports/cpu/kernels/all/problem"_json_pointer).at("lines"), 4);
  EXPECT_EQ(sums.at("/divergence/axpy/mean"_json_pointer),
            document.at("/divergence/axpy/mean"_json_pointer));
  EXPECT_FALSE(sums.contains("files"));
  EXPECT_FALSE(sums.at("/ports/cpu/kernels"_json_pointer).contains("axpy"));
  EXPECT_TRUE(sums.at("ports").at("hip").is_null());
  for (const auto& [pointer, reason] : sums.at("null_reasons").items()) {
    EXPECT_TRUE(sums.at(Json::json_pointer(pointer)).is_null()) << pointer;
  }
  EXPECT_TRUE(sums.at("null_reasons").contains("/ports/hip"));
}

TEST_F(PortingRecord, DamagedRecordsAreRefused) {
  const Json good = to_json(porting_);
  for (const char* pointer : {"/schema", "/ports/hip/compiler", "/files/kernels~1axpy.hpp/blob",
                              "/files/kernels~1axpy.hpp/lines/hip/axpy"}) {
    Json bad = good;
    bad.at(Json::json_pointer(pointer)) = Json::array();
    EXPECT_THROW(from_json(bad), std::runtime_error) << pointer;
  }
  Json bad = good;
  bad["files"]["kernels/axpy.hpp"]["lines"]["hip"]["axpy"] = "9-1";
  EXPECT_THROW(from_json(bad), std::runtime_error);
}

TEST_F(PortingRecord, DetailsShowTheLinesThatDiffer) {
  const Json record = to_json(porting_);
  const std::string kernel = porting_details(record, "axpy", root());
  EXPECT_NE(kernel.find("axpy, hip: 37 lines shared with cuda, 9 added (+), 6 unused (-)"),
            std::string::npos)
      << kernel;
  EXPECT_NE(kernel.find("+ kernels/axpy.hpp:13: inline int width() { return 64; }"),
            std::string::npos);
  EXPECT_NE(kernel.find("- kernels/axpy.hpp:10: inline int width() { return 32; }"),
            std::string::npos);
  const std::string file = porting_details(record, "backends/common.hpp", root());
  EXPECT_NE(file.find("backends/common.hpp, hip: 6 lines shared with cuda, 0 added (+), 2 unused"),
            std::string::npos)
      << file;
  EXPECT_THROW(porting_details(record, "nothing", root()), std::invalid_argument);
}

TEST_F(PortingRecord, DetailsOfTheCommittedFormAreNumbersAndSaySo) {
  const Json form = *committed().document;
  const std::string kernel = porting_details(form, "axpy", root());
  EXPECT_NE(kernel.find("axpy, hip: 37 lines shared with cuda, 9 added, 6 unused\n"),
            std::string::npos)
      << kernel;
  EXPECT_EQ(kernel.find("\n+ "), std::string::npos) << kernel;
  EXPECT_NE(kernel.find("themselves need a build of cuda and hip:"), std::string::npos) << kernel;
  EXPECT_NE(kernel.find("MOAT_CMAKE_ARGS=\"-DMOAT_CUDA=ON -DMOAT_HIP=ON\" scripts/bench.sh"),
            std::string::npos)
      << kernel;
  const std::string file = porting_details(form, "backends/common.hpp", root());
  EXPECT_NE(file.find("backends/common.hpp, hip: 6 lines; cuda: 8\n"), std::string::npos) << file;
  EXPECT_THROW(porting_details(form, "nothing", root()), std::invalid_argument);

  const std::string mixed =
      porting_details(merge(without("hip"), committed(), root()), "axpy", root());
  EXPECT_NE(mixed.find("axpy, hip: 37 lines shared with cuda, 9 added, 6 unused\n"),
            std::string::npos)
      << mixed;
  EXPECT_NE(mixed.find("\n- kernels/axpy.hpp"), std::string::npos) << mixed;
  EXPECT_NE(mixed.find("need a build of hip:"), std::string::npos) << mixed;
}

TEST_F(PortingRecord, CsvHasOneRowPerPart) {
  const std::string csv = porting_csv(to_json(porting_));
  EXPECT_NE(csv.find("\nhip,all,total,47,11,9,58," + Json(11.0 / 58).dump() + "\n"),
            std::string::npos)
      << csv;
  EXPECT_NE(csv.find("\nhip,axpy,problem,2,0,0,2,0.0\n"), std::string::npos) << csv;
  EXPECT_NE(csv.find("\nhip,axpy,layer_share,3,4,4,7,"), std::string::npos) << csv;
  EXPECT_NE(csv.find("\ncuda,runtime,kernel,0,0,0,0,\n"), std::string::npos) << csv;
}

}  // namespace
}  // namespace moat
