// SPDX-License-Identifier: Apache-2.0
#include "bench/software/claims.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "bench/run/usage_error.hpp"
#include "bench/software/text.hpp"

namespace moat {
namespace {

using testing::HasSubstr;

Json press() { return read_json_file(MOAT_PRESS_CLAIMS); }

const Json& result_of(const Json& results, const std::string& id) {
  for (const Json& r : results) {
    if (r.at("id") == id) return r;
  }
  ADD_FAILURE() << "no result of " << id;
  static const Json none;
  return none;
}

// A claim whose members are `more` of these.
Json claim(const Json& more) {
  Json c = {{"id", "c"},        {"says", "it is so"}, {"what", "a thing"},
            {"operator", ">="}, {"value", 2},         {"unit", "ratio"}};
  c.update(more);
  return {{"claims", Json::array({c})}};
}

Json verdict_of(const Json& claims, const Json& measured = nullptr) {
  return judge_claims(claims, measured).at(0);
}

std::string error_of(const Json& claims) {
  try {
    judge_claims(claims, nullptr);
  } catch (const UsageError& e) {
    return e.what();
  }
  return "";
}

// A document of two ways on a device.
Json evidence(double ratio, double lower, double upper, const std::string& device = "cpu:0") {
  return {
      {"devices", Json::array({{{"name", device}}})},
      {"pairings",
       Json::array(
           {{{"name", "product-decode"},
             {"device", device},
             {"ways",
              Json::array({{{"name", "f32"}, {"flops", 100}, {"bytes", 400}, {"kept_bytes", 300}},
                           {{"name", "fp8"}, {"flops", 100}, {"bytes", 100}, {"kept_bytes", 75}},
                           {{"name", "int4"}, {"reason", "no kernel"}}})},
             {"comparisons", Json::array({{{"plain", "f32"},
                                           {"way", "fp8"},
                                           {"measured", ratio},
                                           {"interval", {lower, upper}},
                                           {"predicted", 4.0}},
                                          {{"plain", "f32"},
                                           {"way", "int4"},
                                           {"measured", nullptr},
                                           {"measured_reason", "int4 has no time: no kernel"},
                                           {"predicted", nullptr},
                                           {"predicted_reason", "no kernel"}}})}}})}};
}

Json speedup(const std::string& metric = "speedup", const std::string& way = "fp8") {
  return claim(
      {{"measure",
        {{"metric", metric}, {"pairing", "product-decode"}, {"plain", "f32"}, {"way", way}}}});
}

// Each figure of the press, from the configurations.
TEST(Press, FormulasGiveTheirFigures) {
  const Json results = judge_claims(press(), nullptr);
  const Json& compute = result_of(results, "compute-97-percent");
  EXPECT_NEAR(compute.at("value").get<double>(), 0.945, 5e-4);
  EXPECT_EQ(compute.at("verdict"), "does not hold");
  const Json& readings = compute.at("readings");
  EXPECT_EQ(readings.at(0).at("value"), 1 - 8.0 / 256);
  EXPECT_EQ(readings.at(0).at("verdict"), "holds");
  EXPECT_EQ(readings.at(1).at("value"), 1 - 2048.0 / 65536);
  EXPECT_EQ(readings.at(1).at("verdict"), "holds");
  EXPECT_NEAR(readings.at(2).at("value").get<double>(), 0.910, 5e-4);
  EXPECT_EQ(readings.at(2).at("verdict"), "does not hold");

  const Json& cache = result_of(results, "v2-cache-93.3-percent");
  EXPECT_NEAR(cache.at("value").get<double>(), 0.933, 5e-4);
  EXPECT_EQ(cache.at("verdict"), "holds");
  EXPECT_NEAR(cache.at("readings").at(0).at("value").get<double>(), 0.822, 5e-4);
  EXPECT_EQ(cache.at("readings").at(0).at("verdict"), "does not hold");

  EXPECT_EQ(result_of(results, "v3-cache-70272-bytes").at("value"), 70272);
  EXPECT_EQ(result_of(results, "v3-cache-70272-bytes").at("verdict"), "holds");
  const Json& llama = result_of(results, "llama-405b-cache-516096-bytes");
  EXPECT_EQ(llama.at("value"), 516096);
  EXPECT_NEAR(llama.at("readings").at(0).at("value").get<double>(), 0.864, 5e-4);
}

TEST(Press, WhatNoKernelTellsIsNotTestable) {
  const Json results = judge_claims(press(), nullptr);
  for (const char* id : {"inference-4-times", "v2-throughput-5.76-times"}) {
    EXPECT_EQ(result_of(results, id).at("verdict"), "not testable") << id;
    EXPECT_THAT(result_of(results, id).at("reason").get<std::string>(),
                HasSubstr("not what timing kernels side by side measures"));
  }
  EXPECT_EQ(result_of(results, "memory-75-percent").at("reason"),
            "product-prefill was not measured");
  EXPECT_THAT(pairings_of(press()), testing::ElementsAre("attention-decode", "experts",
                                                         "product-decode", "product-prefill"));
}

TEST(Claims, OfARatioRestOnItsInterval) {
  EXPECT_EQ(verdict_of(speedup(), evidence(3, 2.5, 3.5)).at("verdict"), "holds");
  EXPECT_EQ(verdict_of(speedup(), evidence(1.5, 1.2, 1.9)).at("verdict"), "does not hold");
  const Json straddles = verdict_of(speedup(), evidence(2.1, 1.9, 2.3));
  EXPECT_EQ(straddles.at("verdict"), "not testable");
  EXPECT_EQ(straddles.at("reason"), "the claimed value lies within the 95 % interval");
  EXPECT_EQ(straddles.at("value"), 2.1);
  EXPECT_EQ(straddles.at("device"), "cpu:0");
  // The prediction has none.
  EXPECT_EQ(verdict_of(speedup("predicted_speedup"), evidence(1.5, 1.2, 1.9)).at("verdict"),
            "holds");
}

TEST(Claims, OfEqualityRestOnTheTolerance) {
  const auto equal = [](double value, double tolerance) {
    Json c = speedup();
    c["claims"][0].update({{"operator", "="}, {"value", value}, {"tolerance", tolerance}});
    return c;
  };
  const Json measured = evidence(2, 1.95, 2.05);
  EXPECT_EQ(verdict_of(equal(2, 0.1), measured).at("verdict"), "holds");
  EXPECT_EQ(verdict_of(equal(3, 0.1), measured).at("verdict"), "does not hold");
  EXPECT_EQ(verdict_of(equal(2, 0.01), measured).at("verdict"), "not testable");
  EXPECT_EQ(verdict_of(equal(2.1, 0.1), measured).at("verdict"), "not testable");
}

TEST(Claims, OfSavingsComeFromTheWays) {
  const auto saving = [](const char* metric, double value) {
    Json c = speedup(metric);
    c["claims"][0].update({{"value", value}, {"unit", "share"}});
    return verdict_of(c, evidence(1, 1, 1));
  };
  EXPECT_EQ(saving("kept_bytes_saved", 0.75).at("value"), 0.75);
  EXPECT_EQ(saving("kept_bytes_saved", 0.75).at("verdict"), "holds");
  EXPECT_EQ(saving("bytes_saved", 0.76).at("verdict"), "does not hold");
  EXPECT_EQ(saving("flops_saved", 0).at("value"), 0);
  const Json missing = verdict_of(speedup("bytes_saved", "int4"), evidence(1, 1, 1));
  EXPECT_EQ(missing.at("verdict"), "not testable");
  EXPECT_EQ(missing.at("reason"), "int4: no kernel");
  // A document of an older build lacks ways.
  Json older = evidence(1, 1, 1);
  older["pairings"][0]["ways"].erase(1);
  const Json unknown = verdict_of(speedup("bytes_saved"), older);
  EXPECT_EQ(unknown.at("verdict"), "not testable");
  EXPECT_EQ(unknown.at("reason"), "fp8 is no way of product-decode there");
}

TEST(Claims, WithoutATimeAreNotTestable) {
  for (const char* metric : {"speedup", "predicted_speedup"}) {
    const Json r = verdict_of(speedup(metric, "int4"), evidence(1, 1, 1));
    EXPECT_EQ(r.at("verdict"), "not testable");
    EXPECT_THAT(r.at("reason").get<std::string>(), HasSubstr("no kernel"));
  }
  Json backwards = speedup();
  backwards["claims"][0]["measure"]["plain"] = "fp8";
  backwards["claims"][0]["measure"]["way"] = "f32";
  EXPECT_THAT(verdict_of(backwards, evidence(1, 1, 1)).at("reason").get<std::string>(),
              HasSubstr("not compared"));
}

TEST(Claims, AreJudgedOnEachDevice) {
  Json both = evidence(3, 2.5, 3.5);
  const Json gpu = evidence(1, 0.9, 1.1, "cuda:0");
  both["devices"].push_back(gpu.at("devices").at(0));
  both["pairings"].push_back(gpu.at("pairings").at(0));
  const Json results = judge_claims(speedup(), both);
  ASSERT_EQ(results.size(), 2u);
  EXPECT_EQ(results.at(0).at("verdict"), "holds");
  EXPECT_EQ(results.at(1).at("verdict"), "does not hold");
  EXPECT_EQ(results.at(1).at("device"), "cuda:0");
  // A formula needs no device.
  EXPECT_EQ(judge_claims(claim({{"formula", "2"}}), both).size(), 1u);
}

TEST(Claims, OperatorsAreExact) {
  const auto judged = [](const char* op, const char* formula) {
    return verdict_of(claim({{"operator", op}, {"formula", formula}})).at("verdict");
  };
  for (const auto& [op, below, at, above] : {std::tuple{">=", false, true, true},
                                             {">", false, false, true},
                                             {"<=", true, true, false},
                                             {"<", true, false, false},
                                             {"=", false, true, false}}) {
    EXPECT_EQ(judged(op, "1") == "holds", below) << op;
    EXPECT_EQ(judged(op, "2") == "holds", at) << op;
    EXPECT_EQ(judged(op, "3") == "holds", above) << op;
  }
}

TEST(Claims, ReadingsTakeWhatTheyLackFromTheClaim) {
  const Json r = verdict_of(claim(
      {{"models", {{"v3", "deepseek-ai/DeepSeek-V3"}}},
       {"where", {{"one", 1}, {"two", "one + one"}}},
       {"formula", "two"},
       {"readings", Json::array({{{"what", "more"}, {"formula", "two * v3.num_experts_per_tok"}},
                                 {{"what", "other"}, {"formula", "one"}, {"value", 1}}})}}));
  EXPECT_EQ(r.at("value"), 2);
  EXPECT_EQ(r.at("readings").at(0).at("value"), 16);
  EXPECT_EQ(r.at("readings").at(1).at("verdict"), "holds");
  const std::string text = claims_text(Json::array({r}));
  EXPECT_THAT(text, HasSubstr("holds: c\n  it is so\n  a thing: 2.00 ×\n  also holds for more"));
}

TEST(Claims, ThatAreMalformedAreNamed) {
  EXPECT_THAT(error_of(Json::array()), HasSubstr("no array \"claims\""));
  EXPECT_THAT(error_of({{"claims", {1}}}), HasSubstr("claim 1: lacks the text \"id\""));
  EXPECT_THAT(error_of(claim({{"operater", ">"}})),
              HasSubstr("claim 1 (c): member \"operater\" is not known. Did you mean operator?"));
  EXPECT_THAT(error_of(claim(Json::object())),
              HasSubstr("needs either \"formula\" or \"measure\""));
  EXPECT_THAT(error_of(claim({{"formula", "1 +"}})), HasSubstr("formula '1 +', column 4"));
  EXPECT_THAT(error_of(claim({{"formula", 1}})), HasSubstr("\"formula\" must be a text"));
  EXPECT_THAT(error_of(claim({{"formula", "1"}, {"operator", "=="}})),
              HasSubstr("\"operator\" == is none of"));
  EXPECT_THAT(error_of(claim({{"formula", "1"}, {"unit", "percent"}})),
              HasSubstr("percent is not known"));
  EXPECT_THAT(error_of(claim({{"formula", "1"}, {"value", "2"}})),
              HasSubstr("\"value\" must be a number"));
  EXPECT_THAT(error_of(claim({{"formula", "1"}, {"tolerance", -1}})), HasSubstr("negative"));
  EXPECT_THAT(error_of(claim({{"formula", "1"}, {"says", ""}})),
              HasSubstr("\"says\" must be a text"));
  EXPECT_THAT(error_of(claim({{"formula", "v3.x"}})),
              HasSubstr("v3.x stands neither in \"where\" nor"));
  EXPECT_THAT(error_of(claim({{"formula", "v3.x"}, {"models", {{"v3", "DeepSeek-V3"}}}})),
              HasSubstr("no configuration of 'DeepSeek-V3'; there are "));
  EXPECT_THAT(error_of(claim(
                  {{"formula", "v3.n_experts"}, {"models", {{"v3", "deepseek-ai/DeepSeek-V3"}}}})),
              HasSubstr("has no field 'n_experts'; it has hidden_size"));
  EXPECT_THAT(error_of(claim({{"formula", "a"}, {"where", {{"a", true}}}})),
              HasSubstr("a must be a number or a formula"));
  EXPECT_THAT(error_of(claim({{"measure", {{"pairing", "product-decode"}}}})),
              HasSubstr("\"measure\" lacks the text \"metric\""));
  EXPECT_THAT(error_of(claim({{"measure", {{"metric", "speedup"}, {"pairing", "product"}}}})),
              HasSubstr("product is not known"));
  EXPECT_THAT(error_of(speedup("speedup", "fp4")), HasSubstr("product-decode has no way fp4"));
  EXPECT_THAT(error_of(claim({{"measure", {{"metrik", "speedup"}}}})),
              HasSubstr("member \"metrik\" is not known"));
  EXPECT_THAT(error_of(claim({{"formula", "1"}, {"readings", {{{"formula", "1"}, {"id", "x"}}}}})),
              HasSubstr("claim 1 (c), reading 1: member \"id\" is not known"));
  Json twice = claim({{"formula", "1"}});
  twice["claims"].push_back(twice["claims"][0]);
  EXPECT_THAT(error_of(twice), HasSubstr("claim 2 (c): another claim has this id"));
}

}  // namespace
}  // namespace moat
