// SPDX-License-Identifier: Apache-2.0
#include "bench/plugin/problem_view.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string>

#include "bench/cases/case.hpp"

namespace moat {
namespace {

const void* at(int i) { return reinterpret_cast<const void*>(static_cast<std::intptr_t>(256 * i)); }
void* out(int i) { return const_cast<void*>(at(i)); }

// Leading dimensions that a problem leaves out are told.
TEST(ProblemView, OfAProductHasItsLayout) {
  auto p = std::get<GemmProblem>(read_case("gemm/bf16/m3n5k7btldc9"));
  p.a = at(1);
  p.b = at(2);
  p.c = out(3);
  const ProblemView view{Problem(p)};
  ASSERT_EQ(view.get().kind, MOAT_GEMM);
  EXPECT_EQ(view.get().size, sizeof(MoatProblem));
  const MoatGemm& g = *view.get().as.gemm;
  EXPECT_EQ(g.size, sizeof(MoatGemm));
  EXPECT_EQ(g.type, MOAT_BF16);
  EXPECT_EQ(g.m, 3);
  EXPECT_EQ(g.n, 5);
  EXPECT_EQ(g.k, 7);
  EXPECT_EQ(g.b_transposed, 1);
  EXPECT_EQ(g.lda, 7);
  EXPECT_EQ(g.ldb, 7);
  EXPECT_EQ(g.ldc, 9);
  EXPECT_EQ(g.a, at(1));
  EXPECT_EQ(g.b, at(2));
  EXPECT_EQ(g.c, at(3));
  const ProblemView plain(read_case("gemm/f32/m3n5k7"));
  EXPECT_EQ(plain.get().as.gemm->ldb, 5);
  EXPECT_EQ(plain.get().as.gemm->b_transposed, 0);
}

TEST(ProblemView, OfAttentionHasItsHeads) {
  auto p = std::get<AttentionProblem>(read_case("attention/f16/b2q3kv9h8hkv4d64causal"));
  p.q = at(1);
  p.k = at(2);
  p.v = at(3);
  p.o = out(4);
  const ProblemView view{Problem(p)};
  const MoatAttention& a = *view.get().as.attention;
  EXPECT_EQ(a.type, MOAT_F16);
  EXPECT_EQ(a.batch, 2);
  EXPECT_EQ(a.q_heads, 8);
  EXPECT_EQ(a.kv_heads, 4);
  EXPECT_EQ(a.q_len, 3);
  EXPECT_EQ(a.kv_len, 9);
  EXPECT_EQ(a.head_dim, 64);
  EXPECT_EQ(a.causal, 1);
  EXPECT_FLOAT_EQ(a.scale, 0.125f);
  EXPECT_EQ(a.k, at(2));
  EXPECT_EQ(a.v, at(3));
  EXPECT_EQ(a.o, at(4));
}

TEST(ProblemView, OfCodesHasGroupsAndScales) {
  auto p = std::get<WeightGemmProblem>(read_case("weightonly/bf16xint8/m1n4k256"));
  p.w = at(2);
  p.scales = at(3);
  const ProblemView view{Problem(p)};
  const MoatWeightGemm& w = *view.get().as.weight_gemm;
  EXPECT_EQ(w.code, MOAT_INT8);
  EXPECT_EQ(w.group, 128);
  EXPECT_EQ(w.w, at(2));
  EXPECT_EQ(w.scales, at(3));
  const ProblemView scaled(read_case("scaledgemm/f16xe4m3fnuz/m1n2k3ue8m0"));
  EXPECT_EQ(scaled.get().as.scaled_gemm->code, MOAT_E4M3FNUZ);
  EXPECT_EQ(scaled.get().as.scaled_gemm->ue8m0, 1);
}

TEST(ProblemView, TellsReductionsAndRowsApart) {
  const auto kind = [](const char* name) { return ProblemView(read_case(name)).get().kind; };
  EXPECT_EQ(kind("sum/f32/n9"), MOAT_SUM);
  EXPECT_EQ(kind("max/f32/n9"), MOAT_MAX);
  EXPECT_EQ(kind("argmax/f32/n9"), MOAT_ARGMAX);
  EXPECT_EQ(kind("softmax/f32/r2c3"), MOAT_SOFTMAX);
  EXPECT_EQ(kind("rmsnorm/f32/r2c3"), MOAT_RMS_NORM);
  EXPECT_EQ(kind("addrmsnorm/f32/r2c3"), MOAT_ADD_RMS_NORM);
  EXPECT_EQ(kind("swiglu/f32/r2c3limit7"), MOAT_SWIGLU);
}

// Every kernel either has a view, with a kind of its own, or is told not to.
TEST(ProblemView, OfEachKernelIsOrIsNot) {
  std::set<int> kinds;
  int without = 0;
  for (const Problem& p : kernels()) {
    if (!why_no_view(p).empty()) {
      ++without;
      EXPECT_THROW(ProblemView{p}, std::logic_error) << case_name(p);
    } else {
      EXPECT_TRUE(kinds.insert(ProblemView(p).get().kind).second) << case_name(p);
    }
  }
  EXPECT_EQ(kinds.size(), 11u);
  EXPECT_GT(without, 0);
  EXPECT_NE(why_no_view(read_case("gemm/f16xbf16/m1n1k1")), "");
}

}  // namespace
}  // namespace moat
