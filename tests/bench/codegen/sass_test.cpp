// SPDX-License-Identifier: Apache-2.0
// Loops of our own kernels as nvdisasm 12.4 printed what nvcc 13.0 made of them. Left out are
// instructions that are not looked at.
#include "bench/codegen/sass.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <string>

#include "bench/codegen/gate.hpp"

namespace moat::codegen {
namespace {

// The one kernel of a text, as sm_90a's attention.
EntryReport kernel_of(const std::string& text) {
  const auto entries = read_sass(text);
  EXPECT_EQ(entries.size(), 1U);
  EntryReport e;
  e.entry = entries.begin()->first;
  e.name = *parse_entry(e.entry);
  e.backend = "cuda";
  e.family = e.architecture = "sm_90a";
  e.threads = 384;
  e.exponentials = entries.begin()->second;
  return e;
}

EntryReport committed(const char* name) {
  std::ifstream in(std::string(MOAT_SASS_FOLDER) + "/" + name);
  EXPECT_TRUE(in) << name;
  return kernel_of({std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()});
}

// What the promises of machine code say of it.
std::vector<Failure> broken(const EntryReport& e) {
  std::vector<Failure> found;
  for (Promise promise : promises()) {
    if (!promise.of_machine_code()) continue;
    promise.kernels = {"attention"};
    Report report;
    report.entries = {e};
    if ((promise.dtype.empty() || promise.dtype == e.name.dtype) && promise.family == "sm_90a") {
      const auto more = failures(report, {promise});
      found.insert(found.end(), more.begin(), more.end());
    }
  }
  return found;
}

TEST(Sass, ExponentialsBeforeTheWaitThatTheyHide) {
  const EntryReport e = committed("attention_sm_90a.sass");
  EXPECT_EQ(e.name.kernel, "attention");
  EXPECT_EQ(e.exponentials->all, 66);
  EXPECT_EQ(e.exponentials->hidden, 66);
  EXPECT_TRUE(e.exponentials->late.empty());
  EXPECT_TRUE(e.exponentials->rescues.empty());
  EXPECT_TRUE(broken(e).empty());
}

// ptxas had moved the wait up, and exp2f rescued subnormal results.
TEST(Sass, AWaitThatMovedUpBreaksThePromiseByName) {
  const EntryReport e = committed("attention_sm_90a_late.sass");
  EXPECT_EQ(e.exponentials->all, 66);
  EXPECT_EQ(e.exponentials->hidden, 0);
  EXPECT_EQ(e.exponentials->late.size(), 66U);
  EXPECT_EQ(e.exponentials->rescues.size(), 3U * 66);
  const auto found = broken(e);
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0].where, e.text());
  EXPECT_NE(found[0].what.find("66 of 66"), std::string::npos) << found[0].what;
  EXPECT_NE(found[0].what.find("MUFU.EX2 R29, R199"), std::string::npos) << found[0].what;
  EXPECT_EQ(found[1].where, e.text());
  EXPECT_NE(found[1].what.find("FSETP.GEU.AND P2, PT, R199.reuse, -126, PT"), std::string::npos)
      << found[1].what;
}

// A first step hides behind nothing; products that begin end what may be late.
TEST(Sass, OnlyAWaitAfterOneForOlderProductsHides) {
  const auto x = read_sass(
      ".text._Z1a:\n"
      "        /*0000*/                   WARPGROUP.DEPBAR.LE gsb0, 0x0 ;\n"
      "        /*0010*/                   MUFU.EX2 R1, R1 ;\n"
      "        /*0020*/                   WARPGROUP.DEPBAR.LE gsb0, 0x1 ;\n"
      "        /*0030*/                   MUFU.EX2 R2, R2.reuse ;\n"
      "        /*0040*/              @!P0 MUFU.EX2 R3, R3 ;\n"
      "        /*0050*/                   WARPGROUP.DEPBAR.LE gsb0, 0x0 ;\n"
      "        /*0060*/                   MUFU.RCP R4, R4 ;\n"
      "        /*0070*/                   MUFU.EX2 R5, R5 ;\n"
      "        /*0080*/                   WARPGROUP.ARRIVE ;\n"
      "        /*0090*/                   MUFU.EX2 R6, R6 ;\n"
      ".text._Z1b:\n"
      "        /*0000*/                   MUFU.EX2 R1, R1 ;\n");
  ASSERT_EQ(x.size(), 2U);
  EXPECT_EQ(x.at("_Z1a").all, 5);
  EXPECT_EQ(x.at("_Z1a").hidden, 2);
  EXPECT_EQ(x.at("_Z1a").late, std::vector<std::string>{"MUFU.EX2 R5, R5"});
  EXPECT_EQ(x.at("_Z1b").all, 1);
}

TEST(Sass, RescuesAreComparisonsHalvesAndSquares) {
  const auto rescues = [](const std::string& instruction) {
    return read_sass(".text._Z1a:\n        /*0000*/  " + instruction + " ;\n").at("_Z1a").rescues;
  };
  for (const char* one : {"FSETP.GEU.AND P2, PT, R9.reuse, -126, PT", "@!P2 FMUL R9, R9, 0.5",
                          "@!P2 FMUL R9, R9.reuse, R9"}) {
    EXPECT_EQ(rescues(one), std::vector<std::string>{one});
  }
  for (const char* none : {"FSETP.GT.AND P1, PT, R9, -INF , PT", "FMUL R9, R9, 0.5",
                           "@!P2 FMUL R9, R9, R8", "FMUL R9, R9, R9"}) {
    EXPECT_TRUE(rescues(none).empty()) << none;
  }
}

}  // namespace
}  // namespace moat::codegen
