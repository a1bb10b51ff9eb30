// SPDX-License-Identifier: Apache-2.0
#include "bench/software/chains.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "bench/cases/case.hpp"
#include "bench/verify/verify.hpp"

namespace moat {
namespace {

// The CPU of this build.
class Chains : public testing::Test {
 protected:
  void SetUp() override {
    for (const BackendEntry& backend : backends()) {
      if (backend.name == "cpu") list_ = backend.list();
    }
    ASSERT_FALSE(list_.devices.empty());
  }

  Device& device() { return *list_.devices.front(); }

  // What solving a case with a chain gave.
  Check check(std::string_view chain_name, std::string_view name) {
    const Chain& chain = *find_chain(chain_name);
    const Problem problem = parse_case(name);
    EXPECT_FALSE(chain.unsupported(problem, device().info()));
    const Inputs inputs(problem, 1);
    const Verifier verifier(inputs);
    Operands operands(device(), inputs);
    return verify(device(), operands, 0, inputs, verifier, chain.prepare(device(), problem));
  }

  std::string refusal(std::string_view chain_name, std::string_view name) {
    return find_chain(chain_name)
        ->unsupported(parse_case(name), device().info())
        .value_or("it solves this");
  }

  DeviceList list_;
};

TEST_F(Chains, SolveTheirProblems) {
  for (const char* name : {"addrmsnorm/f32/r1c1", "addrmsnorm/f32/r7c1031",
                           "addrmsnorm/bf16/r9c1031", "addrmsnorm/f16/r3c64"}) {
    const Check c = check("unfused", name);
    EXPECT_TRUE(c.passed) << name << ": " << c.message;
  }
  for (const char* name :
       {"addrmsnormquant/f32xe4m3/r1c1", "addrmsnormquant/f32xe4m3/r7c1031",
        "addrmsnormquant/f32xe4m3/r3c256ue8m0", "swiglu/f32/r1c1", "swiglu/f32/r7c1031",
        "rope/f32/t1h1d2", "rope/f32/t5h3d64", "rope/f32/t7h2d34",
        // Large enough for stores that bypass the caches, in whole lines and not.
        "swiglu/f32/r512c4096", "swiglu/f32/r512c4099", "rope/f32/t512h32d128",
        "rope/f32/t999h33d66", "addrmsnorm/bf16/r512c4099"}) {
    const Check c = check("unfused", name);
    EXPECT_TRUE(c.passed) << name << ": " << c.message;
  }
  for (const char* name :
       {"attention/f32/b1q1kv1h1hkv1d64scale1", "attention/f32/b2q13kv41h6hkv3d64scale1",
        "attention/f32/b1q33kv70h4hkv4d128scale1"}) {
    const Check c = check("materialised", name);
    EXPECT_TRUE(c.passed) << name << ": " << c.message;
  }
}

// The keys that the indexer's scores choose are those of the list, in its order.
TEST_F(Chains, ChooseTheKeysOfSparseAttention) {
  for (const char* name : {"sparsemla/bf16/b1q1kv1h1top1", "sparsemla/f16/b1q1kv300h3top100",
                           "sparsemla/bf16/b1q1kv50h2top64"}) {
    const Check c = check("indexed", name);
    EXPECT_TRUE(c.passed) << name << ": " << c.message;
  }
  EXPECT_NE(refusal("indexed", "sparsemla/bf16/b1q2kv9h1top4").find("b1q1"), std::string::npos);
  EXPECT_NE(refusal("indexed", "sparsemla/bf16/b1q1kv65537h1top4").find("65536 keys"),
            std::string::npos);
  EXPECT_EQ(refusal("indexed", "mla/bf16/b1q1kv9h1"),
            "an indexer chooses the keys of sparsemla, not of mla");
}

// As many activations are quantised first; the product is of the problem's own codes.
TEST_F(Chains, QuantiseBeforeProductsOfCodes) {
  for (const char* name : {"scaledgemm/bf16xe4m3/m1n128k128", "scaledgemm/bf16xe4m3/m3n130k257",
                           "scaledgemm/f16xe4m3fnuz/m33n64k256ue8m0"}) {
    const Check c = check("quantising", name);
    EXPECT_TRUE(c.passed) << name << ": " << c.message;
  }
  EXPECT_EQ(refusal("quantising", "gemm/f32/m1n1k1"),
            "activations are quantised for scaledgemm, not for gemm");
  const Problem product = parse_case("scaledgemm/bf16xe4m3/m4n128k256");
  const std::vector<Step> steps = find_chain("quantising")->steps(product);
  ASSERT_EQ(steps.size(), 2u);
  EXPECT_EQ(steps[0].text, "quantise/bf16xe4m3/r4c256");
  EXPECT_EQ(steps[0].read, 2 * 4 * 256);
  EXPECT_EQ(steps[0].written, 4 * 256 + 4 * 4 * 2);
  EXPECT_EQ(steps[1].flops, flops(product));
}

TEST_F(Chains, SayWhatTheyDoNotSolve) {
  EXPECT_EQ(refusal("unfused", "gemm/f32/m1n1k1"),
            "unfused steps are known of addrmsnorm, addrmsnormquant, rope, swiglu, not of gemm");
  for (const char* name :
       {"addrmsnormquant/bf16xe4m3/r1c128", "swiglu/f16/r1c8", "rope/bf16/t1h1d64"}) {
    EXPECT_NE(refusal("unfused", name).find("16 bits would not meet the fused kernel's bound"),
              std::string::npos)
        << name;
  }
  EXPECT_NE(refusal("unfused", "swiglu/f32/r1c8limit7").find("limit"), std::string::npos);
  EXPECT_NE(refusal("unfused", "rope/f32/t1h1d64interleaved").find("half a head"),
            std::string::npos);
  EXPECT_NE(refusal("materialised", "attention/f32/b1q1kv1h1hkv1d64").find("scale1"),
            std::string::npos);
  EXPECT_NE(refusal("materialised", "attention/bf16/b1q1kv1h1hkv1d64scale1").find("f32"),
            std::string::npos);
  EXPECT_NE(refusal("materialised", "attention/f32/b1q1kv1h1hkv1d64causalscale1").find("mask"),
            std::string::npos);
  DeviceInfo gpu;
  gpu.host = false;
  for (const char* name : {"addrmsnorm/f32/r1c1", "swiglu/f32/r1c8", "rope/f32/t1h1d64"}) {
    EXPECT_TRUE(find_chain("unfused")->unsupported(parse_case(name), gpu)) << name;
  }
  EXPECT_FALSE(
      find_chain("unfused")->unsupported(parse_case("addrmsnormquant/f32xe4m3/r1c128"), gpu))
      << "both steps are kernels";
  EXPECT_EQ(find_chain("folded"), nullptr);
}

// What lies between the steps is written once and read once, but for the values of the scores.
TEST_F(Chains, StepsOfSparseAttentionBeginWithTheIndexer) {
  const Problem sparse = parse_case("sparsemla/bf16/b1q1kv1000h128top40");
  const Chain& indexed = *find_chain("indexed");
  const std::vector<Step> steps = indexed.steps(sparse);
  ASSERT_EQ(steps.size(), 4u);
  EXPECT_EQ(steps[0].text, "indexer/bf16/b1q1kv1000h64");
  EXPECT_EQ(steps[1].text, "topk/f32/r1c1000k40");
  EXPECT_EQ(steps[3].flops, flops(sparse));
  EXPECT_EQ(steps[3].read + steps[3].written, bytes(sparse));
  double read = 0;
  double written = 0;
  for (const Step& s : steps) {
    read += s.read_between;
    written += s.written_between;
  }
  EXPECT_EQ(written, indexed.between(sparse));
  EXPECT_EQ(written - read, 4 * 40);
  EXPECT_EQ(indexed.kept(sparse), 1000 * 256);
}

TEST_F(Chains, StepsCountWhatTheyComputeAndMove) {
  const Problem norm = parse_case("addrmsnorm/bf16/r4c8");
  const std::vector<Step> unfused = find_chain("unfused")->steps(norm);
  ASSERT_EQ(unfused.size(), 2u);
  EXPECT_EQ(unfused[0].flops + unfused[1].flops, flops(norm));
  EXPECT_EQ(unfused[0].read, 2 * 4 * 8 * 2);
  EXPECT_EQ(unfused[0].written, 4 * 8 * 2);
  // What the fused kernel spares is that the sum is read again.
  double moved = 0;
  for (const Step& s : unfused) moved += s.read + s.written;
  EXPECT_EQ(moved - bytes(norm), 4 * 8 * 2);
  EXPECT_EQ(unfused[1].read_between, 4 * 8 * 2);

  for (const char* name :
       {"swiglu/f32/r4c8", "rope/f32/t3h2d8", "addrmsnormquant/f32xe4m3/r4c128"}) {
    const Problem fused = parse_case(name);
    const std::vector<Step> apart = find_chain("unfused")->steps(fused);
    double computed = 0;
    double all = 0;
    double outside = 0;  // neither left for a later step nor by an earlier one
    for (const Step& s : apart) {
      computed += s.flops;
      all += s.read + s.written;
      outside += s.read - s.read_between + s.written - s.written_between;
    }
    EXPECT_EQ(computed, flops(fused)) << name;
    EXPECT_GT(all, bytes(fused)) << name;
    EXPECT_GE(outside, bytes(fused)) << name;
    EXPECT_EQ(find_chain("unfused")->scratch(fused), find_chain("unfused")->between(fused));
  }
  const auto moved_by = [](const char* name) {
    double bytes = 0;
    for (const Step& s : find_chain("unfused")->steps(parse_case(name)))
      bytes += s.read + s.written;
    return bytes;
  };
  EXPECT_EQ(moved_by("swiglu/f32/r4c8"), 5 * 4 * 4 * 8);
  EXPECT_EQ(moved_by("rope/f32/t3h2d8"), 10 * 4 * 3 * 2 * 8 + 2 * 4 * 3 * 4);

  const Problem attention = parse_case("attention/f32/b2q16kv32h4hkv2d64scale1");
  const std::vector<Step> steps = find_chain("materialised")->steps(attention);
  ASSERT_EQ(steps.size(), 3u);
  EXPECT_EQ(steps[0].flops + steps[2].flops, flops(attention));
  EXPECT_EQ(steps[0].calls, 8);
  EXPECT_EQ(steps[0].written, 4 * 8 * 16 * 32);
  EXPECT_EQ(steps[2].read_between, steps[0].written);
  EXPECT_EQ(find_chain("materialised")->scratch(attention), 2 * steps[0].written);
}

}  // namespace
}  // namespace moat
