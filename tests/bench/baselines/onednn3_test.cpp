// SPDX-License-Identifier: Apache-2.0
// The baseline of oneDNN, compiled for the interface of release 3 and run on a stand-in that does
// what the library's documents say, which machines with Debian's packages cannot have.
#include <gtest/gtest.h>
#include <omp.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <dnnl.hpp>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "bench/baselines/onednn.hpp"
#include "bench/baselines/onednn_api.hpp"
#include "bench/verify/operands.hpp"
#include "bench/verify/verify.hpp"
#include "tests/bench/baselines/onednn3/standin.hpp"

namespace moat {
namespace {

class OneDnn3 : public testing::Test {
 protected:
  void SetUp() override { standin::state() = {}; }

  Baseline& library(int threads = 2) {
    baselines_ = {};
    open_onednn(threads, baselines_);
    return *baselines_.found.at(0);
  }
  std::string absence(int threads = 2) {
    baselines_ = {};
    open_onednn(threads, baselines_);
    return baselines_.found.empty() ? baselines_.absent.at(0).reason : "it is there";
  }

  // Of a call on random operands, in the bound's terms.
  static Check solve(Baseline& library, const Problem& shape) {
    const Inputs inputs(shape, 7);
    const Verifier verifier(inputs);
    std::vector<std::byte> output(outputs_bytes(shape), std::byte{0xff});
    Problem p = inputs.problem();
    for_each_operand(p, [&]<class T>(const Operand& o, T*& pointer) {
      if constexpr (!std::is_const_v<T>) {
        EXPECT_EQ(o.role, Role::output);
        pointer = output.data();
      }
    });
    library.prepare(shape)(p);
    return verifier.check(output, Summation::any_order);
  }

  void expect_right(const Problem& shape, const std::string& what) {
    Baseline& b = library();
    ASSERT_FALSE(b.unsupported(shape)) << what << ": " << *b.unsupported(shape);
    const Check check = solve(b, shape);
    EXPECT_TRUE(check.passed) << what << ": " << check.message;
  }

  static std::string ran() {
    std::string text;
    for (const auto& step : standin::state().ran) text += step + '\n';
    return text;
  }

 private:
  Baselines baselines_;
};

TEST_F(OneDnn3, TellsItsReleaseAndInstructionSet) {
  EXPECT_EQ(library().version(), "3." + std::to_string(STANDIN_MINOR) + ".1");
  EXPECT_EQ(library().detail(), "isa avx512_core_fp16, OpenMP");
  standin::state().isa = dnnl::cpu_isa::avx512_core_amx;
  EXPECT_EQ(library().detail(), "isa avx512_core_amx, OpenMP");
  standin::state().isa = static_cast<dnnl::cpu_isa>(0x7fffff);
  EXPECT_EQ(library().detail(), "isa 0x7fffff, OpenMP");
}

TEST_F(OneDnn3, IsAbsentWhereItsThreadsCannotBeSet) {
  standin::state().version.cpu_runtime = DNNL_RUNTIME_TBB;
  EXPECT_NE(absence().find("built for TBB"), std::string::npos) << absence();
  standin::state().version.cpu_runtime = DNNL_RUNTIME_SEQ;
  EXPECT_NE(absence().find("built for one thread"), std::string::npos) << absence();
  EXPECT_EQ(library(1).detail(), "isa avx512_core_fp16, serial");
}

TEST_F(OneDnn3, IsAbsentWhereHeaderAndLibraryDiffer) {
  standin::state().version.minor = STANDIN_MINOR - 1;
  EXPECT_NE(absence().find("this build was compiled for 3."), std::string::npos) << absence();
  standin::state().version.minor = STANDIN_MINOR + 1;
  EXPECT_EQ(absence(), "it is there");
  standin::state().version.major = 2;
  EXPECT_NE(absence().find("this build was compiled for 3."), std::string::npos) << absence();
}

TEST_F(OneDnn3, MultipliesMatrices) {
  for (const DType t : kDTypes) {
    for (const Order order : {Order::row_major, Order::transposed}) {
      for (const auto& [m, n, k] : {std::array{1, 1, 1}, {1, 37, 19}, {13, 24, 40}}) {
        expect_right(GemmProblem{.dtype = t, .m = m, .n = n, .k = k, .order_b = order}, "dense");
        expect_right(GemmProblem{.dtype = t,
                                 .m = m,
                                 .n = n,
                                 .k = k,
                                 .order_b = order,
                                 .lda = k + 3,
                                 .ldb = (order == Order::transposed ? k : n) + 5,
                                 .ldc = n + 2},
                     "with gaps");
      }
    }
  }
}

TEST_F(OneDnn3, ComputesSoftmax) {
  for (const DType t : kDTypes) {
    for (const auto& [rows, cols] : {std::array{1, 1}, {3, 17}, {7, 300}}) {
      expect_right(RowsProblem{.op = RowsOp::softmax, .dtype = t, .rows = rows, .cols = cols},
                   "softmax");
    }
  }
}

TEST_F(OneDnn3, NormalisesRows) {
  for (const DType t : kDTypes) {
    for (const auto& [rows, cols] : {std::array{1, 1}, {3, 17}, {101, 3000}}) {
      expect_right(RowsProblem{.op = RowsOp::rms_norm, .dtype = t, .rows = rows, .cols = cols},
                   "RMSNorm");
    }
  }
}

TEST_F(OneDnn3, ChainsAttention) {
  for (const DType t : kDTypes) {
    for (const bool causal : {false, true}) {
      for (const AttentionProblem& shape :
           {AttentionProblem{
                .batch = 2, .q_heads = 6, .kv_heads = 3, .q_len = 9, .kv_len = 11, .head_dim = 8},
            AttentionProblem{.q_heads = 1, .kv_heads = 1, .q_len = 5, .kv_len = 5},
            AttentionProblem{.batch = 2, .q_heads = 8, .kv_heads = 2, .q_len = 1, .kv_len = 31}}) {
        AttentionProblem p = shape;
        p.dtype = t;
        p.causal = causal;
        expect_right(p, causal ? "causal attention" : "attention");
      }
    }
  }
}

TEST_F(OneDnn3, RefusesReferenceCodeAndWhatIsMissing) {
  standin::state().reference = {"matmul"};
  const auto slow = library().unsupported(GemmProblem{.dtype = DType::f16});
  ASSERT_TRUE(slow);
  EXPECT_NE(slow->find("only reference code for it in f16: ref:any"), std::string::npos) << *slow;
  standin::state().reference = {};
  standin::state().missing = {"matmul", "norm"};
  for (const Problem& p : {Problem(GemmProblem{}), Problem(RowsProblem{.op = RowsOp::rms_norm}),
                           Problem(AttentionProblem{.q_heads = 1, .kv_heads = 1})}) {
    const auto none = library().unsupported(p);
    ASSERT_TRUE(none);
    EXPECT_NE(none->find("has no implementation"), std::string::npos) << *none;
    EXPECT_THROW(library().prepare(p), std::runtime_error);
  }
}

TEST_F(OneDnn3, LeavesTheThreadCountAlone) {
  const int before = omp_get_max_threads();
  omp_set_num_threads(3);
  expect_right(GemmProblem{.m = 4, .n = 4, .k = 4}, "4x4x4");
  EXPECT_EQ(omp_get_max_threads(), 3);
  omp_set_num_threads(before);
}

#if MOAT_ONEDNN(3, 9)

TEST_F(OneDnn3, NormalisesRowsInOneStepWhereThatIsNoReferenceCode) {
  const RowsProblem p{.op = RowsOp::rms_norm, .dtype = DType::bf16, .rows = 3, .cols = 8};
  expect_right(p, "RMSNorm");
  EXPECT_EQ(ran(),
            "reorder bf16 8 > f32 8\n"
            "norm bf16 3x8 > bf16 3x8 flags 18 scale f32\n");
  standin::state().reference = {"norm"};
  EXPECT_EQ(library().kernel(p), "ref:any + ref:any");
  EXPECT_TRUE(library().unsupported(p));
}

TEST_F(OneDnn3, MultipliesWeightsInCodes) {
  for (const DType t : {DType::bf16, DType::f16}) {
    for (const Code code : kWeightCodes) {
      for (const auto& [m, n, k] : {std::array{1, 1, 128}, {1, 24, 384}, {5, 33, 256}}) {
        const WeightGemmProblem p{.dtype = t, .code = code, .m = m, .n = n, .k = k};
        expect_right(p, std::string(name_of(code)) + " k" + std::to_string(k));
      }
    }
  }
}

// What is asked for: codes as they lie, scales for groups along k, and the type of A for integers.
TEST_F(OneDnn3, AsksForScalesOfGroups) {
  expect_right(WeightGemmProblem{.code = Code::int4, .m = 2, .n = 3, .k = 64}, "int4");
  EXPECT_EQ(ran(),
            "reorder bf16 2x3 > bf16 2x3\n"
            "matmul bf16 2x64 · s4 64x3 > bf16 2x3 scales bf16 32x1 by bf16\n");
  standin::state().ran.clear();
  expect_right(WeightGemmProblem{.dtype = DType::f16, .code = Code::int8, .m = 2, .n = 3, .k = 128},
               "int8");
  EXPECT_EQ(ran(), "matmul f16 2x128 · s8 128x3 > f16 2x3 scales f16 128x1 by f16\n");
  standin::state().ran.clear();
  expect_right(WeightGemmProblem{.code = Code::mxfp4, .m = 1, .n = 2, .k = 64}, "mxfp4");
  EXPECT_NE(ran().find("reorder u8 2x2 > u8 2x2\n"), std::string::npos) << ran();
  EXPECT_NE(ran().find("f4_e2m1 64x2 > bf16 1x2 scales e8m0 32x1"), std::string::npos) << ran();
}

TEST_F(OneDnn3, NamesEveryStepOfACodedProduct) {
  const WeightGemmProblem p{.code = Code::int4, .m = 2, .n = 3, .k = 64};
  EXPECT_EQ(library().kernel(p), "standin:reorder + standin:matmul");
  standin::state().reference = {"matmul"};
  const auto slow = library().unsupported(p);
  ASSERT_TRUE(slow);
  EXPECT_NE(slow->find("reference code for it in bf16 × int4"), std::string::npos) << *slow;
}

TEST_F(OneDnn3, MultipliesScaledBlocks) {
  for (const bool ue8m0 : {false, true}) {
    for (const auto& [m, n, k] : {std::array{1, 128, 128}, {5, 256, 384}}) {
      const ScaledGemmProblem p{.m = m, .n = n, .k = k, .ue8m0 = ue8m0};
      expect_right(p, ue8m0 ? "powers of two" : "f32");
    }
  }
}

TEST_F(OneDnn3, SaysWhichCodesItLacks) {
  const auto ragged = library().unsupported(ScaledGemmProblem{.m = 1, .n = 100, .k = 128});
  ASSERT_TRUE(ragged);
  EXPECT_NE(ragged->find("do not divide"), std::string::npos) << *ragged;
  const auto other =
      library().unsupported(ScaledGemmProblem{.code = Code::e4m3fnuz, .m = 1, .n = 128, .k = 128});
  ASSERT_TRUE(other);
  EXPECT_NE(other->find("no numbers in e4m3fnuz"), std::string::npos) << *other;
}

#else

TEST_F(OneDnn3, OfOldReleasesLacksCodes) {
  const WeightGemmProblem weights{.code = Code::int4, .m = 2, .n = 3, .k = 64};
  const ScaledGemmProblem blocks{.m = 1, .n = 128, .k = 128};
  for (const Problem& p : {Problem(weights), Problem(blocks)}) {
    const auto reason = library().unsupported(p);
    ASSERT_TRUE(reason);
    EXPECT_NE(reason->find("3.0 has no products with"), std::string::npos) << *reason;
    EXPECT_NE(reason->find("3.5"), std::string::npos) << *reason;
    EXPECT_THROW(library().prepare(p), std::runtime_error);
  }
}

#endif

}  // namespace
}  // namespace moat
