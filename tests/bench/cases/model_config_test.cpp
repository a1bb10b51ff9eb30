// SPDX-License-Identifier: Apache-2.0
#include "bench/cases/model_config.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bench/cases/case.hpp"
#include "bench/cases/model_fields.hpp"
#include "tests/support/temporary_folder.hpp"

namespace moat {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::HasSubstr;
using testing::IsSupersetOf;
using testing::Not;

std::vector<std::string> names_of(const std::vector<Problem>& problems) {
  std::vector<std::string> names;
  for (const Problem& p : problems) names.push_back(case_name(p));
  return names;
}

// A config.json of a model whose suite is built in: its fields, and what such files have besides.
Json config_of(std::string_view id) {
  const Configuration& c = find_configuration(id);
  Json json{{"architectures", {"SomeForCausalLM"}},
            {"torch_dtype", "bfloat16"},
            {"rope_scaling", nullptr},
            {"hidden_act", "silu"},
            {"model_type", c.model_type}};
  for (const auto& [name, value] : c.fields) {
    if (value == static_cast<std::int64_t>(value)) {
      json[name] = static_cast<std::int64_t>(value);
    } else {
      json[name] = value;
    }
  }
  if (c.quantisation == "fp8") {
    json["quantization_config"] = {{"quant_method", "fp8"}, {"weight_block_size", {128, 128}}};
  } else if (!c.quantisation.empty()) {
    json["quantization_config"] = {{"quant_method", c.quantisation}};
  }
  return json;
}

class ModelConfig : public testing::Test {
 protected:
  ModelSuite suite_of(const Json& json, const ModelUse& use = {}, int tp = 1,
                      std::optional<WeightFormat> weights = {}) const {
    return suite_of_text(json.dump(), use, tp, weights);
  }

  ModelSuite suite_of_text(const std::string& text, const ModelUse& use = {}, int tp = 1,
                           std::optional<WeightFormat> weights = {}) const {
    std::ofstream(file_) << text;
    return suite_of_model(file_, use, tp, weights);
  }

  std::string error_of(const std::string& text, int tp = 1) const {
    try {
      suite_of_text(text, {}, tp);
    } catch (const CaseError& e) {
      return e.what();
    }
    return "";
  }

  std::string left_out(const Json& json) const {
    std::string all;
    for (const std::string& text : suite_of(json).left_out) all += text + "\n";
    return all;
  }

  TemporaryFolder temporary_;
  std::filesystem::path file_ = temporary_.path() / "config.json";
};

TEST_F(ModelConfig, OfABuiltInModelGivesItsSuite) {
  for (const auto& [suite, id] :
       std::vector<std::pair<const char*, const char*>>{{"llama3-8b", "meta-llama/Llama-3.1-8B"},
                                                        {"llama3-70b", "meta-llama/Llama-3.1-70B"},
                                                        {"qwen2.5-7b", "Qwen/Qwen2.5-7B"},
                                                        {"deepseek-v3", "deepseek-ai/DeepSeek-V3"},
                                                        {"kimi-k2", "moonshotai/Kimi-K2-Instruct"},
                                                        {"qwen3-30b-a3b", "Qwen/Qwen3-30B-A3B"},
                                                        {"qwen3-235b-a22b", "Qwen/Qwen3-235B-A22B"},
                                                        {"gpt-oss-120b", "openai/gpt-oss-120b"}}) {
    EXPECT_EQ(names_of(suite_of(config_of(id)).suite.cases), names_of(find_suite(suite).cases))
        << suite;
  }
  // The suite is of two models.
  const Json maverick = config_of("meta-llama/Llama-4-Maverick-17B-128E-Instruct");
  EXPECT_THAT(names_of(find_suite("llama-4").cases),
              IsSupersetOf(names_of(suite_of(maverick).suite.cases)));
}

// The fields of Qwen3 that its layers have no part of, as its own config.json has them.
TEST_F(ModelConfig, FieldsThatSayNothingOfTheLayersArePassedOver) {
  Json json = config_of("Qwen/Qwen3-30B-A3B");
  json["intermediate_size"] = 6144;
  json["mlp_only_layers"] = Json::array();
  json["decoder_sparse_step"] = 1;
  json["sliding_window"] = nullptr;
  json["use_sliding_window"] = false;
  json["norm_topk_prob"] = true;
  json["attention_bias"] = false;
  EXPECT_EQ(names_of(suite_of(json).suite.cases), names_of(find_suite("qwen3-30b-a3b").cases));
  EXPECT_EQ(left_out(json), "");
}

TEST_F(ModelConfig, TheExampleAndItsFolderAreTheSuite) {
  const auto expected = names_of(find_suite("llama3-8b").cases);
  const std::filesystem::path example = MOAT_EXAMPLES "/models/llama-3.1-8b.json";
  EXPECT_EQ(names_of(suite_of_model(example, {}, 1, {}).suite.cases), expected);
  std::filesystem::copy(example, file_);
  EXPECT_EQ(names_of(suite_of_model(temporary_.path(), {}, 1, {}).suite.cases), expected);
}

TEST_F(ModelConfig, TensorParallelismDividesHeadsAndColumns) {
  const ModelUse use = use_of({16, 512}, {1000, 2000});
  const auto llama = names_of(suite_of(config_of("meta-llama/Llama-3.1-8B"), use, 4).suite.cases);
  for (const char* name :
       {"gemm/bf16/m16n1536k4096bt", "gemm/bf16/m16n4096k1024bt", "gemm/bf16/m16n7168k4096bt",
        "gemm/bf16/m16n4096k3584bt", "swiglu/bf16/r16c3584", "rope/bf16/t16h10d128",
        "attention/bf16/b16q1kv1000h8hkv2d128", "attention/bf16/b16q1kv2000h8hkv2d128",
        "attention/bf16/b1q512kv512h8hkv2d128causal", "gemm/bf16/m16n32064k4096bt",
        "gather/bf16/v32064t16d4096", "rmsnorm/bf16/r16c4096", "softmax/f32/r16c128256"}) {
    EXPECT_THAT(llama, Contains(name));
  }
  EXPECT_THAT(llama, Not(Contains(HasSubstr("kv4096"))));
  EXPECT_THAT(llama, Not(Contains(HasSubstr("softmax/f32/r512"))));
  // Of 8 heads of keys 16 devices have one each, twice.
  EXPECT_THAT(names_of(suite_of(config_of("meta-llama/Llama-3.1-8B"), use, 16).suite.cases),
              Contains("attention/bf16/b16q1kv1000h2hkv1d128"));
  const auto v3 = names_of(suite_of(config_of("deepseek-ai/DeepSeek-V3"), use, 8).suite.cases);
  for (const char* name :
       {"gemm/bf16/m16n1536k7168bt", "scaledgemm/bf16xe4m3/m16n3072k1536",
        "scaledgemm/bf16xe4m3/m16n4096k512", "gemm/bf16/m16n7168k2048bt", "mla/bf16/b16q1kv1000h16",
        "gemm/bf16/m16n256k7168bt", "swiglu/bf16/r128c256", "groupedgemm/bf16/t16e128top8n512k7168",
        "quantise/bf16xe4m3/r16c2048",
        "pagedattention/bf16/b1q512kv512p64h16hkv16d192dv128causal"}) {
    EXPECT_THAT(v3, Contains(name));
  }
}

TEST_F(ModelConfig, WhatDoesNotDivideIsNamed) {
  Json json = config_of("meta-llama/Llama-3.1-8B");
  json["num_attention_heads"] = 33;
  json["num_key_value_heads"] = 33;
  json["head_dim"] = 128;
  EXPECT_THAT(error_of(json.dump(), 4),
              HasSubstr("config.json: num_attention_heads: 33 heads do not divide among --tp 4"));
  json = config_of("meta-llama/Llama-3.1-8B");
  json["num_key_value_heads"] = 16;
  EXPECT_EQ(error_of(json.dump(), 16), "");
  json["num_attention_heads"] = 48;
  json["head_dim"] = 64;
  EXPECT_THAT(error_of(json.dump(), 24), HasSubstr("num_key_value_heads: 16 heads of keys do not"));
  json = config_of("Qwen/Qwen3-30B-A3B");
  json["moe_intermediate_size"] = 766;
  EXPECT_THAT(error_of(json.dump(), 4), HasSubstr("moe_intermediate_size: 766 columns do not"));
}

TEST_F(ModelConfig, WeightsAreStoredAsAskedOrAsTheFileSays) {
  const ModelUse use = use_of({16}, {});
  const Json llama = config_of("meta-llama/Llama-3.1-8B");
  const auto with = [&](const Json& quantised) {
    Json json = llama;
    json["quantization_config"] = quantised;
    return names_of(suite_of(json, use).suite.cases);
  };
  const auto asked = [&](WeightFormat format) {
    return names_of(suite_of(llama, use, 1, format).suite.cases);
  };
  const std::string awq = "weightonly/bf16xint4/m16n6144k4096";
  EXPECT_THAT(asked(WeightFormat::int4), AllOf(Contains(awq), Contains(HasSubstr("gemm/bf16/"))));
  EXPECT_THAT(asked(WeightFormat::int8), Contains("weightonly/bf16xint8/m16n6144k4096"));
  EXPECT_THAT(asked(WeightFormat::mxfp4), Contains("weightonly/bf16xmxfp4/m16n6144k4096"));
  EXPECT_THAT(asked(WeightFormat::fp8), AllOf(Contains("scaledgemm/bf16xe4m3/m16n6144k4096"),
                                              Contains("quantise/bf16xe4m3/r16c14336"),
                                              Contains("addrmsnormquant/bf16xe4m3/r16c4096")));
  // The output head is not quantised.
  EXPECT_THAT(asked(WeightFormat::int4), Not(Contains("weightonly/bf16xint4/m16n128256k4096")));
  EXPECT_EQ(with({{"quant_method", "awq"}, {"bits", 4}, {"group_size", 128}}),
            asked(WeightFormat::int4));
  EXPECT_EQ(with({{"quant_method", "gptq"}, {"bits", 8}, {"group_size", 128}}),
            asked(WeightFormat::int8));
  const Json group = {{"weights", {{"num_bits", 4}, {"type", "int"}, {"group_size", 32}}}};
  EXPECT_EQ(with({{"quant_method", "compressed-tensors"}, {"config_groups", {{"group_0", group}}}}),
            asked(WeightFormat::int4));
  EXPECT_EQ(with({{"quant_method", "fp8"}}), asked(WeightFormat::fp8));
  EXPECT_EQ(with({{"quant_method", "bitsandbytes"}, {"load_in_4bit", true}}),
            asked(WeightFormat::bf16));
  EXPECT_THAT(asked(WeightFormat::bf16), Not(Contains(HasSubstr("bf16x"))));
  Json json = llama;
  json["quantization_config"] = {{"quant_method", "bitsandbytes"}};
  EXPECT_THAT(left_out(json), HasSubstr("weights in bitsandbytes: products are measured in bf16"));
  json["quantization_config"] = {{"quant_method", "awq"}, {"bits", 4}, {"group_size", 128}};
  EXPECT_THAT(left_out(json), HasSubstr("products in int4 have one for each 32 of them"));
}

TEST_F(ModelConfig, FollowsTheTextModelOfSeveralModalities) {
  const Json text = config_of("meta-llama/Llama-3.1-8B");
  for (const char* name : {"text_config", "llm_config"}) {
    const Json json{{"model_type", "some_vl"},
                    {"hidden_size", 77},
                    {name, text},
                    {"vision_config", {{"hidden_size", 1408}}}};
    EXPECT_EQ(names_of(suite_of(json).suite.cases), names_of(find_suite("llama3-8b").cases));
    EXPECT_EQ(left_out(json), "the layers of vision_config\n");
    Json bad = json;
    bad[name]["hidden_size"] = "x";
    EXPECT_THAT(error_of(bad.dump()),
                HasSubstr("config.json: " + std::string(name) + ": hidden_size: \"x\""));
  }
  Json omni{{"thinker_config", {{"text_config", text}, {"audio_config", Json::object()}}}};
  EXPECT_EQ(names_of(suite_of(omni).suite.cases), names_of(find_suite("llama3-8b").cases));
  EXPECT_THAT(left_out(omni), HasSubstr("audio_config"));
}

TEST_F(ModelConfig, WindowsAndWideHeadsArePaged) {
  const ModelUse use = use_of({4}, {2000});
  Json json = config_of("meta-llama/Llama-3.1-8B");
  json["sliding_window"] = 512;
  const std::string windowed = "pagedattention/bf16/b4q1kv2000p64h32hkv8d128window512";
  const std::string whole = "attention/bf16/b4q1kv2000h32hkv8d128";
  EXPECT_THAT(names_of(suite_of(json, use).suite.cases),
              AllOf(Contains(windowed), Not(Contains(whole))));
  json["layer_types"] = {"full_attention", "sliding_attention"};
  EXPECT_THAT(names_of(suite_of(json, use).suite.cases),
              AllOf(Contains(windowed), Contains(whole)));
  json["layer_types"] = {"full_attention", "full_attention"};
  EXPECT_THAT(names_of(suite_of(json, use).suite.cases),
              AllOf(Not(Contains(windowed)), Contains(whole)));
  json = config_of("meta-llama/Llama-3.1-8B");
  json["head_dim"] = 256;
  EXPECT_THAT(names_of(suite_of(json, use).suite.cases),
              Contains("pagedattention/bf16/b4q1kv2000p64h32hkv8d256"));
  json["head_dim"] = 80;
  EXPECT_THAT(left_out(json), HasSubstr("attention: d=80 are not head dimensions"));
}

TEST_F(ModelConfig, WhatNoCaseStandsForIsNamed) {
  Json json = config_of("meta-llama/Llama-3.1-8B");
  json["model_type"] = "zamba9";
  json["mamba_d_state"] = 64;
  json["layer_types"] = {"mamba", "full_attention"};
  EXPECT_THAT(
      left_out(json),
      AllOf(HasSubstr("model_type 'zamba9'"), HasSubstr("known: llama, "),
            HasSubstr("mamba_d_state, layer_types mamba), for which there are no kernels")));
  json = config_of("meta-llama/Llama-3.1-8B");
  json["num_heads_per_layer"] = std::vector<int>(32, 8);
  EXPECT_EQ(left_out(json), "");
  json["num_heads_per_layer"][3] = 4;
  EXPECT_THAT(left_out(json), HasSubstr("layers that differ in num_heads_per_layer"));
  json = config_of("meta-llama/Llama-3.1-8B");
  json["hidden_act"] = "gelu_pytorch_tanh";
  EXPECT_THAT(left_out(json), HasSubstr("hidden_act gelu_pytorch_tanh, for which"));
  EXPECT_THAT(names_of(suite_of(json).suite.cases),
              AllOf(Contains("gemm/bf16/m1n28672k4096bt"), Not(Contains(HasSubstr("swiglu")))));
  json["hidden_act"] = "relu2";
  EXPECT_THAT(names_of(suite_of(json).suite.cases), Contains("gemm/bf16/m1n14336k4096bt"));
  json = config_of("deepseek-ai/DeepSeek-V3");
  json["num_nextn_predict_layers"] = 1;
  json["index_topk"] = 2048;
  json["scoring_func"] = "softmax";
  EXPECT_THAT(left_out(json),
              AllOf(HasSubstr("predict further tokens"), HasSubstr("sparse attention"),
                    HasSubstr("the choice of experts"), HasSubstr("experts' products")));
  EXPECT_THAT(names_of(suite_of(json).suite.cases), Not(Contains(HasSubstr("moerouting"))));
  json = config_of("meta-llama/Llama-3.1-8B");
  json.erase("rms_norm_eps");
  json["layer_norm_eps"] = 1e-5;
  EXPECT_THAT(left_out(json), HasSubstr("LayerNorm (layer_norm_eps)"));
  EXPECT_THAT(names_of(suite_of(json).suite.cases), Not(Contains(HasSubstr("rmsnorm"))));
}

// Named as a case that asks for it; what the options ask for is not left out.
TEST_F(ModelConfig, WhatTheUsualCasesLeaveOutIsNamedWithWhatAsksForIt) {
  const Json deepseek = config_of("deepseek-ai/DeepSeek-V3");
  EXPECT_THAT(left_out(deepseek),
              AllOf(HasSubstr("products of all 256 experts at once, whose weights are beyond 1 GiB "
                              "(16 are within): --case groupedgemm/bf16/t1e256top8n4096k7168 asks"),
                    HasSubstr("--case groupedgemm/bf16/t1e256top8n7168k2048 asks"),
                    HasSubstr("a prompt of 4096 tokens over a paged cache, which takes long: "
                              "--tokens 1,16,512,4096 asks for it")));
  const ModelSuite asked = suite_of(deepseek, use_of({1, 16, 512, 4096}, {}));
  EXPECT_THAT(asked.left_out, Not(Contains(HasSubstr("--tokens"))));
  EXPECT_THAT(names_of(asked.suite.cases), Contains(HasSubstr("pagedattention/bf16/b1q4096")));
  EXPECT_THAT(left_out(config_of("openai/gpt-oss-120b")),
              AllOf(HasSubstr("products of all 128 experts"), HasSubstr("a prompt of 4096")));
  EXPECT_EQ(left_out(config_of("meta-llama/Llama-3.1-8B")), "");
}

TEST_F(ModelConfig, ErrorsNameTheFileTheFieldAndWhatItMeans) {
  const Json llama = config_of("meta-llama/Llama-3.1-8B");
  const auto with = [&](const char* field, const Json& value) {
    Json json = llama;
    json[field] = value;
    return json.dump();
  };
  const std::vector<std::pair<std::string, std::string>> faults{
      {"", "not JSON"},
      {"{", "not JSON"},
      {"[1]", "a config.json is a JSON object, not [1]"},
      {R"({"hidden_size": 1, "hidden_size": 2})", "the name stands twice"},
      {R"({"hidden_size": 1000000000000000000000000000000})", "/hidden_size"},
      {"{}", "hidden_size is missing: elements of a token between layers"},
      {with("hidden_size", -4096), "hidden_size: -4096 is not a whole number from 1 to"},
      {with("hidden_size", 1e30), "hidden_size: 1e+30 is not a whole number"},
      {with("hidden_size", 4096.5), "hidden_size: 4096.5 is not a whole number"},
      {with("hidden_size", "4096"), "hidden_size: \"4096\" is not a whole number"},
      {with("hidden_size", {4096}), "hidden_size: [4096] is not a whole number"},
      {with("hidden_size", true), "hidden_size: true is not a whole number"},
      {with("hidden_size", 0), "hidden_size: 0 is not a whole number from 1"},
      {with("hidden_size", 4095), "head_dim is missing, and hidden_size 4095 does not divide"},
      {with("vocab_size", nullptr), "vocab_size is missing: rows of the embedding"},
      {with("num_attention_heads", nullptr), "num_attention_heads is missing: heads of queries"},
      {R"({"hidden_size": 9, "vocab_size": 9, "layer_norm_epsilon": 1, "ssm_cfg": 1})",
       "num_attention_heads is missing: heads of queries; the model has layers other than"},
      {with("num_key_value_heads", 5), "32 heads are no multiple of num_key_value_heads 5"},
      {with("intermediate_size", nullptr), "intermediate_size is missing: columns of"},
      {with("rms_norm_eps", nullptr), "rms_norm_eps is missing"},
      {with("rms_norm_eps", 2), "rms_norm_eps: 2 is not a number from"},
      {with("hidden_act", 3), "hidden_act: 3 is no string"},
      {with("attention_bias", 3), "attention_bias: 3 is neither true nor false"},
      {with("is_encoder_decoder", true), "is_encoder_decoder: there are no cases"},
      {with("kv_lora_rank", 512), "qk_nope_head_dim is missing: elements of a key's head"},
      {with("num_experts", 8), "num_experts_per_tok is missing: experts that a token goes to"},
      {with("quantization_config", "fp8"), "quantization_config: \"fp8\" is no object"},
  };
  for (const auto& [text, part] : faults) {
    EXPECT_THAT(error_of(text), AllOf(HasSubstr(file_.string()), HasSubstr(part))) << text;
  }
  Json v3 = config_of("deepseek-ai/DeepSeek-V3");
  v3["n_group"] = 7;
  EXPECT_THAT(error_of(v3.dump()), HasSubstr("256 experts do not fall into 7 groups"));
  v3["num_experts_per_tok"] = 300;
  EXPECT_THAT(error_of(v3.dump()), HasSubstr("a token goes to 300 of n_routed_experts 256"));
  EXPECT_THROW(suite_of_model("/no/such/file.json", {}, 1, {}), CaseError);
}

// The largest of every field, one at a time and all at once, neither crash nor leave 32 bits.
TEST_F(ModelConfig, AbsurdSizesAreErrorsOrCases) {
  for (const char* id : {"meta-llama/Llama-3.1-8B", "deepseek-ai/DeepSeek-V3", "Qwen/Qwen3-30B-A3B",
                         "openai/gpt-oss-120b"}) {
    Json all = config_of(id);
    for (const ModelField& field : model_fields()) {
      if (!all.contains(std::string(field.name))) continue;
      for (const double value : {field.least, field.most}) {
        Json json = config_of(id);
        json[std::string(field.name)] =
            field.whole ? Json(static_cast<std::int64_t>(value)) : Json(value);
        if (value == field.most) all[std::string(field.name)] = json[std::string(field.name)];
        try {
          for (const std::string& name : names_of(suite_of(json).suite.cases)) {
            EXPECT_EQ(case_name(read_case(name)), name) << field.name;
          }
        } catch (const CaseError& e) {
          EXPECT_THAT(e.what(), HasSubstr("config.json")) << field.name;
        }
      }
    }
    try {
      suite_of(all, use_of({1 << 16}, {1 << 24}));
    } catch (const CaseError& e) {
      EXPECT_THAT(e.what(), HasSubstr("config.json"));
    }
  }
}

}  // namespace
}  // namespace moat
