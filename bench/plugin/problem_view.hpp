// SPDX-License-Identifier: Apache-2.0
// A problem as moat/plugin.h has it.
#pragma once

#include <string>
#include <variant>

#include "include/moat/plugin.h"
#include "problems/problem.hpp"

namespace moat {

// Why plug-ins cannot be given this problem; empty if they can.
std::string why_no_view(const Problem& problem);

// The struct of a problem's kind and what points to it. Neither copied nor moved.
class ProblemView {
 public:
  // Of a problem that has a view; throws std::logic_error for others.
  explicit ProblemView(const Problem& problem);
  ProblemView(const ProblemView&) = delete;
  ProblemView& operator=(const ProblemView&) = delete;

  const MoatProblem& get() const { return view_; }

 private:
  template <class T>
  T& hold(int kind, const T*& pointer);

  std::variant<MoatGemm, MoatWeightGemm, MoatScaledGemm, MoatAttention, MoatReduction, MoatRows,
               MoatAddRmsNorm, MoatSwiglu>
      of_;
  MoatProblem view_{};
};

}  // namespace moat
