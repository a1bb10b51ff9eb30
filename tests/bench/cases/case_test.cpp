// SPDX-License-Identifier: Apache-2.0
#include "bench/cases/case.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <set>
#include <string>
#include <string_view>
#include <utility>

namespace moat {
namespace {

using testing::AllOf;
using testing::HasSubstr;

std::string error_of(std::string_view name) {
  try {
    parse_case(name);
  } catch (const CaseError& e) {
    return e.what();
  }
  return "";
}

TEST(CaseName, RoundTripsExactly) {
  for (const std::string name : {
           "gemm/bf16/m4096n4096k4096",
           "gemm/f16/m1n1k1bt",
           "gemm/f32/m64n65k66lda70ldb80ldc90",
           "gemm/f32/m64n65k66btlda66ldb66ldc65",
           "gemm/f32/m1073741824n1073741824k1073741824",
           "attention/bf16/b1q512kv512h32hkv8d128causal",
           "attention/f32/b3q1kv99h8hkv8d64",
           "attention/f16/b1q7kv5h4hkv2d64causalscale0.1",
           "attention/f16/b1q7kv5h4hkv2d64scale1e-20",
           "pagedattention/bf16/b4q1kv1000p16h32hkv8d128ragged",
           "pagedattention/f16/b1q7kv50p1h4hkv2d192dv128causal",
           "pagedattention/f16/b2q3kv5p64h4hkv2d256raggedcausalsinkswindow128scale0.5",
           "mla/bf16/b2q2kv4096h128raggedcausal",
           "mla/bf16xe4m3/b1q1kv4096h128",
           "sparsemla/bf16/b2q2kv4096h128top2048ragged",
           "sum/f32/n1048576",
           "max/f16/n1",
           "argmax/bf16/n68719476736",
           "softmax/bf16/r4096c4096",
           "rmsnorm/bf16/r4096c4096",
           "rmsnorm/f32/r1c7eps1e-06",
       }) {
    EXPECT_EQ(case_name(parse_case(name)), name);
  }
}

TEST(CaseName, SaysInputsOfTwoTypes) {
  for (const std::string name : {"gemm/f16xbf16/m64n65k66btldb70", "gemm/f32xf16/m1n1k1"}) {
    EXPECT_EQ(case_name(read_case(name)), name);
  }
  const Problem p = read_case("gemm/f32xbf16/m2n3k5");
  EXPECT_EQ(dtype(p), DType::f32);
  EXPECT_EQ(std::get<GemmProblem>(p).dtype_b, DType::bf16);
  EXPECT_EQ(input_bytes(p), 4u * 10 + 2u * 15);
  EXPECT_EQ(output_bytes(p), 4u * 6);
}

TEST(CaseName, SaysAResultOfAnotherType) {
  for (const std::string name :
       {"gemm/f16/m64n65k66cf32", "gemm/f16xbf16/m64n65k66btldb70ldc80cf32"}) {
    EXPECT_EQ(case_name(read_case(name)), name);
  }
  const Problem p = read_case("gemm/bf16/m2n3k5cf32");
  EXPECT_EQ(dtype(p), DType::bf16);
  EXPECT_EQ(std::get<GemmProblem>(p).dtype_c, DType::f32);
  EXPECT_EQ(input_bytes(p), 2u * (10 + 15));
  EXPECT_EQ(output_bytes(p), 4u * 6);
}

TEST(CaseName, ReadsEveryField) {
  const auto g = std::get<GemmProblem>(parse_case("gemm/f16/m2n3k4btlda5ldb6ldc7"));
  EXPECT_EQ(g.dtype, DType::f16);
  EXPECT_EQ(g.m, 2);
  EXPECT_EQ(g.n, 3);
  EXPECT_EQ(g.k, 4);
  EXPECT_EQ(g.order_b, Order::transposed);
  EXPECT_EQ(g.lda, 5);
  EXPECT_EQ(g.ldb, 6);
  EXPECT_EQ(g.ldc, 7);
  EXPECT_EQ(g.a, nullptr);

  const auto a = std::get<AttentionProblem>(parse_case("attention/bf16/b2q3kv4h6hkv3d128causal"));
  EXPECT_EQ(a.batch, 2);
  EXPECT_EQ(a.q_len, 3);
  EXPECT_EQ(a.kv_len, 4);
  EXPECT_EQ(a.q_heads, 6);
  EXPECT_EQ(a.kv_heads, 3);
  EXPECT_EQ(a.head_dim, 128);
  EXPECT_TRUE(a.causal);
  EXPECT_FLOAT_EQ(a.scale, 0.088388346f);

  const auto r = std::get<ReductionProblem>(parse_case("argmax/f32/n10"));
  EXPECT_EQ(r.op, ReductionOp::argmax);
  EXPECT_EQ(r.n, 10);

  const auto n = std::get<RowsProblem>(parse_case("rmsnorm/bf16/r2c3eps0.5"));
  EXPECT_EQ(n.op, RowsOp::rms_norm);
  EXPECT_EQ(n.rows, 2);
  EXPECT_EQ(n.cols, 3);
  EXPECT_EQ(n.epsilon, 0.5f);
}

// Each fault has its own message, which names the case, the part and an example.
TEST(CaseName, NamesWhatIsWrong) {
  const std::pair<const char*, const char*> faults[] = {
      {"", "there is no kernel ''"},
      {"conv/f32/n1", "there is no kernel 'conv'. Known: gemm, weightonly"},
      {"gem/f32/m1n1k1", "there is no kernel 'gem'. Did you mean gemm? Known"},
      {"roppe/f32/t1h1d2", "a case looks like 'rope/"},
      {"gemm", "three parts"},
      {"gemm/f32", "three parts"},
      {"gemm/f64/m1n1k1", "there is no dtype 'f64'. Did you mean f32? Known: f32, f16, bf16"},
      {"gemm/f16xf64/m1n1k1", "there is no dtype or code 'f64'"},
      {"gemm/f16x/m1n1k1", "there is no dtype or code ''"},
      {"gemm/f16xf16/m1n1k1", "two inputs of 'f16' are written 'f16'"},
      {"gemm/f16xbf16/m1n1k1", "no kernel takes B of bf16 beside f16"},
      {"sum/f16xbf16/n1", "inputs of sum are of one type"},
      {"sum/f16xint4/n1", "inputs of sum are of one type"},
      {"gemm/bf16xint4/m1n1k1", "inputs of gemm are of one type"},
      {"weightonly/bf16/m1n1k32",
       "a code stands beside the dtype, as in f16xint4; weightonly takes int8, int4, mxfp4"},
      {"weightonly/bf16xbf16/m1n1k32", "weightonly takes no 'bf16' beside the dtype"},
      {"weightonly/bf16xf16/m1n1k32", "weightonly takes no 'f16' beside the dtype"},
      {"weightonly/bf16xint5/m1n1k32",
       "takes no 'int5' beside the dtype. Did you mean int8? Known: int8, int4, mxfp4 (a"},
      {"weightonly/f32xint4/m1n1k32", "weightonly takes f16, bf16, not f32"},
      {"weightonly/bf16xe4m3/m1n1k32",
       "takes no 'e4m3' beside the dtype. Known: int8, int4, mxfp4 (a"},
      {"weightonly/bf16xint4/m1n1k33", "int4 has a scale for each 32 numbers of a row, and k=33"},
      {"weightonly/bf16xint8/m1n1k64", "int8 has a scale for each 128 numbers"},
      {"scaledgemm/bf16xint8/m1n1k1", "takes no 'int8' beside the dtype. Known: e4m3, e4m3fnuz (a"},
      {"scaledgemm/bf16xe5m2/m1n1k1", "Did you mean e4m3? Known: e4m3, e4m3fnuz (a"},
      {"pagedattention/bf16/b1q1kv1p8h1hkv1d64",
       "p=8 is not a page size of the kernel: 1, 16 or 64"},
      {"pagedattention/bf16/b1q1kv1p1h1hkv1d96", "d=96 are not head dimensions of the kernel"},
      {"pagedattention/bf16/b1q1kv1p1h1hkv1d128dv128", "d=128dv128 are not head dimensions"},
      {"pagedattention/bf16/b1q1kv1p1h3hkv2d64", "h=3 is not a multiple of hkv=2"},
      {"pagedattention/bf16/b1q2kv9p1h1hkv1d64window4", "window=4 needs causal"},
      {"mla/f32/b1q1kv1h1", "mla takes f16, bf16, not f32"},
      {"mla/f16xe4m3/b1q1kv1h1",
       "a cache in e4m3 is for bf16, not for f16: there are mla/bf16xe4m3 and mla/f16"},
      {"mla/bf16xe5m2/b1q1kv1h1", "mla takes no 'e5m2' beside the dtype. Did you mean e4m3?"},
      {"pagedattention/bf16xe4m3/b1q1kv1p1h1hkv1d64", "inputs of pagedattention are of one type"},
      {"gemm/f32/", "'m' is missing at the end"},
      {"gemm/f32/m4n4", "'k' is missing at the end"},
      {"gemm/f32/n4m4k4", "expected 'm' and a number at 'n4m4k4'"},
      {"gemm/f32/mxn4k4", "expected 'm' and a number at 'mxn4k4'"},
      {"gemm/f32/m+4n4k4", "'m' needs a whole number, not '+4n4k4'"},
      {"gemm/f32/m4.5n4k4", "expected 'n' and a number at '.5n4k4'"},
      {"gemm/f32/m0n4k4", "m=0 leaves nothing to do"},
      {"gemm/f32/m-3n4k4", "m=-3 is negative"},
      {"gemm/f32/m04n4k4", "m=04 has a leading zero"},
      {"gemm/f32/m1000000000000n4k4", "m=1000000000000 is too large; the most is 1073741824"},
      {"gemm/f32/m2147483648n4k4", "m=2147483648 is too large; the most is 1073741824"},
      {"gemm/f32/m99999999999999999999n4k4", "does not fit into 64 bits"},
      {"gemm/f32/m4n4k4x", "cannot read 'x' at the end"},
      {"gemm/f32/m4n4k4 ", "cannot read ' ' at the end"},
      {"gemm/f32/m4n4k8lda7", "lda=7 is less than the 8 columns"},
      {"gemm/f32/m4n9k8ldb8", "ldb=8 is less than the 9 columns"},
      {"gemm/f32/m4n9k8btldb7", "ldb=7 is less than the 8 columns"},
      {"gemm/f32/m4n9k8ldc8", "ldc=8 is less than the 9 columns"},
      {"gemm/f32/m4n9k8ldc9lda8", "cannot read 'lda8' at the end"},
      {"gemm/f16/m4n9k8cf32", "no kernel writes C of f32 from f16"},
      {"gemm/f16/m4n9k8cf16", "C of 'f16' is written without 'cf16'"},
      {"gemm/f16/m4n9k8cf64", "there is no dtype 'f64' for a result"},
      {"gemm/f16/m4n9k8cf32ldc9", "there is no dtype 'f32ldc9' for a result"},
      {"attention/f32/b1q1kv1h1hkv1d32", "d=32 is not a head dimension"},
      {"attention/f32/b1q1kv1h6hkv4d64", "h=6 is not a multiple of hkv=4"},
      {"attention/f32/b1q1kv1h6hkv2d64causal2", "cannot read '2' at the end"},
      {"attention/f32/b1q1kv1h6hkv2d64scale0", "'scale' needs a positive number, not '0'"},
      {"attention/f32/b1q1kv1h6hkv2d64scale-1", "'scale' needs a positive number, not '-1'"},
      {"sum/f32/n1000000000000", "n=1000000000000 is too large; the most is 68719476736"},
      {"sum/f32/n0", "n=0 leaves nothing to do"},
      {"softmax/f32/r4c4eps1", "cannot read 'eps1' at the end"},
      {"rmsnorm/f32/r4c4eps0", "'eps' needs a positive number"},
  };
  for (const auto& [name, part] : faults) {
    EXPECT_THAT(error_of(name), AllOf(HasSubstr(std::string("'") + name + "'"), HasSubstr(part),
                                      HasSubstr("looks like '")))
        << name;
  }
}

TEST(CaseBytes, CountOperands) {
  EXPECT_EQ(input_bytes(parse_case("gemm/bf16/m2n3k5")), 2u * (10 + 15));
  EXPECT_EQ(output_bytes(parse_case("gemm/bf16/m2n3k5")), 2u * 6);
  EXPECT_EQ(input_bytes(parse_case("gemm/f32/m2n3k5btlda7ldb8")), 4u * (7 + 5 + 16 + 5));
  EXPECT_EQ(output_bytes(parse_case("gemm/f32/m2n3k5ldc10")), 4u * 13);
  EXPECT_EQ(input_bytes(parse_case("attention/f16/b2q3kv5h4hkv2d64")),
            2u * 2 * 64 * (3 * 4 + 2 * 5 * 2));
  EXPECT_EQ(output_bytes(parse_case("attention/f16/b2q3kv5h4hkv2d64")), 2u * 2 * 64 * 12);
  // Three pages of each sequence and three spare ones; a table of four entries, and two lengths.
  EXPECT_EQ(input_bytes(parse_case("pagedattention/f16/b2q1kv40p16h4hkv2d64")),
            2u * 2 * 4 * 64 + 2u * (9 * 16 * 2 * 64 * 2) + 4u * (2 * 4 + 2));
  EXPECT_EQ(output_bytes(parse_case("mla/bf16/b2q1kv40h4")), 2u * 2 * 4 * 512 + 4u * 2 * 4);
  // A page of each sequence and three spare ones, of 64 keys.
  EXPECT_EQ(input_bytes(parse_case("mla/bf16xe4m3/b2q1kv40h4")),
            2u * 2 * 4 * 576 + 5u * 64 * 656 + 4u * (2 * 2 + 2));
  EXPECT_EQ(input_bytes(parse_case("argmax/f32/n9")), 36u);
  EXPECT_EQ(output_bytes(parse_case("argmax/f32/n9")), 8u);
  EXPECT_EQ(output_bytes(parse_case("sum/bf16/n9")), 4u);
  EXPECT_EQ(input_bytes(parse_case("rmsnorm/f16/r2c3")), 2u * (6 + 3));
  EXPECT_EQ(input_bytes(parse_case("softmax/f16/r2c3")), 2u * 6);
  EXPECT_EQ(input_bytes(parse_case("attention/f32/b1073741824q1073741824kv1073741824h1hkv1d128")),
            std::numeric_limits<std::uint64_t>::max());
}

TEST(CaseBytes, RefuseWhatDoesNotFit) {
  const Problem p = parse_case("gemm/f32/m1048576n1048576k1024");
  EXPECT_NO_THROW(check_memory(p, std::uint64_t{1} << 43, "this machine"));
  try {
    check_memory(p, std::uint64_t{64} << 30, "this machine");
    FAIL();
  } catch (const CaseError& e) {
    EXPECT_THAT(e.what(), AllOf(HasSubstr("'gemm/f32/m1048576n1048576k1024' needs 4.0 TiB"),
                                HasSubstr("this machine has 64.0 GiB")));
  }
}

TEST(Kernels, ExamplesAreCasesOfTheirKernel) {
  EXPECT_GE(kernels().size(), 7u);
  std::set<std::string_view> names;
  for (const Problem& p : kernels()) {
    EXPECT_TRUE(names.insert(describe(p).kernel).second) << describe(p).kernel;
    EXPECT_EQ(kernel_name(parse_case(describe(p).example)), describe(p).kernel);
  }
}

}  // namespace
}  // namespace moat
