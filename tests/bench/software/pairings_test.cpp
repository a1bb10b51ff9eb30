// SPDX-License-Identifier: Apache-2.0
#include "bench/software/pairings.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <vector>

#include "bench/cases/case.hpp"
#include "bench/run/usage_error.hpp"
#include "bench/software/kept.hpp"
#include "bench/software/text.hpp"

namespace moat {
namespace {

using testing::HasSubstr;

TEST(Pairings, CanBeReadAndAreNamedOnce) {
  std::set<std::string> names;
  for (const Pairing& p : pairings()) {
    EXPECT_TRUE(names.insert(p.name).second) << p.name;
    EXPECT_FALSE(p.says.empty());
    EXPECT_GE(p.ways.size(), 2u) << p.name;
    std::set<std::string> ways;
    for (const Way& w : p.ways) {
      EXPECT_TRUE(ways.insert(w.name).second) << p.name << ": " << w.name;
      const ReadWay way = read_way(w.text);
      EXPECT_NE(way.problem.has_value(), !way.missing.empty()) << w.text;
    }
  }
}

// Ways to one result have its shape in common.
TEST(Pairings, ProductsHaveOneShape) {
  for (const char* name : {"product-decode", "product-prefill"}) {
    const Pairing& p = find_pairing("", name);
    for (const Way& w : p.ways) {
      EXPECT_EQ(flops(*read_way(w.text).problem), flops(*read_way(p.ways[0].text).problem))
          << w.text;
    }
  }
}

TEST(Pairings, KernelsThatAreNotThereAreNamed) {
  EXPECT_EQ(read_way("nokernel/bf16/m1").missing, "no kernel nokernel in this build");
  EXPECT_THAT(pairings_text(pairings()), HasSubstr("product-decode: one token"));
}

TEST(Pairings, ErrorsNameWhatIsWrong) {
  const auto error_of = [](std::string_view text) -> std::string {
    try {
      read_way(text);
    } catch (const CaseError& e) {
      return e.what();
    }
    return "";
  };
  EXPECT_THAT(error_of("fused:gemm/f32/m1n1k1"),
              HasSubstr("no chain 'fused'; there are unfused, materialised, indexed, quantising"));
  EXPECT_THAT(error_of("gemm/f32/m1n1"), HasSubstr("'k' is missing"));
  EXPECT_THAT(error_of("gemm"), HasSubstr("a case has three parts"));
  EXPECT_THAT(error_of(""), HasSubstr("there is no kernel ''"));
  try {
    find_pairing("--pairing", "product-decod");
    FAIL();
  } catch (const UsageError& e) {
    EXPECT_THAT(e.what(), HasSubstr("--pairing: product-decod is not known. Did you mean product-"
                                    "decode?"));
  }
}

TEST(KeptBytes, AreWeightsWithTheirScalesAndCaches) {
  const auto kept = [](const char* name) { return kept_bytes(parse_case(name)); };
  EXPECT_EQ(kept("gemm/f32/m1n64k128bt"), 4 * 64 * 128);
  EXPECT_EQ(kept("scaledgemm/bf16xe4m3/m1n256k256"), 256 * 256 + 4 * 4);
  EXPECT_EQ(kept("weightonly/bf16xint4/m1n64k128"), 64 * 128 / 2 + 64 * 4 * 2);
  EXPECT_EQ(kept("attention/bf16/b1q1kv100h8hkv2d64"), 2 * 2 * 100 * 2 * 64);
  EXPECT_EQ(kept("addrmsnorm/bf16/r1c8"), 0);
  EXPECT_EQ(kept("groupedgemm/bf16/t16e32top2n64k128"), 32 * 64 * 128 * 2) << "of all experts";
  EXPECT_EQ(kept("mla/bf16/b2q1kv100h16"), 2 * 100 * 576 * 2) << "without spare pages";
  EXPECT_EQ(kept("sparsemla/bf16/b2q1kv100h16top7"), 2 * 100 * 576 * 2) << "listed or not";
  EXPECT_EQ(kept("indexer/bf16/b2q1kv100h64"), 2 * 100 * 128 * 2);
}

// A token of DeepSeek-V2's attention: 64 heads' keys and values, those of 8, or one latent vector.
TEST(KeptBytes, OfATokenAreWhatItsHeadsHold) {
  std::vector<double> per_token;
  for (const Way& w : find_pairing("", "attention-decode").ways) {
    const Problem problem = *read_way(w.text).problem;
    EXPECT_EQ(cached_tokens(problem), 2048) << w.text;
    per_token.push_back(kept_bytes(problem) / cached_tokens(problem));
  }
  ASSERT_GE(per_token.size(), 3u);
  EXPECT_EQ(per_token[0], 64 * 2 * 128 * 2);
  EXPECT_EQ(per_token[1], 8 * 2 * 128 * 2);
  EXPECT_EQ(per_token[2], (512 + 64) * 2);
}

// Whoever adds a product or a cache says what of it is kept.
TEST(KeptBytes, AreKnownOfEveryProduct) {
  for (const Problem& kernel : kernels()) {
    if (work(kernel) == Work::elements) continue;
    EXPECT_GT(kept_bytes(kernel), 0) << describe(kernel).kernel;
  }
}

}  // namespace
}  // namespace moat
