// SPDX-License-Identifier: Apache-2.0
#include "bench/tune/shape_class.hpp"

#include <gtest/gtest.h>

#include <string>

#include "bench/cases/case.hpp"
#include "bench/cases/suites.hpp"

namespace moat {
namespace {

std::string class_of(const std::string& name) { return shape_class(parse_case(name)); }

TEST(ShapeClass, ExtentsCountByTheNextPowerOfTwo) {
  EXPECT_EQ(class_of("gemm/bf16/m16n4096k14336bt"), "gemm/bf16/m16n4096k16384bt");
  EXPECT_EQ(class_of("gemm/bf16/m17n4097k8193"), "gemm/bf16/m32n8192k16384");
  EXPECT_EQ(class_of("attention/f32/b1q1kv99h28hkv4d128"), "attention/f32/b1q1kv128h32hkv4d128");
}

TEST(ShapeClass, StridesConstantsTypesAndOptionsCountAsTheyAre) {
  EXPECT_EQ(class_of("gemm/f32/m60n64k64btlda70ldb80"), "gemm/f32/m64n64k64btlda70ldb80");
  EXPECT_EQ(class_of("rmsnorm/bf16/r60c4096eps1e-06"), "rmsnorm/bf16/r64c4096eps1e-06");
  EXPECT_EQ(class_of("attention/f32/b1q3kv99h8hkv8d64causalscale0.1"),
            "attention/f32/b1q4kv128h8hkv8d64causalscale0.1");
  EXPECT_EQ(class_of("sample/f32/r3c1000k50temp0.7p0.95"), "sample/f32/r4c1024k64temp0.7p0.95");
  EXPECT_EQ(class_of("swiglu/bf16/r3c1000limit7"), "swiglu/bf16/r4c1024limit7");
  EXPECT_EQ(class_of("scaledgemm/bf16xe4m3/m3n2112k7168ue8m0"),
            "scaledgemm/bf16xe4m3/m4n4096k8192ue8m0");
}

// Of every product of every suite: a class is the class of its own largest case. Strides may be too
// short for that.
TEST(ShapeClass, AClassIsACaseOfItself) {
  for (const Suite& suite : suites()) {
    for (const Problem& problem : suite.cases) {
      const std::string own = shape_class(problem);
      const std::string kernel(kernel_name(problem));
      if (own.find("ld") != std::string::npos) continue;
      if (!kernel.ends_with("gemm")) continue;
      EXPECT_EQ(shape_class(read_case(own)), own) << case_name(problem);
    }
  }
}

}  // namespace
}  // namespace moat
