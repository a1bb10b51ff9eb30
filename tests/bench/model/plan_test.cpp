// SPDX-License-Identifier: Apache-2.0
#include "bench/model/plan.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <numeric>
#include <string>

#include "bench/cases/case.hpp"
#include "bench/model/memory.hpp"
#include "tests/support/temporary_folder.hpp"

namespace moat {
namespace {

using testing::HasSubstr;

// Times that a step has an operation, whatever its case.
double count_of(const ModelStep& step, const std::string& what) {
  double count = 0;
  for (const ModelOperation& o : step.operations) count += o.what == what ? o.count : 0;
  return count;
}

double weights_of(const ModelPlan& plan) {
  double bytes = 0;
  for (const ModelMemoryRecord& m : plan.memory) {
    if (!m.what.starts_with("cache") && m.what != "largest result") bytes += m.bytes;
  }
  return bytes;
}

double bytes_of(const ModelPlan& plan, const std::string& what) {
  double bytes = 0;
  for (const ModelMemoryRecord& m : plan.memory) bytes += m.what == what ? m.bytes : 0;
  return bytes;
}

std::string error_of(const ModelQuery& query) {
  try {
    plan_model(query);
  } catch (const CaseError& e) {
    return e.what();
  }
  return "";
}

TEST(ModelPlan, ATokensProductsAreTheModelsMatrices) {
  const ModelPlan plan = plan_model({.model = "llama3-8b", .context = 8192, .prefill = 0});
  ASSERT_EQ(plan.steps.size(), 1u);
  double products = 0;
  for (const ModelOperation& o : plan.steps[0].operations) {
    if (o.problem && std::holds_alternative<GemmProblem>(*o.problem)) products += o.count * o.flops;
  }
  // qkv 6144 × 4096, o 4096 × 4096, gate and up 28672 × 4096, down 4096 × 14336 in 32 layers, and
  // the head's 128256 × 4096; a multiplication and an addition each.
  const double layer = 4096.0 * (6144 + 4096 + 28672 + 14336);
  EXPECT_DOUBLE_EQ(products, 2 * (32 * layer + 128256.0 * 4096));
  for (const ModelOperation& o : plan.steps[0].operations) {
    EXPECT_EQ(o.in_layers, o.count > 1) << o.what;
  }
  EXPECT_EQ(count_of(plan.steps[0], "residual addition and norm"), 64);
  EXPECT_EQ(count_of(plan.steps[0], "attention"), 32);
  EXPECT_EQ(count_of(plan.steps[0], "sampling"), 1);
}

TEST(ModelPlan, MemoryFollowsFromTheConfiguration) {
  const ModelPlan plan = plan_model({.model = "llama3-8b", .batch = 2, .context = 8192});
  EXPECT_DOUBLE_EQ(weights_of(plan), 2.0 * 8030261248);
  // 32 layers, keys and values of 8 heads of 128 elements, 2 bytes: 1 GiB for each sequence.
  EXPECT_DOUBLE_EQ(bytes_of(plan, "cache of keys and values"), 2.0 * (1 << 30));
  // Gate and up of 512 tokens: 512 × 28672 elements of 2 bytes.
  EXPECT_DOUBLE_EQ(bytes_of(plan, "largest result"), 512.0 * 28672 * 2);
  const ModelPlan half = plan_model({.model = "llama3-8b", .context = 8192, .tp = 2});
  EXPECT_DOUBLE_EQ(bytes_of(half, "cache of keys and values"), 1 << 29);
}

// Layers of every kind are counted: numbers of parameters as the models' cards have them.
TEST(ModelPlan, ParametersAreThoseOfTheModels) {
  const std::map<std::string, double> parameters = {
      {"llama3-70b", 70.6e9},    {"qwen2.5-7b", 7.61e9},     {"deepseek-v3", 671e9},
      {"qwen3-30b-a3b", 30.5e9}, {"qwen3-235b-a22b", 235e9}, {"gpt-oss-120b", 116.8e9},
      {"llama-4", 400e9}};
  for (const auto& [model, expected] : parameters) {
    const ModelPlan plan = plan_model({.model = model, .weights = WeightFormat::bf16});
    EXPECT_NEAR(weights_of(plan) / 2, expected, 0.004 * expected) << model;
  }
}

TEST(ModelPlan, WeightsTakeWhatTheirFormatTakes) {
  const auto weights = [](WeightFormat format) {
    return bytes_of(plan_model({.model = "llama3-8b", .weights = format}), "feed-forward");
  };
  const double numbers = 32.0 * 3 * 14336 * 4096;
  EXPECT_DOUBLE_EQ(weights(WeightFormat::bf16), 2 * numbers);
  EXPECT_DOUBLE_EQ(weights(WeightFormat::int4), (0.5 + 2.0 / 32) * numbers);
  EXPECT_DOUBLE_EQ(weights(WeightFormat::int8), (1 + 2.0 / 128) * numbers);
  EXPECT_DOUBLE_EQ(weights(WeightFormat::fp8), (1 + 4.0 / (128 * 128)) * numbers);
  // Of gpt-oss the experts alone are in mxfp4.
  const ModelPlan plan = plan_model({.model = "gpt-oss-120b"});
  EXPECT_DOUBLE_EQ(bytes_of(plan, "experts"), 36.0 * 128 * 3 * 2880 * 2880 * (0.5 + 1.0 / 32));
}

TEST(ModelPlan, KindsOfLayersOccurAsOftenAsTheModelHasThem) {
  const ModelPlan deepseek = plan_model({.model = "deepseek-v3", .prefill = 0});
  EXPECT_EQ(count_of(deepseek.steps[0], "gate and up projection"), 3);
  EXPECT_EQ(count_of(deepseek.steps[0], "shared expert: gate and up projection"), 58);
  EXPECT_EQ(count_of(deepseek.steps[0], "experts: down projection"), 58);
  EXPECT_EQ(count_of(deepseek.steps[0], "latent attention"), 61);
  const ModelPlan oss = plan_model({.model = "gpt-oss-120b", .context = 8192, .prefill = 0});
  EXPECT_EQ(count_of(oss.steps[0], "attention"), 18);
  EXPECT_EQ(count_of(oss.steps[0], "attention, window of 128 keys"), 18);
  EXPECT_DOUBLE_EQ(bytes_of(oss, "cache of keys and values"), 18.0 * (8192 + 128) * 2 * 8 * 64 * 2);
  const ModelPlan llama = plan_model({.model = "llama-4", .prefill = 0});
  EXPECT_EQ(count_of(llama.steps[0], "gate and up projection"), 24);
  EXPECT_EQ(count_of(llama.steps[0], "shared expert: gate and up projection"), 24);
}

TEST(ModelPlan, QuantisedWeightsReplaceTheOthers) {
  for (const auto& [format, kernel] :
       {std::pair(WeightFormat::int4, "weightonly"), std::pair(WeightFormat::fp8, "scaledgemm")}) {
    const ModelPlan plan = plan_model({.model = "llama3-8b", .weights = format});
    for (const ModelOperation& o : plan.steps[0].operations) {
      if (!o.problem || !o.what.ends_with("projection")) continue;
      EXPECT_THAT(case_name(*o.problem), HasSubstr(kernel)) << o.what;
    }
  }
}

// A step's experts read as many weights as tokens meet, and no more are measured than 1 GiB holds.
TEST(ModelPlan, WeightsOfExpertsThatAreNotMeasuredAreNotCovered) {
  const ModelPlan one = plan_model({.model = "deepseek-v3", .prefill = 0});
  const ModelPlan many = plan_model({.model = "deepseek-v3", .batch = 64, .prefill = 0});
  const std::string further = "experts: down projection, weights of further experts";
  EXPECT_EQ(count_of(one.steps[0], further), 0);
  EXPECT_EQ(count_of(many.steps[0], further), 58);
}

TEST(ModelPlan, WhatHasNoKernelIsThereWithItsWork) {
  TemporaryFolder folder;
  const std::filesystem::path file = folder.path() / "config.json";
  const std::string config =
      R"({"model_type":"gemma2","hidden_act":"gelu_pytorch_tanh","hidden_size":256,)"
      R"("intermediate_size":512,"num_hidden_layers":4,"num_attention_heads":4,)"
      R"("num_key_value_heads":2,"head_dim":64,"vocab_size":1000,"rms_norm_eps":1e-6,)"
      R"("tie_word_embeddings":true,"sliding_window":100)";
  std::ofstream(file) << config << "}";
  EXPECT_THAT(error_of({.model = file.string()}), HasSubstr("layer_types is missing"));
  std::ofstream(file) << config
                      << R"(,"layer_types":["sliding_attention","full_attention",)"
                         R"("sliding_attention","sliding_attention"]})";
  const ModelPlan plan = plan_model({.model = file.string(), .context = 300, .prefill = 0});
  EXPECT_EQ(count_of(plan.steps[0], "attention, window of 100 keys"), 3);
  EXPECT_EQ(count_of(plan.steps[0], "attention"), 1);
  EXPECT_EQ(bytes_of(plan, "output head"), 0);
  bool seen = false;
  for (const ModelOperation& o : plan.steps[0].operations) {
    if (o.what != "activation") continue;
    seen = true;
    EXPECT_FALSE(o.problem);
    EXPECT_EQ(o.count, 4);
    EXPECT_EQ(o.bytes, 3 * 2 * 512);
    EXPECT_EQ(o.why, "the activation has no kernel");
  }
  EXPECT_TRUE(seen);
}

TEST(ModelPlan, RefusesWhatItCannotCount) {
  EXPECT_THAT(error_of({.model = "lama3-8b"}), HasSubstr("llama3-8b"));
  TemporaryFolder folder;
  const std::filesystem::path file = folder.path() / "config.json";
  std::ofstream(file) << R"({"model_type":"llama","hidden_size":256,"intermediate_size":512,)"
                         R"("num_attention_heads":4,"vocab_size":1000,"rms_norm_eps":1e-6})";
  EXPECT_THAT(error_of({.model = file.string()}), HasSubstr("num_hidden_layers is missing"));
}

TEST(ModelPlan, TheExampleIsTheBuiltInModel) {
  const ModelPlan own = plan_model({.model = MOAT_EXAMPLES "/models/llama-3.1-8b.json"});
  const ModelPlan built_in = plan_model({.model = "meta-llama/Llama-3.1-8B"});
  EXPECT_EQ(total_bytes(own.memory), total_bytes(built_in.memory));
  EXPECT_EQ(problems_of(own).size(), problems_of(built_in).size());
}

}  // namespace
}  // namespace moat
