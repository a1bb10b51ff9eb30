// SPDX-License-Identifier: Apache-2.0
#include "bench/cases/suites.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "bench/cases/models.hpp"

namespace moat {
namespace {

std::vector<Problem> parse_all(std::initializer_list<std::string_view> names) {
  std::vector<Problem> cases;
  for (const std::string_view name : names) cases.push_back(parse_case(name));
  return cases;
}

Suite quick() {
  return {.name = "quick",
          .description = "every kernel and dtype once, one to three minutes on two cores",
          .source =
              "shapes of a Llama 3.1 8B layer where they are moderate, squares and odd sizes "
              "beside them",
          .cases = parse_all({
              "gemm/f32/m1024n1024k1024",
              "gemm/f16/m1024n1024k1024",
              "gemm/bf16/m1024n1024k1024",
              "gemm/f32/m300n500k700",
              "gemm/bf16/m512n4096k4096bt",
              "gemm/bf16/m1n4096k4096bt",
              "weightonly/bf16xint4/m1n4096k4096",
              "scaledgemm/bf16xe4m3/m1n4096k4096",
              "scaledgemm/bf16xe4m3/m256n2112k1024",
              "groupedgemm/bf16/t64e8top2n512k512",
              "moerouting/f32/t512e256top8groups8limit4scale2.5",
              "moepermute/bf16/t512e256top8c1024",
              "moeunpermute/bf16/t512top8c1024",
              "attention/f32/b1q512kv512h8hkv8d64",
              "attention/bf16/b1q512kv512h32hkv8d128causal",
              "attention/f16/b1q1kv4096h32hkv8d128",
              "pagedattention/bf16/b4q1kv1000p16h32hkv8d128ragged",
              "mla/bf16/b1q1kv1024h128",
              "sparsemla/bf16/b1q1kv8192h128top1024",
              "indexer/bf16/b1q1kv16384h64",
              "sum/f32/n16777216",
              "max/f16/n16777216",
              "argmax/bf16/n16777216",
              "softmax/f32/r16c128256",
              "softmax/bf16/r1024c4096",
              "rmsnorm/f16/r1024c4096",
              "rmsnorm/bf16/r512c4096",
              "addrmsnorm/bf16/r512c4096",
              "swiglu/bf16/r512c14336",
              "rope/bf16/t512h32d128",
              "gather/bf16/v4096t512d4096",
              "topk/f32/r16c128256k50",
              "sample/f32/r16c128256k50temp0.8p0.95",
              "quantise/bf16xe4m3/r512c4096",
              "addrmsnormquant/bf16xe4m3/r512c4096",
          })};
}

// In every dtype: what a new backend has to get right first, small enough for an emulator.
Suite edges() {
  Suite suite{.name = "edges",
              .description = "odd, single and unaligned sizes of every kernel in every dtype",
              .source =
                  "sizes just beyond tiles, vectors and waves, and the shapes that kernels "
                  "treat as special",
              .cases = {}};
  for (const DType type : kDTypes) {
    for (const std::string_view shape : {
             "gemm/{}/m1n1k1",
             "gemm/{}/m1n65k129",
             "gemm/{}/m1n6k2bt",
             "gemm/{}/m15n23k31",
             "gemm/{}/m67n71k73bt",
             "gemm/{}/m136n264k72",
             "gemm/{}/m136n264k72bt",
             "gemm/{}/m30n20k27lda29ldb24ldc33",
             "gemm/{}/m2n40k3008",     // few tiles, whose sums are shared out
             "gemm/{}/m40n60k1504bt",  // likewise
             "groupedgemm/{}/t1e1top1n1k1",
             "groupedgemm/{}/t3e9top2n23k31",   // experts without rows and with one
             "groupedgemm/{}/t70e5top2n67k40",  // one of more rows than a tile
             "groupedgemm/{}/t140e3top2n136k72",
             "groupedgemm/{}/t9e9top3n65k40masked9",
             "groupedgemm/{}/t40e4top2n71k73masked33",
             "groupedgemm/{}/t60e4top2n136k72masked60",
             "moepermute/{}/t1e1top1c1",
             "moepermute/{}/t150e40top3c37",  // indices in two parts
             "moeunpermute/{}/t1top1c1",
             "moeunpermute/{}/t9top4c1031",
             "attention/{}/b1q1kv1h1hkv1d64",
             "attention/{}/b1q20kv9h1hkv1d64causal",   // queries that see no key
             "attention/{}/b2q13kv41h6hkv3d64causal",  // grouped queries
             "attention/{}/b2q13kv40h6hkv3d64",
             "attention/{}/b1q70kv150h2hkv2d128causal",
             "attention/{}/b2q1kv41h6hkv3d128",  // decode
             "attention/{}/b1q1kv501h4hkv2d64",  // few items, whose keys are shared out
             "sum/{}/n1",
             "sum/{}/n30001",
             "max/{}/n1",
             "max/{}/n30001",
             "argmax/{}/n1",
             "argmax/{}/n30001",
             "softmax/{}/r1c1",
             "softmax/{}/r7c1031",
             "softmax/{}/r1c33001",
             "rmsnorm/{}/r1c1",
             "rmsnorm/{}/r7c1031",
             "addrmsnorm/{}/r1c1",
             "addrmsnorm/{}/r7c1031",
             "rope/{}/t1h1d2",
             "rope/{}/t3h5d64",
             "rope/{}/t3h5d64interleaved",
             "rope/{}/t2h3d74",  // halves that begin between whole loads
             "rope/{}/t2h3d74interleaved",
             "swiglu/{}/r1c1",
             "swiglu/{}/r7c1031",
             "swiglu/{}/r3c4099limit7",  // a second part of a row
             "gather/{}/v1t1d1",
             "gather/{}/v50t9d67",
             "gather/{}/v3t7d2051",  // a second part of a row
             "topk/{}/r1c1k1",
             "topk/{}/r9c67k5",
             "topk/{}/r5c1031k8",
             "topk/{}/r1c9001k20",  // parts of a row
             "sample/{}/r1c1k1",
             "sample/{}/r9c1031k20temp0.7p0.9",
             "sample/{}/r1c9001k40",
             "quantise/{}xe4m3/r1c1",
             "quantise/{}xe4m3/r7c1031",
             "quantise/{}xe4m3/r67c512ue8m0",
             "quantise/{}xe4m3/r3c4232",  // a second part of a row
             "quantise/{}xe4m3/r130c300perblock",
             "quantise/{}xe4m3fnuz/r67c512",
             "addrmsnormquant/{}xe4m3/r1c1",
             "addrmsnormquant/{}xe4m3/r7c1031",
             "addrmsnormquant/{}xe4m3/r7c4096ue8m0",
             "addrmsnormquant/{}xe4m3fnuz/r35c300",
             "quantise/{}xe4m3fnuz/r130c264ue8m0perblock",
         }) {
      suite.cases.push_back(parse_case(fmt::format(fmt::runtime(shape), name_of(type))));
    }
  }
  for (const std::string_view name : {
           "moerouting/f32/t1e1top1",
           "moerouting/f32/t9e37top5",
           "moerouting/f32/t9e256top8groups8limit4scale2.5",
           "moerouting/f32/t5e12top6groups6limit3",
           "moerouting/f32/t9e128top8softmax",
       }) {
    suite.cases.push_back(parse_case(name));
  }
  for (const std::string_view name : {
           "mla/bf16xe4m3/b1q1kv1h1",
           "mla/bf16xe4m3/b2q1kv100h5ragged",
           "mla/bf16xe4m3/b1q2kv130h16causal",
       }) {
    suite.cases.push_back(parse_case(name));
  }
  for (const DType type : kHalves) {
    for (const std::string_view shape : {
             "pagedattention/{}/b1q1kv1p1h1hkv1d64",
             "pagedattention/{}/b3q1kv41p16h6hkv3d64ragged",
             "pagedattention/{}/b2q1kv75p1h4hkv2d128raggedsinks",
             "pagedattention/{}/b1q1kv501p64h4hkv2d64",  // few items, whose keys are shared out
             "pagedattention/{}/b1q1kv300p64h8hkv1d256sinkswindow128",
             "pagedattention/{}/b2q13kv40p16h6hkv3d64raggedcausal",  // queries that see no key
             "pagedattention/{}/b1q70kv140p16h2hkv2d192dv128causal",
             "pagedattention/{}/b1q37kv90p1h2hkv1d128causalsinkswindow16",
             "pagedattention/{}/b1q20kv45p64h1hkv1d256",
             "mla/{}/b1q1kv1h1",
             "mla/{}/b2q1kv100h5ragged",
             "mla/{}/b1q2kv130h16causal",
             "sparsemla/{}/b1q1kv1h1top1",
             "sparsemla/{}/b2q3kv150h5top40ragged",
             "sparsemla/{}/b1q4kv2h16top3",  // lists that are short, and empty
             "indexer/{}/b1q1kv1h1",
             "indexer/{}/b2q3kv90h70",
             "indexer/{}/b1q5kv3h64",  // queries that see no key
             "weightonly/{}xint8/m1n1k128",
             "weightonly/{}xint8/m67n71k384",
             "weightonly/{}xint4/m1n65k160",
             "weightonly/{}xint4/m15n23k32",
             "weightonly/{}xint4/m136n264k96",
             "weightonly/{}xint4/m2n40k3072",  // few tiles, whose sums are shared out
             "weightonly/{}xmxfp4/m1n65k160",
             "weightonly/{}xmxfp4/m67n71k96",
             "scaledgemm/{}xe4m3/m1n1k1",
             "scaledgemm/{}xe4m3/m1n65k129",
             "scaledgemm/{}xe4m3/m15n130k300",
             "scaledgemm/{}xe4m3/m70n140k256",
             "scaledgemm/{}xe4m3/m140n72k304ue8m0",  // whole chunks, no whole blocks
             "scaledgemm/{}xe4m3/m2n60k2000",  // few tiles, whose sums are shared out
             "scaledgemm/{}xe4m3fnuz/m1n65k129",
             "scaledgemm/{}xe4m3fnuz/m67n71k200",
             "scaledgemm/{}xe4m3/m1n130k300ue8m0",
             "scaledgemm/{}xe4m3fnuz/m70n140k256ue8m0",
         }) {
      suite.cases.push_back(parse_case(fmt::format(fmt::runtime(shape), name_of(type))));
    }
  }
  return suite;
}

Suite sweep() {
  Suite suite{
      .name = "sweep",
      .description = "powers of two in every dtype: how rates grow with size",
      .source =
          "GEMM squares 128 to 8192, attention 256 to 8192 tokens, vectors of 2^12 to 2^28, rows "
          "of 2^8 to 2^16",
      .cases = {}};
  for (const DType type : kDTypes) {
    for (int n = 128; n <= 8192; n *= 2) {
      suite.cases.emplace_back(GemmProblem{.dtype = type, .m = n, .n = n, .k = n});
    }
    for (int n = 256; n <= 8192; n *= 2) {
      for (const int head_dim : {64, 128}) {
        suite.cases.push_back(parse_case(
            fmt::format("attention/{}/b1q{}kv{}h16hkv16d{}causal", name_of(type), n, n, head_dim)));
      }
    }
    for (const auto op : {ReductionOp::sum, ReductionOp::max, ReductionOp::argmax}) {
      for (std::int64_t n = 1 << 12; n <= 1 << 28; n *= 4) {
        suite.cases.emplace_back(ReductionProblem{.op = op, .dtype = type, .n = n});
      }
    }
    for (const auto op : {RowsOp::softmax, RowsOp::rms_norm}) {
      for (int cols = 1 << 8; cols <= 1 << 16; cols *= 4) {
        suite.cases.emplace_back(
            RowsProblem{.op = op, .dtype = type, .rows = 1 << 10, .cols = cols});
      }
    }
    for (int cols = 1 << 8; cols <= 1 << 16; cols *= 4) {
      suite.cases.emplace_back(SwigluProblem{.dtype = type, .rows = 1 << 10, .cols = cols});
    }
  }
  return suite;
}

bool glob(std::string_view name, std::string_view pattern) {
  // On a mismatch, the last star takes one character more.
  std::size_t n = 0;
  std::size_t p = 0;
  std::size_t star = std::string_view::npos;
  std::size_t resume = 0;
  while (n < name.size()) {
    if (p < pattern.size() && (pattern[p] == '?' || (pattern[p] != '*' && pattern[p] == name[n]))) {
      ++n;
      ++p;
    } else if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      resume = n;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      n = ++resume;
    } else {
      return false;
    }
  }
  return pattern.find_first_not_of('*', p) == std::string_view::npos;
}

}  // namespace

const std::vector<Suite>& suites() {
  static const std::vector<Suite> all = [] {
    std::vector<Suite> made{quick(), edges()};
    std::ranges::move(model_suites(), std::back_inserter(made));
    made.push_back(sweep());
    return made;
  }();
  return all;
}

const Suite& find_suite(std::string_view name) {
  std::string known;
  for (const Suite& suite : suites()) {
    if (suite.name == name) return suite;
    known += (known.empty() ? "" : ", ") + suite.name;
  }
  throw CaseError(fmt::format("there is no suite '{}'; there are {}", name, known));
}

bool matches(std::string_view name, std::string_view pattern) {
  const bool is_glob = pattern.find_first_of("*?") != std::string_view::npos;
  return is_glob ? glob(name, pattern) : name.find(pattern) != std::string_view::npos;
}

}  // namespace moat
