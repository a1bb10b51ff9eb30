// SPDX-License-Identifier: Apache-2.0
// Our kernels beside the libraries and yardsticks of the same record.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bench/compare/bootstrap.hpp"
#include "bench/compare/comparison.hpp"
#include "bench/record/record.hpp"

namespace moat {

// Samples of all series of a case.
int samples_of(const CaseRecord& c);

// Samples of all cases that other work disturbed, and all that were taken.
struct DisturbedSamples {
  std::size_t disturbed = 0;
  std::size_t all = 0;
};
DisturbedSamples disturbed_samples(const Record& record);

// Samples behind the ratio of our case to another implementation of its problem on its device: of
// the side that has fewer, 0 if that one has no result; of ours alone if the record lacks the
// other's case.
int samples_beside(const Record& record, const CaseRecord& ours, std::string_view implementation);

// Ours beside one other.
struct Beside {
  std::string problem;
  std::string kernel;
  std::string backend;
  int device = 0;
  std::string other;                   // a library, a yardstick, or the problem of `rate_of`
  std::optional<double> seconds;       // ours, the median of a call
  std::optional<RatioEstimate> speed;  // the other's time ÷ ours: above 1 ours is faster
  int samples = 0;                     // of the side that has fewer
  Verdict verdict = Verdict::inconclusive;
  std::string reason;  // of a verdict that is not faster, slower or same
};

// One entry for each of our cases and each other implementation that was asked to solve the same
// problem on the same device. With `rate_of`, a problem such as gemm/f32/m2048n2048k2048, also one
// for each of our cases and that problem: there, and beside the yardstick `product`, `speed` is the
// ratio of the FLOP rates. `threshold`
// is the smallest difference that counts.
std::vector<Beside> beside(const Record& record, const std::string& rate_of, double threshold,
                           const BootstrapOptions& options);

}  // namespace moat
