// SPDX-License-Identifier: Apache-2.0
#include "bench/verify/verify.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include "bench/cases/case.hpp"
#include "bench/verify/expected.hpp"
#include "bench/verify/fill.hpp"
#include "bench/verify/random.hpp"

namespace moat {
namespace {

std::unique_ptr<Verifier::Expected> expect_any(const Problem& host, Data data,
                                               const VerifyOptions& options) {
  const auto* gemm = std::get_if<GemmProblem>(&host);
  if (gemm != nullptr && !of_one_type(*gemm)) {
    throw CaseError("a GEMM whose A, B and C are not of one type has no verifier");
  }
  return std::visit([&](const auto& p) { return expect(p, data, options); }, host);
}

// One element of the inputs of max and argmax, on the device: set for a while.
class Planted {
 public:
  Planted(Device& device, const ReductionProblem& on_device, const ReductionProblem& on_host,
          std::int64_t index)
      : device_(device), size_(size_of(on_device.dtype)) {
    const std::int64_t offset = index * static_cast<std::int64_t>(size_);
    // The problem's pointer is const for kernels; the harness owns the memory.
    at_ = const_cast<std::byte*>(static_cast<const std::byte*>(on_device.x)) + offset;
    original_ = static_cast<const std::byte*>(on_host.x) + offset;
    with_dtype(on_device.dtype, [&]<class T>(Type<T>) {
      const T peak = from_float<T>(kPeak);
      device_.upload(at_, &peak, size_);
    });
  }
  ~Planted() { device_.upload(at_, original_, size_); }
  Planted(const Planted&) = delete;
  Planted& operator=(const Planted&) = delete;

  // Above all inputs and exact in every dtype.
  static constexpr float kPeak = 2.0f;

 private:
  Device& device_;
  std::size_t size_;
  std::byte* at_;
  const std::byte* original_;
};

// Values of other inputs on the device for a while.
class Loaded {
 public:
  Loaded(Operands& operands, const Inputs& own, const Inputs& other)
      : operands_(operands), own_(own) {
    operands_.load(other.problem());
  }
  ~Loaded() { operands_.load(own_.problem()); }
  Loaded(const Loaded&) = delete;
  Loaded& operator=(const Loaded&) = delete;

 private:
  Operands& operands_;
  const Inputs& own_;
};

// Where peaks are planted in a vector of n elements: everywhere in a short one; else at its ends,
// on both sides of where it is likely to be divided, and in equal strata at every remainder of 512,
// so that a lane, a chain or a line of a cache which is passed over holds one.
std::vector<std::int64_t> peak_places(std::int64_t n) {
  constexpr std::int64_t kAll = 512;
  constexpr std::int64_t kGrain = 4096;
  std::vector<std::int64_t> places;
  const auto add = [&](std::int64_t at) {
    if (at >= 0 && at < n) places.push_back(at);
  };
  if (n <= kAll) {
    for (std::int64_t i = 0; i < n; ++i) add(i);
    return places;
  }
  add(0);
  add(n - 1);
  const auto border = [&](std::int64_t at) {
    add(at);
    add(at - 1);
  };
  for (int parts = 2; parts <= 8; ++parts) {
    for (int i = 1; i < parts; ++i) border(ceil_div(n * i / parts, kGrain) * kGrain);
  }
  // Solving takes as long as reading the vector.
  const std::int64_t count = std::clamp<std::int64_t>((std::int64_t{1} << 33) / n, 32, kAll);
  for (std::int64_t i = 0; i < count; ++i) {
    const std::int64_t begin = n / count * i;
    const std::int64_t remainder = i * 197 % kAll;  // odd: all of them, in another order
    add(begin + (remainder - begin % kAll + kAll) % kAll);
  }
  for (std::int64_t i = 0; i < count / 4; ++i) {
    const auto any = random_bits(static_cast<std::uint64_t>(n), static_cast<std::uint64_t>(i)) %
                     static_cast<std::uint64_t>(n);
    border(static_cast<std::int64_t>(any) / kGrain * kGrain);
  }
  return places;
}

void solve_poisoned(Device& device, Operands& operands, int output, const Solve& solve) {
  operands.poison(output);
  solve(operands.problem(output));
  device.synchronize();
}

// Empty if every planted peak was found.
std::string find_peaks(Device& device, Operands& operands, int output, const ReductionProblem& host,
                       const Solve& solve) {
  const auto on_device = std::get<ReductionProblem>(operands.problem(output));
  const bool positions = host.op == ReductionOp::argmax;
  const auto n = static_cast<std::uint64_t>(host.n);
  std::uint64_t i = 0;
  for (const std::int64_t first : peak_places(host.n)) {
    const auto place = static_cast<std::uint64_t>(first);
    ++i;
    const Planted peak(device, on_device, host, first);
    // A second peak behind the first: the first position wins.
    std::optional<Planted> second;
    const auto behind = static_cast<std::int64_t>(
        place + 1 + (place + 1 < n ? random_bits(n, i) % (n - place - 1) : 0));
    if (positions && i % 2 == 0 && behind < host.n) {
      second.emplace(device, on_device, host, behind);
    }
    solve_poisoned(device, operands, output, solve);
    const std::vector<std::byte> bytes = operands.download(output);
    if (positions) {
      std::int64_t got = 0;
      std::memcpy(&got, bytes.data(), sizeof got);
      if (got != first) {
        return fmt::format("a peak planted at {}{}: got {}", first,
                           second ? fmt::format(" and at {}", behind) : "", got);
      }
    } else {
      float got = 0;
      std::memcpy(&got, bytes.data(), sizeof got);
      if (got != Planted::kPeak) {
        return fmt::format("a peak of {} planted at {}: got {}", Planted::kPeak, first, got);
      }
    }
  }
  return {};
}

// Of the output: those of softmax and RMSNorm, one for each query of attention.
std::int64_t rows_of(const Problem& problem) {
  const Operand output = outputs_of(problem).front();
  return output.groups * output.rows;
}

}  // namespace

std::unique_ptr<Verifier::Expected> expect(const CeilingProblem&, Data, const VerifyOptions&) {
  throw CaseError("this problem has no verifier");
}

VerifyOptions options_for(const DeviceInfo& device, VerifyOptions options) {
  options.flushes_subnormals = device.flushes_subnormals;
  options.code_sum_bits = device.code_sum_bits;
  return options;
}

Verifier::Verifier(const Inputs& inputs, const VerifyOptions& options)
    : Verifier(inputs.problem(), Data::random_signs, options) {}

Verifier::Verifier(const Problem& host, Data data, const VerifyOptions& options)
    : expected_(expect_any(host, data, options)) {}

const Problem& Verifier::problem() const { return expected_->problem(); }

Verifier::~Verifier() = default;
Verifier::Verifier(Verifier&&) noexcept = default;

Check Verifier::check(std::span<const std::byte> output, Summation summation) const {
  const std::uint64_t size = outputs_bytes(expected_->problem());
  const bool guarded = output.size() == size + kGuardBytes;
  if (!guarded && output.size() != size) {
    Check wrong;
    fail(wrong, fmt::format("the output has {} bytes, not {}", output.size(), size));
    return wrong;
  }
  return expected_->check(output.data(), guarded, summation);
}

Check Verifier::check(const Operands& operands, int output, Summation summation) const {
  return check(operands.download(output), summation);
}

Check check_exactly(std::span<const std::byte> output, std::span<const std::byte> want) {
  const auto size = static_cast<std::int64_t>(want.size());
  Check result{.passed = true, .elements = size, .checked = size};
  if (output.size() < want.size()) {
    fail(result, fmt::format("the output has {} bytes, not {}", output.size(), want.size()));
    return result;
  }
  const auto at = std::ranges::mismatch(output.first(want.size()), want);
  if (at.in2 != want.end()) {
    fail(result, fmt::format("byte {} is {:#04x}, not {:#04x}", at.in2 - want.begin(),
                             std::to_integer<int>(*at.in1), std::to_integer<int>(*at.in2)));
    return result;
  }
  const auto behind = output.subspan(want.size());
  const auto written =
      std::ranges::find_if(behind, [](std::byte b) { return b != std::byte{kPoison}; });
  if (written != behind.end()) {
    fail(result,
         fmt::format("byte {} behind what is to be written was written", written - behind.begin()));
  }
  return result;
}

Check verify(Device& device, Operands& operands, int output, const Inputs& inputs,
             const Verifier& verifier, const Solve& solve, Summation summation) {
  std::string lost;
  const auto* reduction = std::get_if<ReductionProblem>(&inputs.problem());
  if (reduction != nullptr && reduction->op != ReductionOp::sum) {
    lost = find_peaks(device, operands, output, *reduction, solve);
  }
  Check check = verify_once(device, operands, output, verifier, solve, summation);
  if (!lost.empty()) fail(check, lost);
  return check;
}

Check verify_once(Device& device, Operands& operands, int output, const Verifier& verifier,
                  const Solve& solve, Summation summation) {
  solve_poisoned(device, operands, output, solve);
  Check check = verifier.check(operands, output, summation);
  if (const std::string name = operands.changed_input(verifier.problem()); !name.empty()) {
    fail(check, fmt::format("the input {} was written", name));
    operands.load(verifier.problem());  // for those that come after
  }
  return check;
}

Check verify_changed(Device& device, Operands& operands, int output, const Inputs& own,
                     const Inputs& other, const Verifier& of_other, const Solve& solve,
                     Summation summation) {
  const Loaded loaded(operands, own, other);
  return verify_once(device, operands, output, of_other, solve, summation);
}

Check verify_other_kinds(Device& device, Operands& operands, int output, const Inputs& inputs,
                         const Solve& solve, Summation summation, std::uint64_t seed) {
  if (input_bytes(inputs.problem()) > kMostBytesMadeAgain) return {.passed = true};
  const std::int64_t rows = rows_of(inputs.problem());
  std::vector<int> kinds;
  for (std::int64_t kind = rows; kind < row_kinds(inputs.problem()); kind += rows) {
    kinds.push_back(static_cast<int>(kind));
  }
  // What libraries make of what is no number is their own affair.
  if (summation == Summation::folded) {
    for (const int kind : special_kinds(inputs.problem())) kinds.push_back(kind);
  }
  Check check{.passed = true};
  for (std::size_t i = 0; i < kinds.size() && check.passed; ++i) {
    const Inputs other(inputs.problem(), stream_seed(seed, i), kinds[i]);
    const Verifier verifier(other, options_for(device.info()));
    check = verify_changed(device, operands, output, inputs, other, verifier, solve, summation);
  }
  return check;
}

Check verify(Device& device, Operands& operands, int output, const Inputs& inputs,
             const Verifier& verifier) {
  return verify(device, operands, output, inputs, verifier,
                [&](const Problem& problem) { device.run(problem); });
}

}  // namespace moat
