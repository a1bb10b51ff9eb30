// SPDX-License-Identifier: Apache-2.0
// Whether an output is what float64 says it must be.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "backends/device.hpp"
#include "bench/verify/operands.hpp"
#include "problems/reference/bound.hpp"

namespace moat {

using reference::Data;
using reference::Summation;

// An element of an output.
struct CheckedElement {
  std::string where{};  // "row 3, column 17"
  double got = 0;       // may be NaN or infinite
  double want = 0;
  double bound = 0;  // largest allowed |got − want|
};

struct Check {
  bool passed = false;
  // Largest error ÷ bound of all comparisons; at most 1 if passed, infinite for a NaN.
  double error_over_bound = 0;
  std::optional<CheckedElement> worst{};  // empty if every element was exact
  std::int64_t elements = 0;              // of the output
  std::int64_t checked = 0;               // of them compared one by one with the reference
  bool sampled = false;   // not all of them were; the whole output met the invariants
  std::string message{};  // what is wrong; empty if passed
  // Of codes: how far the numbers that they stand for lie from those that were quantised,
  // 1 − 2·Σxy ÷ Σ(x² + y²). Says nothing about whether they are right.
  std::optional<double> quantisation_loss{};
};

struct VerifyOptions {
  // Multiply-adds of float64 work up to which every element is compared.
  double full_work = 1e8;
  // Multiply-adds to spend on the sample of a larger case.
  double sample_work = 1e8;
  // Chooses the sample and the random vectors.
  std::uint64_t seed = 1;
  // What DeviceInfo says of the device that computes the output: the bound allows that.
  bool flushes_subnormals = false;
  std::optional<int> code_sum_bits{};
};

// The options for outputs that this device computes.
VerifyOptions options_for(const DeviceInfo& device, VerifyOptions options = {});

// The float64 reference of one set of inputs, computed once and compared with many outputs.
//
// Bounds are those of problems/reference/bound.hpp. In every output, sampled or not, each element
// must have been written and be no NaN, and the bytes between the rows (leading dimensions) and
// behind the end must not have been. A sampled check compares, in addition, rows and columns drawn
// from strata over the whole output with its corners, and holds all of it to invariants:
// - GEMM: C·x = A·(B·x) and y·C = (y·A)·B for x, y of random signs over bands of columns and rows
//   (Freivalds 1979), weighted so that all rows and columns count alike. An error in an element
//   shows in the sums of its row and its column, which rounding moves by no more than
//   λ · sqrt(Σ bound²).
// - attention: O lies between the least and the largest value that its query sees, in every
//   dimension; whole rows are sampled, one from each stratum.
// - softmax: rows sum to 1, and the largest x has the largest y.
// Sums and maxima (one element) and RMSNorm are never sampled.
class Verifier {
 public:
  // The inputs must outlive the verifier.
  explicit Verifier(const Inputs& inputs, const VerifyOptions& options = {});

  // For inputs that the caller made on the host; with Data::any only worst-case bounds are used.
  Verifier(const Problem& host, Data data, const VerifyOptions& options = {});

  // With the host's inputs.
  const Problem& problem() const;

  ~Verifier();
  Verifier(Verifier&&) noexcept;

  // An output on the host: outputs_bytes(problem), or with kGuardBytes behind it. `summation` is
  // how the implementation adds up (sum only): libraries are allowed any order in plain f32.
  Check check(std::span<const std::byte> output, Summation summation = Summation::folded) const;

  // The same for an output on a device, as it is now.
  Check check(const Operands& operands, int output = 0,
              Summation summation = Summation::folded) const;

  class Expected;

 private:
  std::unique_ptr<Expected> expected_;
};

// Whether an output begins with exactly these bytes, and was not written behind them. An element
// of the check is a byte.
Check check_exactly(std::span<const std::byte> output, std::span<const std::byte> want);

// Solves a problem whose pointers are the device's; returns after it is enqueued or done.
using Solve = std::function<void(const Problem&)>;

// Poisons the output, solves the problem once, waits for the device and checks. For max and argmax
// the problem is also solved with a planted peak (argmax: two) at hundreds of positions, as else
// most of the vector could be ignored unnoticed; the inputs are restored after.
Check verify(Device& device, Operands& operands, int output, const Inputs& inputs,
             const Verifier& verifier, const Solve& solve, Summation summation = Summation::folded);

// The same without planted peaks. Fails, too, if an input was written, and restores it then.
Check verify_once(Device& device, Operands& operands, int output, const Verifier& verifier,
                  const Solve& solve, Summation summation = Summation::folded);

// Whether the inputs are read at each call, as of an implementation that kept its results, or what
// it computed on the way, while it was timed: solves the problem with the values of `other` at the
// same addresses, and restores those of `own` after.
Check verify_changed(Device& device, Operands& operands, int output, const Inputs& own,
                     const Inputs& other, const Verifier& of_other, const Solve& solve,
                     Summation summation = Summation::folded);

// Bytes of inputs up to which they are made once more, for a check of its own.
inline constexpr std::uint64_t kMostBytesMadeAgain = std::uint64_t{1} << 28;

// Whether the kinds of rows are right, too, that a problem of few rows has no room for: of softmax,
// RMSNorm and attention (fill.hpp). Of those that promise folded sums, our own, also what softmax,
// max and argmax make of −∞ and NaN. Passed if there are none, and of inputs too large to make them
// once more.
Check verify_other_kinds(Device& device, Operands& operands, int output, const Inputs& inputs,
                         const Solve& solve, Summation summation = Summation::folded,
                         std::uint64_t seed = 1);

// `verify` with the device's own kernel.
Check verify(Device& device, Operands& operands, int output, const Inputs& inputs,
             const Verifier& verifier);

}  // namespace moat
