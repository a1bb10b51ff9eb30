// SPDX-License-Identifier: Apache-2.0
#include "problems/reference/grouped_gemm.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "bench/verify/fill.hpp"
#include "bench/verify/product.hpp"
#include "bench/verify/random.hpp"

namespace moat {
namespace {

// Every expert's product is held to what a GEMM is held to; in masked matrices the other rows must
// be as they were.
class ExpectedGroups : public Verifier::Expected {
 public:
  ExpectedGroups(const GroupedGemmProblem& p, Data data, const VerifyOptions& options)
      : p_(p), problem_(p) {
    products_ = reference::expert_products(p);
    for (const auto& [_, gemm] : products_) {
      if (gemm.m == 0) {
        expected_.push_back(nullptr);
        continue;
      }
      VerifyOptions share = options;
      share.full_work *= static_cast<double>(gemm.m) / total_rows(p);
      share.sample_work *= static_cast<double>(gemm.m) / total_rows(p);
      share.seed = stream_seed(options.seed, expected_.size());
      expected_.push_back(expect_product(
          {.operands = gemm, .result = p.dtype, .multiplied = p.dtype, .problem = gemm}, data,
          share));
    }
  }

  const Problem& problem() const override { return problem_; }

  Check check(const std::byte* output, bool guarded, Summation summation) const override {
    const auto row_bytes = static_cast<std::int64_t>(size_of(p_.dtype)) * p_.n;
    Check all{.passed = true};
    for (std::size_t e = 0; e < expected_.size(); ++e) {
      const auto& [first, gemm] = products_[e];
      if (expected_[e] != nullptr) {
        merge(all, expected_[e]->check(output + first * row_bytes, false, summation), e);
      }
      if (p_.masked > 0) {
        const std::byte* begin = output + (first + gemm.m) * row_bytes;
        const std::byte* end = output + (first + p_.masked) * row_bytes;
        const auto* written =
            std::find_if(begin, end, [](std::byte b) { return b != std::byte{kPoison}; });
        if (written != end) {
          fail(all, fmt::format("expert {}: row {} was written, and {} count", e,
                                gemm.m + (written - begin) / row_bytes, gemm.m));
        }
      }
    }
    if (guarded) check_guard(all, output, outputs_bytes(problem_));
    return all;
  }

 private:
  static void merge(Check& all, const Check& one, std::size_t expert) {
    const auto of_expert = [&](const std::string& text) {
      return fmt::format("expert {}: {}", expert, text);
    };
    all.elements += one.elements;
    all.checked += one.checked;
    all.sampled |= one.sampled;
    if (one.error_over_bound > all.error_over_bound) {
      all.error_over_bound = one.error_over_bound;
      all.worst = one.worst;
      if (all.worst) all.worst->where = of_expert(all.worst->where);
    }
    if (!one.passed) {
      all.passed = false;
      if (all.message.empty()) all.message = of_expert(one.message);
    }
  }

  GroupedGemmProblem p_;
  Problem problem_;
  std::vector<reference::ExpertProduct> products_;
  std::vector<std::unique_ptr<Verifier::Expected>> expected_;  // null without rows
};

}  // namespace

// Experts' rows as the shape says, with A and B of each as those of a GEMM. What no product uses,
// the rows of A that do not count and the matrices of experts without rows, is NaN.
void fill(const GroupedGemmProblem& p, std::uint64_t seed, int first) {
  auto* rows = const_cast<std::int64_t*>(static_cast<const std::int64_t*>(p.rows));
  std::int64_t bound = 0;
  for (const std::int64_t count : expert_rows(p)) {
    *rows++ = p.masked > 0 ? count : bound;
    bound += count;
  }
  if (p.masked == 0) *rows = bound;
  with_dtype(p.dtype, [&]<class T>(Type<T>) {
    const auto waste = [](const T* from, std::int64_t count) {
      std::fill_n(const_cast<T*>(from), count,
                  from_float<T>(std::numeric_limits<float>::quiet_NaN()));
    };
    const auto* a = static_cast<const T*>(p.a);
    for (const auto& [begin, gemm] : reference::expert_products(p)) {
      if (p.masked > 0) waste(a + (begin + gemm.m) * p.k, (p.masked - gemm.m) * p.k);
      if (gemm.m == 0) {
        waste(static_cast<const T*>(gemm.b), std::int64_t{p.n} * p.k);
      } else {
        fill(gemm, seed, first);
      }
    }
  });
}
int row_kinds(const GroupedGemmProblem&) { return 0; }

std::unique_ptr<Verifier::Expected> expect(const GroupedGemmProblem& host, Data data,
                                           const VerifyOptions& options) {
  return std::make_unique<ExpectedGroups>(host, data, options);
}

}  // namespace moat
