// SPDX-License-Identifier: Apache-2.0
#include "bench/record/record.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <limits>
#include <nlohmann/json.hpp>
#include <tuple>

#include "bench/record/porting.hpp"
#include "tests/bench/record/sample_record.hpp"

namespace moat {
namespace {

TEST(Record, ComesBackAsItWasWritten) {
  const std::string text = to_text(sample_record());
  EXPECT_EQ(to_text(parse_record(text)), text);
  const Record r = parse_record(text);
  EXPECT_EQ(r.cases[0].series[0].seconds, (std::vector<double>{2e-3, 1e-3, 3e-3}));
  EXPECT_EQ(r.cases[2].status, Status::failed);
  EXPECT_EQ(r.host.governor.reason, "not there");
  EXPECT_EQ(r.build.commit.value, "0123456789abcdef0123456789abcdef01234567");
}

TEST(Record, WritesNullWithItsReason) {
  const Json json = parse_strict(to_text(sample_record()));
  EXPECT_TRUE(json["host"]["governor"].is_null());
  EXPECT_EQ(json["host"]["null_reasons"]["governor"], "not there");
  EXPECT_EQ(json["null_reasons"]["porting"], "no SDK");
}

TEST(Record, OfAnOlderProgramHasNoCodegen) {
  Json json = parse_strict(to_text(sample_record()));
  EXPECT_TRUE(json["codegen"].is_null());
  json.erase("codegen");
  json["null_reasons"].erase("codegen");
  const Record old = parse_record(dump_strict(json));
  EXPECT_EQ(old.codegen.reason, "not in the record");
  json["codegen"] = nullptr;
  EXPECT_THROW(parse_record(dump_strict(json)), JsonError);
}

TEST(Record, KeepsHowOftenACaseOccursAndLacksItElsewhere) {
  Record r = sample_record();
  EXPECT_FALSE(parse_strict(to_text(r))["cases"][0].contains("weight"));
  r.cases[0].weight = 30.5;
  EXPECT_EQ(parse_record(to_text(r)).cases[0].weight, 30.5);
  EXPECT_FALSE(parse_record(to_text(r)).cases[1].weight);
  for (const Json& bad : {Json(0), Json(-1), Json("2"), Json(nullptr)}) {
    Json json = parse_strict(to_text(r));
    json["cases"][0]["weight"] = bad;
    EXPECT_THROW(parse_record(dump_strict(json)), JsonError) << bad;
  }
}

TEST(Record, KeepsWhatWasSampledBesideOtherWork) {
  const Record r = parse_record(to_text(sample_record()));
  EXPECT_EQ(r.run.scheduling.get().involuntary_switches, 7);
  EXPECT_EQ(r.run.scheduling.get().steal_seconds.reason, "/proc/stat cannot be read");
  const CaseRecord& c = r.cases.back();
  EXPECT_EQ(c.status, Status::disturbed);
  EXPECT_FALSE(c.median_seconds.value);
  EXPECT_EQ(c.series[0].seconds, std::vector<double>{2e-3});
  EXPECT_EQ(c.series[0].discarded[0].reason, "disturbed");
  EXPECT_EQ(c.series[0].discarded[0].waited_seconds, 4e-3);
  EXPECT_FALSE(r.cases[0].series[0].discarded[0].waited_seconds.has_value());

  // All of its samples may have been set aside.
  Record none = r;
  none.cases.back().series[0].seconds.clear();
  EXPECT_TRUE(parse_record(to_text(none)).cases.back().series[0].seconds.empty());
}

// Only where codes were written.
TEST(Record, KeepsTheLossOfCodes) {
  Record r = sample_record();
  r.cases[0].quantisation_loss = 7e-4;
  const Record again = parse_record(to_text(r));
  EXPECT_EQ(again.cases[0].quantisation_loss, 7e-4);
  EXPECT_FALSE(again.cases[1].quantisation_loss.has_value());
  EXPECT_FALSE(parse_strict(to_text(r))["cases"][1].contains("quantisation_loss"));
}

TEST(Record, OfAnOlderProgramToldNothingOfTheScheduler) {
  Json json = parse_strict(to_text(sample_record()));
  json["run"].erase("scheduling");
  EXPECT_EQ(parse_record(dump_strict(json)).run.scheduling.reason, "not in the record");
}

// Where the commit tells the sources, nothing more has to.
TEST(Record, TheProgramOfABuildIsThereOrNot) {
  Record r = sample_record();
  EXPECT_FALSE(parse_strict(to_text(r))["build"].contains("executable"));
  r.build.executable = "0123456789abcdef";
  EXPECT_EQ(parse_record(to_text(r)).build.executable, r.build.executable);
  r.build.executable = "moat";
  EXPECT_THROW(to_text(r), JsonError);
}

// What a program of a newer minor version may write.
Json of_a_newer_program() {
  Json json = parse_strict(to_text(sample_record()));
  json["minor"] = 9;
  json["energy"] = {{"joules", 3.5}, {"source", nullptr}};
  json["run"]["user"] = nullptr;
  json["run"]["null_reasons"]["user"] = "not asked for";
  json["host"]["a/b~c"] = {1, 2};
  json["devices"][0]["ceilings"]["runs"][0]["unit"] = "FLOP/s";
  json["cases"][1]["series"][0]["discarded"][0]["clock_mhz"] = 900;
  json["cases"][0]["check"]["invariants"] = 3;
  return json;
}

TEST(Record, KeepsTheUnknownFieldsOfANewerMinorVersion) {
  const Json json = of_a_newer_program();
  const Record record = parse_record(dump_strict(json));
  EXPECT_EQ(record.minor, 9);
  EXPECT_EQ(record.unknown.size(), 7U);  // and the reason of one
  EXPECT_EQ(record.cases[0].median_seconds.value, 2e-3);
  // The members stand in another order.
  EXPECT_EQ(nlohmann::json::parse(to_text(record)), nlohmann::json::parse(dump_strict(json)));
}

TEST(Record, DropsTheUnknownFieldsOfACaseThatIsGone) {
  Record record = parse_record(dump_strict(of_a_newer_program()));
  record.cases.resize(1);
  const Json json = parse_strict(to_text(record));
  EXPECT_EQ(json["cases"].size(), 1U);
  EXPECT_EQ(json["cases"][0]["check"]["invariants"], 3);
}

TEST(Record, OfANewerMinorVersionIsCheckedInWhatIsKnown) {
  Json json = of_a_newer_program();
  json["cases"][0]["status"] = "cancelled";
  try {
    parse_record(dump_strict(json));
    ADD_FAILURE() << "was accepted";
  } catch (const JsonError& e) {
    EXPECT_EQ(e.pointer(), "/cases/0/status");
    EXPECT_NE(std::string(e.what()).find("the record is of version 1.9; this moat knows 1.8"),
              std::string::npos)
        << e.what();
  }
  json = of_a_newer_program();
  json["cases"][0].erase("series");
  EXPECT_THROW(parse_record(dump_strict(json)), JsonError);
}

TEST(Record, OfVersion1HasNoMinorAndStaysSo) {
  Json json = parse_strict(to_text(sample_record()));
  EXPECT_EQ(json["minor"], kRecordMinor);
  json.erase("minor");
  const Record old = parse_record(dump_strict(json));
  EXPECT_EQ(old.minor, 0);
  EXPECT_EQ(to_text(old), dump_strict(json));
}

// A number that is not finite is refused wherever it hides, and the message says where.
TEST(Record, LetsNoNanOrInfinityOut) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const double infinity = std::numeric_limits<double>::infinity();
  const std::vector<std::pair<std::string, std::function<void(Record&)>>> cases = {
      {"/cases/0/series/0/seconds/1", [&](Record& r) { r.cases[0].series[0].seconds[1] = nan; }},
      {"/cases/1/gflops", [&](Record& r) { r.cases[1].gflops.value = infinity; }},
      {"/devices/0/ceilings/runs/0/rate",
       [&](Record& r) { r.devices[0].ceilings.runs[0].rate = -infinity; }},
      {"/run/duration_seconds", [&](Record& r) { r.run.duration_seconds = nan; }},
      {"/porting/a~1b",
       [&](Record& r) {
         r.porting = Reading<JsonDocument>::of(share({{"a/b", nan}}));
       }},
  };
  for (const auto& [pointer, spoil] : cases) {
    Record r = sample_record();
    spoil(r);
    try {
      to_text(r);
      ADD_FAILURE() << pointer << " went out";
    } catch (const JsonError& e) {
      EXPECT_EQ(e.pointer(), pointer);
    }
  }
}

// Place, part of the message, what spoils the record.
using Refusal = std::tuple<std::string, std::string, std::function<void(Json&)>>;

TEST(Record, RefusesWhatDoesNotFitAndSaysWhere) {
  const std::vector<Refusal> refusals = {
      {"/schema", "not a record of Moat", [](Json& j) { j["schema"] = "other"; }},
      {"/schema", "not a record of Moat", [](Json& j) { j.erase("schema"); }},
      {"/version", "record version 2.0; this moat reads up to 1.8; update moat",
       [](Json& j) {
         j["version"] = 2;
         j.erase("minor");
       }},
      {"/version", "record version 7.4; this moat reads up to 1.8; update moat",
       [](Json& j) {
         j["version"] = 7;
         j["minor"] = 4;
         j["cases"] = "of another form";
       }},
      {"/version", "not a whole number from 1", [](Json& j) { j["version"] = 0; }},
      {"/version", "not a whole number from 1", [](Json& j) { j["version"] = "1"; }},
      {"/version", "not a whole number from 1", [](Json& j) { j.erase("version"); }},
      {"/minor", "not a whole number from 0", [](Json& j) { j["minor"] = -1; }},
      {"/minor", "not a whole number from 0", [](Json& j) { j["minor"] = 1.5; }},
      {"", R"(lacks the field "cases")", [](Json& j) { j.erase("cases"); }},
      {"/extra", "not a field", [](Json& j) { j["extra"] = 1; }},
      {"/extra", "not a field",
       [](Json& j) {
         j.erase("minor");
         j["extra"] = 1;
       }},
      {"/cases/0/series/0/extra", "not a field",
       [](Json& j) { j["cases"][0]["series"][0]["extra"] = 1; }},
      {"/run/seed", "not of type", [](Json& j) { j["run"]["seed"] = "1"; }},
      {"/run/seed", "less than 0", [](Json& j) { j["run"]["seed"] = -1; }},
      {"/run/threads", "not of type", [](Json& j) { j["run"]["threads"] = 1.5; }},
      {"/run/started", "does not match", [](Json& j) { j["run"]["started"] = "yesterday"; }},
      {"/build/commit", "does not match", [](Json& j) { j["build"]["commit"] = "unknown"; }},
      {"/host/load_average", "too few", [](Json& j) { j["host"]["load_average"] = {1.0}; }},
      {"/cases/1/status", "not one of", [](Json& j) { j["cases"][1]["status"] = "fine"; }},
      {"/cases/0/gflops", "not above 0", [](Json& j) { j["cases"][0]["gflops"] = 0; }},
      {"/cases/0/series/0/seconds/2", "not of type",
       [](Json& j) { j["cases"][0]["series"][0]["seconds"][2] = nullptr; }},
      {"/cases/0/series/0/discarded/0/reason", "not one of",
       [](Json& j) { j["cases"][0]["series"][0]["discarded"][0]["reason"] = "ugly"; }},
      {"/cases/0/name", "does not match", [](Json& j) { j["cases"][0]["name"] = "gemm"; }},
      {"/cases/0/name", "its parts are gemm/f32/m64n64k64/cuda/moat",
       [](Json& j) { j["cases"][0]["backend"] = "cuda"; }},
      {"/cases/0/name", "its parts are gemm/f32/m64n64k64/cpu1/moat",
       [](Json& j) { j["cases"][0]["device"] = 1; }},
      {"/cases/0/name", "its parts are gemm/f32/m1n1k1/cpu/moat",
       [](Json& j) { j["cases"][0]["problem"] = "gemm/f32/m1n1k1"; }},
      {"/cases/0/problem", "does not begin with sum/f32/",
       [](Json& j) { j["cases"][0]["kernel"] = "sum"; }},
      {"/cases/0/problem", "does not begin with gemm/f16/",
       [](Json& j) { j["cases"][0]["dtype"] = "f16"; }},
      {"/cases/0/median_seconds", "the samples are from 0.001 to 0.003",
       [](Json& j) { j["cases"][0]["median_seconds"] = 0.0031; }},
      {"/cases/0/median_seconds", "the samples are from 0.001 to 0.003",
       [](Json& j) { j["cases"][0]["median_seconds"] = 0.0009; }},
      {"/cases/0/gflops", "null without a reason",
       [](Json& j) { j["cases"][0]["gflops"] = nullptr; }},
      {"/host/null_reasons/cpu", "what is not null",
       [](Json& j) { j["host"]["null_reasons"]["cpu"] = "no reason"; }},
      {"/porting", "null without a reason", [](Json& j) { j.erase("null_reasons"); }},
      {"/cases/0/check", "not verified", [](Json& j) { j["cases"][0]["check"]["passed"] = false; }},
      {"/cases/0/series", "no samples", [](Json& j) { j["cases"][0]["series"] = Json::array(); }},
      {"/cases/0/series", "no samples",
       [](Json& j) { j["cases"][0]["series"][0]["seconds"] = Json::array(); }},
      {"/cases/4/check", "not verified", [](Json& j) { j["cases"][4]["check"]["passed"] = false; }},
      {"/cases/4/ratios", "has no times",
       [](Json& j) {
         j["cases"][4]["ratios"] = {{{"baseline", "onednn"}, {"ratio", 1.5}}};
       }},
      {"/cases/2/series", "has no times",
       [](Json& j) { j["cases"][2]["series"] = j["cases"][0]["series"]; }},
      {"/cases/2/gflops", "has no times",
       [](Json& j) {
         j["cases"][2]["gflops"] = 1.0;
         j["cases"][2]["null_reasons"].erase("gflops");
       }},
      {"/cases/0/series/0/seconds/1", "is 0, not above 0",
       [](Json& j) { j["cases"][0]["series"][0]["seconds"][1] = 0; }},
      {"/cases/0/series/0/seconds/2", "is -0.001, not above 0",
       [](Json& j) { j["cases"][0]["series"][0]["seconds"][2] = -1e-3; }},
      {"/cases/0/series/0/calls_per_sample", "is 0, less than 1",
       [](Json& j) { j["cases"][0]["series"][0]["calls_per_sample"] = 0; }},
      {"/cases/0/median_seconds", "is 0.0, not above 0",
       [](Json& j) { j["cases"][0]["median_seconds"] = 0.0; }},
      {"/cases/0/lower_quartile_seconds", "is 0.0, not above 0",
       [](Json& j) { j["cases"][0]["lower_quartile_seconds"] = 0.0; }},
      {"/cases/0/series/0/seconds/1", "is 1.7e+308, more than 1000000000.0",
       [](Json& j) { j["cases"][0]["series"][0]["seconds"][1] = 1.7e308; }},
      {"/cases/0/series/0/seconds/1", "less than 1e-12",
       [](Json& j) { j["cases"][0]["series"][0]["seconds"][1] = 1e-320; }},
      {"/cases/0/median_seconds", "more than",
       [](Json& j) { j["cases"][0]["median_seconds"] = 1e300; }},
      {"/cases/0/check/elements_checked", "is 0 of a check that passed",
       [](Json& j) { j["cases"][0]["check"]["elements_checked"] = 0; }},
      {"/cases/0/series/0/rounds", "has 1 rounds of ",
       [](Json& j) { j["cases"][0]["series"][0]["rounds"] = {0}; }},
      {"/cases/0/series/0/rounds", "has 0 rounds of ",
       [](Json& j) { j["cases"][0]["series"][0]["rounds"] = Json::array(); }},
      {"/cases/0/series/0/rounds/2", "is 1, and the round before is 1",
       [](Json& j) {
         Json& series = j["cases"][0]["series"][0];
         series["rounds"] = {0, 1, 1};
         series["seconds"] = std::vector<double>(3, series["seconds"][0].get<double>());
         j["cases"][0]["median_seconds"] = series["seconds"][0];
       }},
      {"/run/planned", "is 0, and there are 5 cases", [](Json& j) { j["run"]["planned"] = 0; }},
      {"/cases/1", "gemm/f32/m64n64k64/cpu/moat is there already",
       [](Json& j) { j["cases"][1] = j["cases"][0]; }},
      {"/devices/1", "cpu:0 is there already",
       [](Json& j) { j["devices"].push_back(j["devices"][0]); }},
      {"/cases/2/message", "nothing says why", [](Json& j) { j["cases"][2]["message"] = ""; }},
  };
  const std::string text = to_text(sample_record());
  for (const auto& [pointer, reason, spoil] : refusals) {
    Json json = parse_strict(text);
    spoil(json);
    try {
      parse_record(json.dump());
      ADD_FAILURE() << pointer << ": " << reason << ": was accepted";
    } catch (const JsonError& e) {
      EXPECT_EQ(e.pointer(), pointer) << e.what();
      EXPECT_NE(std::string(e.what()).find(reason), std::string::npos) << e.what();
    }
  }
}

// A record whose porting section is that of a count of two ports.
Json with_porting() {
  Json json = parse_strict(to_text(sample_record()));
  json["null_reasons"].erase("porting");
  json["porting"] = parse_strict(R"({
    "schema": "moat-porting-sums", "version": 2, "document": "abc", "baseline": "cuda",
    "baseline_family": "cuda/sm_80",
    "ports": {
      "cuda": {"origin": "this build", "targets": ["host"], "executed": "emulated",
               "tests": {"emulated": {"passed": 1, "failed": 0, "skipped": 0}}, "lines": 4,
               "kernels": {"all": {"total": {"shared": 4, "added": 0, "unused": 0, "lines": 4},
                                   "kernel": {"added": 0, "lines": 2},
                                   "layer": {"added": 0, "lines": 2, "changed": 0.0}}}},
      "cpu": null},
    "families": {}, "divergence": {"all": {"mean": 0.5}},
    "null_reasons": {"/ports/cpu": "no compiler"}})");
  return json;
}

TEST(Record, ThePortingSectionIsChecked) {
  EXPECT_NO_THROW(parse_record(dump_strict(with_porting())));
  const std::vector<std::pair<std::string, std::function<void(Json&)>>> spoilt = {
      {"/porting", [](Json& p) { p = Json::object(); }},
      {"/porting", [](Json& p) { p = Json::array(); }},
      {"/porting", [](Json& p) { p = "text"; }},
      {"/porting/schema", [](Json& p) { p["schema"] = "other"; }},
      {"/porting/version", [](Json& p) { p["version"] = kPortingSumsVersion + 1; }},
      {"/porting/version", [](Json& p) { p["version"] = "1"; }},
      {"/porting/baseline", [](Json& p) { p["baseline"] = nullptr; }},
      {"/porting/extra", [](Json& p) { p["extra"] = 1; }},
      {"/porting/ports", [](Json& p) { p["ports"] = nullptr; }},
      {"/porting/ports", [](Json& p) { p["ports"] = Json::array(); }},
      {"/porting/ports/hip", [](Json& p) { p["ports"]["hip"] = nullptr; }},
      {"/porting/ports/cuda/extra", [](Json& p) { p["ports"]["cuda"]["extra"] = 1; }},
      {"/porting/ports/cuda/kernels/all",
       [](Json& p) { p["ports"]["cuda"]["kernels"]["all"] = nullptr; }},
      {"/porting/ports/cuda/kernels/all/total/lines",
       [](Json& p) { p["ports"]["cuda"]["kernels"]["all"]["total"]["lines"] = nullptr; }},
      {"/porting/families", [](Json& p) { p["families"] = nullptr; }},
      {"/porting/divergence", [](Json& p) { p.erase("divergence"), p["divergence"] = 1; }},
      {"/porting/divergence/all", [](Json& p) { p["divergence"]["all"] = nullptr; }},
      {"/porting/divergence/all/mean", [](Json& p) { p["divergence"]["all"]["mean"] = nullptr; }},
      {"/porting/divergence/x", [](Json& p) { p["divergence"]["x"] = Json::object(); }},
  };
  for (const auto& [pointer, spoil] : spoilt) {
    Json json = with_porting();
    spoil(json["porting"]);
    try {
      parse_record(json.dump());
      ADD_FAILURE() << pointer << " was accepted: " << json["porting"].dump();
    } catch (const JsonError& e) {
      EXPECT_EQ(e.pointer(), pointer) << e.what();
    }
  }
}

TEST(Record, ANewerPortingSectionKeepsItsFields) {
  Json json = with_porting();
  json["minor"] = kRecordMinor + 1;
  json["porting"]["ports"]["cuda"]["extra"] = 1;
  json["porting"]["extra"] = nullptr;
  EXPECT_EQ(to_text(parse_record(dump_strict(json))), dump_strict(json));
}

TEST(Record, RefusesMalformedJson) {
  const std::string text = to_text(sample_record());
  for (const auto& bad : {std::string(), std::string("{"), text.substr(0, text.size() / 2),
                          text + "}", std::string("{\"a\": NaN}"), std::string("{\"a\": 1e999}"),
                          std::string("[1,]"), std::string("\"\xff\"")}) {
    EXPECT_THROW(parse_record(bad), JsonError) << bad.substr(0, 20);
  }
  try {
    parse_record("# Notes");
    FAIL() << "no JSON";
  } catch (const JsonError& e) {
    const std::string what = e.what();
    EXPECT_NE(what.find("no JSON begins with (byte 1)"), std::string::npos) << what;
    EXPECT_EQ(what.find("json.exception"), std::string::npos) << what;
  }
}

}  // namespace
}  // namespace moat
