// SPDX-License-Identifier: Apache-2.0
#include "bench/cases/suites.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>

#include "bench/cases/configurations.hpp"

namespace moat {
namespace {

using testing::Contains;
using testing::HasSubstr;

std::vector<std::string> names_of(std::string_view suite) {
  std::vector<std::string> names;
  for (const Problem& p : find_suite(suite).cases) names.push_back(case_name(p));
  return names;
}

TEST(Suites, CasesAreUniqueAndRoundTrip) {
  std::set<std::string> suite_names;
  for (const Suite& suite : suites()) {
    EXPECT_TRUE(suite_names.insert(suite.name).second) << suite.name;
    EXPECT_FALSE(suite.description.empty());
    EXPECT_FALSE(suite.source.empty());
    std::set<std::string> cases;
    for (const Problem& p : suite.cases) {
      const std::string name = case_name(p);
      EXPECT_TRUE(cases.insert(name).second) << suite.name << ": " << name;
      EXPECT_EQ(case_name(parse_case(name)), name);
    }
  }
  EXPECT_EQ(suite_names,
            (std::set<std::string>{"quick", "edges", "llama3-8b", "llama3-70b", "qwen2.5-7b",
                                   "deepseek-v3", "kimi-k2", "qwen3-30b-a3b", "qwen3-235b-a22b",
                                   "gpt-oss-120b", "llama-4", "sweep"}));
}

// A suite's cases, which stay below limits of work and memory. Returns their types.
std::set<DType> expect_every_kernel(std::string_view suite, double most_flops, double most_bytes) {
  std::set<std::string_view> kernels_seen;
  std::set<DType> types_seen;
  for (const Problem& p : find_suite(suite).cases) {
    kernels_seen.insert(kernel_name(p));
    types_seen.insert(dtype(p));
    EXPECT_LT(flops(p), most_flops) << case_name(p);
    EXPECT_LT(bytes(p), most_bytes) << case_name(p);
  }
  EXPECT_EQ(kernels_seen.size(), kernels().size());
  return types_seen;
}

TEST(Suites, QuickHasEveryKernelInSeveralTypes) {
  EXPECT_GE(expect_every_kernel("quick", 2e10, 128 << 20).size(), 3u);
}

TEST(Suites, EdgesHaveEveryKernelAndDtypeAndAreSmall) {
  expect_every_kernel("edges", 1e7, 1 << 20);
  std::set<std::pair<std::string_view, DType>> seen;
  for (const Problem& p : find_suite("edges").cases) seen.emplace(kernel_name(p), dtype(p));
  std::size_t of_all = 0;
  for (const Problem& p : kernels()) of_all += describe(p).types.size();
  EXPECT_EQ(seen.size(), of_all);
}

// Shapes counted by hand from the configurations.
TEST(Suites, ModelShapesAreTheModels) {
  for (const char* name :
       {"gemm/bf16/m4096n6144k4096bt", "gemm/bf16/m1n4096k4096bt", "gemm/bf16/m16n28672k4096bt",
        "gemm/bf16/m512n4096k14336bt", "gemm/bf16/m16n128256k4096bt", "softmax/f32/r16c128256",
        "rmsnorm/bf16/r4096c4096", "attention/bf16/b1q4096kv4096h32hkv8d128causal",
        "attention/bf16/b16q1kv4096h32hkv8d128"}) {
    EXPECT_THAT(names_of("llama3-8b"), Contains(name));
  }
  for (const char* name : {"gemm/bf16/m512n10240k8192bt", "gemm/bf16/m512n57344k8192bt",
                           "gemm/bf16/m512n8192k28672bt", "attention/bf16/b1q1kv4096h64hkv8d128"}) {
    EXPECT_THAT(names_of("llama3-70b"), Contains(name));
  }
  for (const char* name :
       {"gemm/bf16/m512n4608k3584bt", "gemm/bf16/m512n37888k3584bt", "gemm/bf16/m512n3584k18944bt",
        "gemm/bf16/m1n152064k3584bt", "rmsnorm/bf16/r16c3584eps1e-06",
        "attention/bf16/b1q512kv512h28hkv4d128causal"}) {
    EXPECT_THAT(names_of("qwen2.5-7b"), Contains(name));
  }
  for (const char* name :
       {"gemm/bf16/m512n1536k7168bt", "gemm/bf16/m512n24576k1536bt", "gemm/bf16/m512n576k7168bt",
        "gemm/bf16/m512n32768k512bt", "gemm/bf16/m512n7168k16384bt", "gemm/bf16/m512n36864k7168bt",
        "gemm/bf16/m512n4096k7168bt", "gemm/bf16/m512n7168k2048bt", "gemm/bf16/m1n129280k7168bt",
        "rmsnorm/bf16/r512c512eps1e-06", "gemm/bf16/m512n256k7168bt", "swiglu/bf16/r128c2048",
        "moerouting/f32/t16e256top8groups8limit4scale2.5", "moepermute/bf16/t16e256top8c7168",
        "groupedgemm/bf16/t16e16top8n4096k7168", "moeunpermute/bf16/t16top8c7168",
        "mla/bf16/b16q1kv4096h128", "mla/bf16xe4m3/b16q1kv4096h128",
        "pagedattention/bf16/b1q512kv512p64h128hkv128d192dv128causal"}) {
    EXPECT_THAT(names_of("deepseek-v3"), Contains(name));
  }
}

TEST(Suites, ShapesOfExpertModelsAreTheModels) {
  // Half of DeepSeek-V3's heads, half as many experts again.
  for (const char* name :
       {"gemm/bf16/m16n12288k1536bt", "scaledgemm/bf16xe4m3/m16n16384k512",
        "gemm/bf16/m16n7168k8192bt", "gemm/bf16/m16n384k7168bt", "gemm/bf16/m16n163840k7168bt"}) {
    EXPECT_THAT(names_of("kimi-k2"), Contains(name));
  }
  // Heads of 128 elements, whatever hidden_size ÷ num_attention_heads is.
  for (const char* name :
       {"gemm/bf16/m1n5120k2048bt", "gemm/bf16/m1n2048k4096bt", "gemm/bf16/m1n128k2048bt",
        "rmsnorm/bf16/r36c128eps1e-06", "swiglu/bf16/r8c768", "rope/bf16/t1h36d128",
        "attention/bf16/b16q1kv4096h32hkv4d128"}) {
    EXPECT_THAT(names_of("qwen3-30b-a3b"), Contains(name));
  }
  for (const char* name : {"gemm/bf16/m1n9216k4096bt", "gemm/bf16/m1n4096k8192bt",
                           "swiglu/bf16/r8c1536", "attention/bf16/b1q1kv4096h64hkv4d128"}) {
    EXPECT_THAT(names_of("qwen3-235b-a22b"), Contains(name));
  }
  for (const char* name : {"gemm/bf16/m1n5120k2880bt", "gemm/bf16/m1n2880k4096bt",
                           "gemm/bf16/m1n201088k2880bt", "swiglu/bf16/r4c2880limit7",
                           "pagedattention/bf16/b1q512kv512p64h64hkv8d64causalsinkswindow128"}) {
    EXPECT_THAT(names_of("gpt-oss-120b"), Contains(name));
  }
  for (const char* name :
       {"gemm/bf16/m1n7168k5120bt", "gemm/bf16/m1n32768k5120bt", "gemm/bf16/m1n16384k5120bt",
        "gemm/bf16/m1n128k5120bt", "gemm/bf16/m1n16k5120bt", "rope/bf16/t1h48d128interleaved",
        "attention/bf16/b1q1kv4096h40hkv8d128"}) {
    EXPECT_THAT(names_of("llama-4"), Contains(name));
  }
}

TEST(Suites, DescriptionsOfModelsNameWhatIsLeftOut) {
  for (const char* name : {"gpt-oss-120b", "llama-4"}) {
    EXPECT_THAT(find_suite(name).description, HasSubstr("Left out: ")) << name;
  }
}

TEST(Configurations, HaveTheirFieldsSourcesAndErrors) {
  const Configuration& v3 = find_configuration("deepseek-ai/DeepSeek-V3");
  EXPECT_EQ(v3.at("n_routed_experts"), 256);
  EXPECT_THAT(v3.source(), HasSubstr("huggingface.co/deepseek-ai/DeepSeek-V3/"));
  EXPECT_THAT(v3.source(), HasSubstr("kv_lora_rank 512, "));
  EXPECT_EQ(find_configuration("meta-llama/Llama-3.1-405B").head_dim(), 128);
  EXPECT_EQ(find_configuration("Qwen/Qwen3-30B-A3B").head_dim(), 128);
  const auto error_of = [](auto&& f) -> std::string {
    try {
      f();
    } catch (const CaseError& e) {
      return e.what();
    }
    return "";
  };
  EXPECT_THAT(error_of([&] { v3.at("n_experts"); }),
              testing::AllOf(HasSubstr("'n_experts'"), HasSubstr("n_routed_experts")));
  EXPECT_THAT(error_of([] { find_configuration("DeepSeek-V3"); }),
              HasSubstr("deepseek-ai/DeepSeek-V3"));
  std::set<std::string_view> ids;
  for (const Configuration& c : configurations()) {
    EXPECT_TRUE(ids.insert(c.id).second) << c.id;
    EXPECT_FALSE(c.copy.empty()) << c.id;
    std::set<std::string_view> fields;
    for (const auto& [field, value] : c.fields) {
      EXPECT_TRUE(fields.insert(field).second) << c.id << ": " << field;
      EXPECT_GT(value, 0) << c.id << ": " << field;
    }
  }
}

TEST(Suites, UnknownNameListsTheSuites) {
  try {
    find_suite("fast");
    FAIL();
  } catch (const CaseError& e) {
    EXPECT_THAT(e.what(), HasSubstr("'fast'"));
    EXPECT_THAT(e.what(), HasSubstr("quick, edges, llama3-8b"));
  }
}

TEST(Matches, SubstringOrGlob) {
  const std::string name = "gemm/bf16/m16n4096k4096bt";
  EXPECT_TRUE(matches(name, ""));
  EXPECT_TRUE(matches(name, "bf16/m16"));
  EXPECT_FALSE(matches(name, "f32"));
  EXPECT_TRUE(matches(name, "gemm/*bt"));
  EXPECT_TRUE(matches(name, "*k4096*"));
  EXPECT_TRUE(matches(name, "gemm/?f16/*"));
  EXPECT_TRUE(matches(name, "*"));
  EXPECT_FALSE(matches(name, "gemm/*/m16"));
  EXPECT_FALSE(matches(name, "?emm"));
  EXPECT_FALSE(matches(name, "*bt?"));
}

}  // namespace
}  // namespace moat
