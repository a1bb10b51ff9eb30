// SPDX-License-Identifier: Apache-2.0
#include "bench/plugin/problem_view.hpp"

#include <fmt/format.h>

#include <stdexcept>

namespace moat {
namespace {

constexpr int type_of(DType t) {
  switch (t) {
    case DType::f32:
      return MOAT_F32;
    case DType::f16:
      return MOAT_F16;
    case DType::bf16:
      return MOAT_BF16;
  }
  throw std::logic_error("a type that moat/plugin.h lacks");
}

constexpr int code_of(Code c) {
  switch (c) {
    case Code::int8:
      return MOAT_INT8;
    case Code::int4:
      return MOAT_INT4;
    case Code::mxfp4:
      return MOAT_MXFP4;
    case Code::e4m3:
      return MOAT_E4M3;
    case Code::e4m3fnuz:
      return MOAT_E4M3FNUZ;
    case Code::e5m2:
    case Code::e8m0:
      break;
  }
  throw std::logic_error("a code that moat/plugin.h lacks");
}

constexpr int kind_of(ReductionOp op) {
  switch (op) {
    case ReductionOp::sum:
      return MOAT_SUM;
    case ReductionOp::max:
      return MOAT_MAX;
    case ReductionOp::argmax:
      return MOAT_ARGMAX;
  }
  throw std::logic_error("a reduction that moat/plugin.h lacks");
}

constexpr std::int64_t leading(std::int64_t given, int width) { return given > 0 ? given : width; }

// Which problems have a view. A problem that is new must be entered here, or in the other list.
template <class P>
struct HasView;
#define MOAT_VIEWED(P) \
  template <>          \
  struct HasView<P> : std::true_type {};
#define MOAT_NOT_VIEWED(P) \
  template <>              \
  struct HasView<P> : std::false_type {};
MOAT_VIEWED(GemmProblem)
MOAT_VIEWED(WeightGemmProblem)
MOAT_VIEWED(ScaledGemmProblem)
MOAT_VIEWED(AttentionProblem)
MOAT_VIEWED(ReductionProblem)
MOAT_VIEWED(RowsProblem)
MOAT_VIEWED(AddNormProblem)
MOAT_VIEWED(SwigluProblem)
MOAT_NOT_VIEWED(GroupedGemmProblem)
MOAT_NOT_VIEWED(PagedAttentionProblem)
MOAT_NOT_VIEWED(IndexerProblem)
MOAT_NOT_VIEWED(QuantiseProblem)
MOAT_NOT_VIEWED(AddNormQuantiseProblem)
MOAT_NOT_VIEWED(RopeProblem)
MOAT_NOT_VIEWED(GatherProblem)
MOAT_NOT_VIEWED(TopkProblem)
MOAT_NOT_VIEWED(SampleProblem)
MOAT_NOT_VIEWED(MoeRoutingProblem)
MOAT_NOT_VIEWED(MoePermuteProblem)
MOAT_NOT_VIEWED(MoeUnpermuteProblem)
MOAT_NOT_VIEWED(CeilingProblem)
#undef MOAT_VIEWED
#undef MOAT_NOT_VIEWED

}  // namespace

std::string why_no_view(const Problem& problem) {
  return std::visit(
      []<class P>(const P& p) -> std::string {
        if constexpr (std::is_same_v<P, GemmProblem>) {
          if (!of_one_type(p)) return "moat/plugin.h has no GEMM whose operands differ in type";
        }
        if constexpr (HasView<P>::value) return "";
        return fmt::format("moat/plugin.h has no {}", describe(p).kernel);
      },
      problem);
}

template <class T>
T& ProblemView::hold(int kind, const T*& pointer) {
  T& of = of_.emplace<T>();
  of.size = sizeof of;
  view_.size = sizeof view_;
  view_.kind = kind;
  pointer = &of;
  return of;
}

// Each problem is taken apart by name: one with a field more does not compile until it is told
// here.
ProblemView::ProblemView(const Problem& problem) {
  const auto view = [this]<class P>(const P& p) {
    if constexpr (std::is_same_v<P, GemmProblem>) {
      const auto& [type, m, n, k, order, lda, ldb, ldc, a, b, c, type_b, type_c] = p;
      if (!of_one_type(p)) throw std::logic_error("a GEMM of several types has no view");
      const bool bt = order == Order::transposed;
      hold(MOAT_GEMM, view_.as.gemm) = {.size = sizeof(MoatGemm),
                                        .type = type_of(type),
                                        .m = m,
                                        .n = n,
                                        .k = k,
                                        .b_transposed = bt ? 1 : 0,
                                        .lda = leading(lda, k),
                                        .ldb = leading(ldb, bt ? k : n),
                                        .ldc = leading(ldc, n),
                                        .a = a,
                                        .b = b,
                                        .c = c};
    } else if constexpr (std::is_same_v<P, WeightGemmProblem>) {
      const auto& [type, code, m, n, k, a, w, scales, c] = p;
      hold(MOAT_WEIGHT_GEMM, view_.as.weight_gemm) = {.size = sizeof(MoatWeightGemm),
                                                      .type = type_of(type),
                                                      .code = code_of(code),
                                                      .m = m,
                                                      .n = n,
                                                      .k = k,
                                                      .group = group(p),
                                                      .a = a,
                                                      .w = w,
                                                      .scales = scales,
                                                      .c = c};
    } else if constexpr (std::is_same_v<P, ScaledGemmProblem>) {
      const auto& [type, code, m, n, k, ue8m0, a, a_scales, b, b_scales, c] = p;
      hold(MOAT_SCALED_GEMM, view_.as.scaled_gemm) = {.size = sizeof(MoatScaledGemm),
                                                      .type = type_of(type),
                                                      .code = code_of(code),
                                                      .m = m,
                                                      .n = n,
                                                      .k = k,
                                                      .ue8m0 = ue8m0 ? 1 : 0,
                                                      .a = a,
                                                      .a_scales = a_scales,
                                                      .b = b,
                                                      .b_scales = b_scales,
                                                      .c = c};
    } else if constexpr (std::is_same_v<P, AttentionProblem>) {
      const auto& [type, batch, q_heads, kv_heads, q_len, kv_len, head_dim, causal, scale, q, k, v,
                   o] = p;
      hold(MOAT_ATTENTION, view_.as.attention) = {.size = sizeof(MoatAttention),
                                                  .type = type_of(type),
                                                  .batch = batch,
                                                  .q_heads = q_heads,
                                                  .kv_heads = kv_heads,
                                                  .q_len = q_len,
                                                  .kv_len = kv_len,
                                                  .head_dim = head_dim,
                                                  .causal = causal ? 1 : 0,
                                                  .scale = scale,
                                                  .q = q,
                                                  .k = k,
                                                  .v = v,
                                                  .o = o};
    } else if constexpr (std::is_same_v<P, ReductionProblem>) {
      const auto& [op, type, n, x, result] = p;
      hold(kind_of(op), view_.as.reduction) = {
          .size = sizeof(MoatReduction), .type = type_of(type), .n = n, .x = x, .result = result};
    } else if constexpr (std::is_same_v<P, RowsProblem>) {
      const auto& [op, type, rows, cols, epsilon, x, weight, y] = p;
      const int kind = has_weight(op) ? MOAT_RMS_NORM : MOAT_SOFTMAX;
      hold(kind, view_.as.rows) = {.size = sizeof(MoatRows),
                                   .type = type_of(type),
                                   .rows = rows,
                                   .cols = cols,
                                   .epsilon = epsilon,
                                   .x = x,
                                   .weight = weight,
                                   .y = y};
    } else if constexpr (std::is_same_v<P, AddNormProblem>) {
      const auto& [type, rows, cols, epsilon, x, residual, weight, sum, y] = p;
      hold(MOAT_ADD_RMS_NORM, view_.as.add_rms_norm) = {.size = sizeof(MoatAddRmsNorm),
                                                        .type = type_of(type),
                                                        .rows = rows,
                                                        .cols = cols,
                                                        .epsilon = epsilon,
                                                        .x = x,
                                                        .residual = residual,
                                                        .weight = weight,
                                                        .sum = sum,
                                                        .y = y};
    } else if constexpr (std::is_same_v<P, SwigluProblem>) {
      const auto& [type, rows, cols, limit, x, y] = p;
      hold(MOAT_SWIGLU, view_.as.swiglu) = {.size = sizeof(MoatSwiglu),
                                            .type = type_of(type),
                                            .rows = rows,
                                            .cols = cols,
                                            .limit = limit,
                                            .x = x,
                                            .y = y};
    } else {
      static_assert(!HasView<P>::value);
      throw std::logic_error("a problem without a view");
    }
  };
  std::visit(view, problem);
}

}  // namespace moat
