// SPDX-License-Identifier: Apache-2.0
// The list of problems, and what the harness may ask of any of them.
#pragma once

#include <concepts>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "problems/add_norm.hpp"
#include "problems/add_norm_quantise.hpp"
#include "problems/attention.hpp"
#include "problems/ceiling.hpp"
#include "problems/gather.hpp"
#include "problems/gemm.hpp"
#include "problems/grouped_gemm.hpp"
#include "problems/indexer.hpp"
#include "problems/moe_permute.hpp"
#include "problems/moe_routing.hpp"
#include "problems/moe_unpermute.hpp"
#include "problems/paged_attention.hpp"
#include "problems/quantise.hpp"
#include "problems/reduction.hpp"
#include "problems/rope.hpp"
#include "problems/rows.hpp"
#include "problems/sample.hpp"
#include "problems/scaled_gemm.hpp"
#include "problems/swiglu.hpp"
#include "problems/topk.hpp"
#include "problems/weight_gemm.hpp"

// A problem is a struct of its shape and its pointers; `launch` of kernels/ solves it. The variant,
// the parser of case names, the launchers and all visits follow from this list.
// ROW(problem, more arguments)
#define MOAT_PROBLEMS(ROW, ...)                          \
  ROW(GemmProblem __VA_OPT__(, ) __VA_ARGS__)            \
  ROW(WeightGemmProblem __VA_OPT__(, ) __VA_ARGS__)      \
  ROW(ScaledGemmProblem __VA_OPT__(, ) __VA_ARGS__)      \
  ROW(GroupedGemmProblem __VA_OPT__(, ) __VA_ARGS__)     \
  ROW(AttentionProblem __VA_OPT__(, ) __VA_ARGS__)       \
  ROW(PagedAttentionProblem __VA_OPT__(, ) __VA_ARGS__)  \
  ROW(IndexerProblem __VA_OPT__(, ) __VA_ARGS__)         \
  ROW(ReductionProblem __VA_OPT__(, ) __VA_ARGS__)       \
  ROW(RowsProblem __VA_OPT__(, ) __VA_ARGS__)            \
  ROW(AddNormProblem __VA_OPT__(, ) __VA_ARGS__)         \
  ROW(QuantiseProblem __VA_OPT__(, ) __VA_ARGS__)        \
  ROW(AddNormQuantiseProblem __VA_OPT__(, ) __VA_ARGS__) \
  ROW(RopeProblem __VA_OPT__(, ) __VA_ARGS__)            \
  ROW(SwigluProblem __VA_OPT__(, ) __VA_ARGS__)          \
  ROW(GatherProblem __VA_OPT__(, ) __VA_ARGS__)          \
  ROW(TopkProblem __VA_OPT__(, ) __VA_ARGS__)            \
  ROW(SampleProblem __VA_OPT__(, ) __VA_ARGS__)          \
  ROW(MoeRoutingProblem __VA_OPT__(, ) __VA_ARGS__)      \
  ROW(MoePermuteProblem __VA_OPT__(, ) __VA_ARGS__)      \
  ROW(MoeUnpermuteProblem __VA_OPT__(, ) __VA_ARGS__)    \
  ROW(CeilingProblem __VA_OPT__(, ) __VA_ARGS__)

namespace moat {

// Calls nothing: for the concept.
struct IgnoreOperand {
  void operator()(const Operand&, auto&) const {}
};

// What a problem's own header says of it:
//   kernels_of(Type<P>)     one problem, of whatever shape, for each kernel that cases may name
//   describe(p)             that kernel; its `kernel` is empty if cases do not name it
//   flops(p)                operations of arithmetic
//   work(p)                 how they compare with the bytes that move
//   for_each_operand(p, f)  f(Operand, pointer) for every operand, inputs first
//   shape(p, keys)          visits the keys of its shape; a reader's values change p
//   what_is_wrong(p)        the precondition that its shape misses; empty if it may be solved
template <class P>
concept DescribedProblem = std::copyable<P> &&
    requires(P p, const P& c, ShapeKeys& keys, IgnoreOperand f) {
  { kernels_of(Type<P>{}) } -> std::same_as<std::vector<P>>;
  { describe(c) } -> std::same_as<Description>;
  { flops(c) } -> std::same_as<double>;
  { work(c) } -> std::same_as<Work>;
  { c.dtype } -> std::same_as<const DType&>;
  for_each_operand(p, f);
  for_each_operand(c, f);
  shape(p, keys);
  { what_is_wrong(c) } -> std::same_as<std::string>;
};

// The variant of a list whose rows begin with a comma.
template <class Nothing, DescribedProblem... P>
struct ProblemList {
  using Variant = std::variant<P...>;
};

#define MOAT_ROW(P) , P
using Problem = ProblemList<void MOAT_PROBLEMS(MOAT_ROW)>::Variant;
#undef MOAT_ROW

double flops(const Problem& p);
DType dtype(const Problem& p);
Work work(const Problem& p);
Description describe(const Problem& p);
std::string what_is_wrong(const Problem& p);
void shape(Problem& p, ShapeKeys& keys);

// f(operand, pointer) for every operand; a const Problem has const pointers.
template <Is<Problem> P, class F>
void for_each_operand(P& problem, F&& f) {
  std::visit([&](auto& p) { for_each_operand(p, f); }, problem);
}

// What is written, one or several.
std::vector<Operand> outputs_of(const Problem& p);

// Bytes of all operands, each moved once, and of those that are written.
double bytes(const Problem& p);
double written_bytes(const Problem& p);

// One problem for each kernel that cases may name.
const std::vector<Problem>& kernels();

// That of a kernel's name, of whatever shape; null if there is none.
const Problem* find_kernel(std::string_view name);

// What its files are called, kernels/<kind>.hpp: the name in the list above, such as rows.
std::string kind(const Problem& p);

}  // namespace moat
