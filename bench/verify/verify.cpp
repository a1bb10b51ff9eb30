// SPDX-License-Identifier: Apache-2.0
#include "bench/verify/verify.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include "bench/cases/case.hpp"
#include "bench/verify/expected.hpp"
#include "bench/verify/random.hpp"

namespace moat {
namespace {

std::unique_ptr<Verifier::Expected> expect_any(const Problem& host, Data data,
                                               const VerifyOptions& options) {
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

// The input that a symmetry changes (null: none does), and its elements.
struct Symmetric {
  const void* data;
  std::int64_t count;
  DType type;
  bool reversed;  // else of the other sign
};

Symmetric symmetric(const Problem& problem) {
  Symmetric found{};
  for_each_operand(problem, [&](const Operand& o, const auto& pointer) {
    if (o.symmetry == Symmetry::none) return;
    found = {pointer, static_cast<std::int64_t>(extent(o)), o.type,
             o.symmetry == Symmetry::reversible};
  });
  return found;
}

template <class T>
void apply(bool reversed, std::span<T> x) {
  if (reversed) {
    std::ranges::reverse(x);
  } else {
    for (T& value : x) value = from_float<T>(-to_float(value));
  }
}

// Inputs on the device that are changed for a while.
class Changed {
 public:
  Changed(Device& device, const Problem& on_device, const Problem& on_host)
      : device_(device), host_(symmetric(on_host)), size_(size_of(host_.type)) {
    // The problem's pointer is const for kernels; the harness owns the memory.
    at_ = const_cast<void*>(symmetric(on_device).data);
    with_dtype(host_.type, [&]<class T>(Type<T>) {
      const auto* from = static_cast<const T*>(host_.data);
      std::vector<T> changed(from, from + host_.count);
      apply(host_.reversed, std::span<T>(changed));
      device_.upload(at_, changed.data(), changed.size() * sizeof(T));
    });
  }
  ~Changed() { device_.upload(at_, host_.data, static_cast<std::size_t>(host_.count) * size_); }
  Changed(const Changed&) = delete;
  Changed& operator=(const Changed&) = delete;

 private:
  Device& device_;
  Symmetric host_;
  std::size_t size_;
  void* at_;
};

// Undoes in an output what `Changed` does to it. Poison stays.
void restore(const Problem& problem, std::vector<std::byte>& output) {
  const std::size_t bytes = output.size() - kGuardBytes;
  with_dtype(output_of(problem).type, [&]<class T>(Type<T>) {
    std::span<T> y(reinterpret_cast<T*>(output.data()), bytes / sizeof(T));
    if (symmetric(problem).reversed) return apply(true, y);
    for (T& value : y) {
      if (!std::isnan(to_float(value))) value = from_float<T>(-to_float(value));
    }
  });
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
  constexpr std::uint64_t kPlaces = 8;
  for (std::uint64_t i = 0; i < kPlaces; ++i) {
    const std::uint64_t any = random_bits(n, i) % n;
    const std::uint64_t place = i == 0 ? 0 : i == 1 ? n - 1 : i == 2 ? n / 2 : any;
    const auto first = static_cast<std::int64_t>(place);
    const Planted peak(device, on_device, host, first);
    // A second peak behind the first: the first position wins.
    std::optional<Planted> second;
    const auto behind = static_cast<std::int64_t>(
        place + 1 + (place + 1 < n ? random_bits(n, kPlaces + i) % (n - place - 1) : 0));
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

}  // namespace

std::unique_ptr<Verifier::Expected> expect(const CeilingProblem&, Data, const VerifyOptions&) {
  throw CaseError("this problem has no verifier");
}

Verifier::Verifier(const Inputs& inputs, const VerifyOptions& options)
    : Verifier(inputs.problem(), Data::random_signs, options) {}

Verifier::Verifier(const Problem& host, Data data, const VerifyOptions& options)
    : expected_(expect_any(host, data, options)) {}

Verifier::~Verifier() = default;
Verifier::Verifier(Verifier&&) noexcept = default;

Check Verifier::check(std::span<const std::byte> output, Summation summation) const {
  const std::uint64_t size = output_bytes(expected_->problem());
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
  solve_poisoned(device, operands, output, solve);
  Check check = verifier.check(operands, output, summation);
  if (!lost.empty()) fail(check, lost);
  return check;
}

Check verify_changed(Device& device, Operands& operands, int output, const Inputs& inputs,
                     const Verifier& verifier, const Solve& solve, Summation summation) {
  if (symmetric(inputs.problem()).data == nullptr) {
    return verify(device, operands, output, inputs, verifier, solve, summation);
  }
  const Changed changed(device, operands.problem(output), inputs.problem());
  solve_poisoned(device, operands, output, solve);
  std::vector<std::byte> bytes = operands.download(output);
  restore(inputs.problem(), bytes);
  return verifier.check(bytes, summation);
}

Check verify(Device& device, Operands& operands, int output, const Inputs& inputs,
             const Verifier& verifier) {
  return verify(device, operands, output, inputs, verifier,
                [&](const Problem& problem) { device.run(problem); });
}

}  // namespace moat
