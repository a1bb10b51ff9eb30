// SPDX-License-Identifier: Apache-2.0
#include "bench/software/quantising.hpp"

#include <fmt/format.h>

#include "bench/cases/case.hpp"
#include "bench/verify/operands.hpp"
#include "bench/verify/verify.hpp"

namespace moat {
namespace {

constexpr std::uint64_t kSeed = 1;

std::optional<std::string> cannot_quantise(const Problem& problem, const DeviceInfo&) {
  if (std::holds_alternative<ScaledGemmProblem>(problem)) return std::nullopt;
  return fmt::format("activations are quantised for scaledgemm, not for {}", kernel_name(problem));
}

QuantiseProblem quantisation_of(const Problem& problem) {
  const auto& p = std::get<ScaledGemmProblem>(problem);
  return {.dtype = p.dtype, .code = p.code, .rows = p.m, .cols = p.k, .ue8m0 = p.ue8m0};
}

double codes_and_scales(const Problem& problem) { return written_bytes(quantisation_of(problem)); }

double scratch(const Problem& problem) {
  return static_cast<double>(Operands::bytes(quantisation_of(problem)));
}

std::vector<Step> steps(const Problem& problem) {
  Step quantise = step_of(quantisation_of(problem));
  quantise.written_between = quantise.written;
  return {quantise, step_of(problem)};
}

std::function<void(const Problem&)> prepare(Device& device, const Problem& shape) {
  const Inputs inputs(quantisation_of(shape), kSeed);
  const auto operands = std::make_shared<Operands>(device, inputs);
  const auto solve = [&device](const Problem& p) { device.run(p); };
  const Check check = verify_once(device, *operands, 0, Verifier(inputs), solve);
  if (!check.passed) {
    throw DeviceError(
        fmt::format("{} is wrong: {}", case_name(operands->problem()), check.message));
  }
  return [&device, operands](const Problem& problem) {
    device.run(operands->problem());
    device.run(problem);
  };
}

}  // namespace

Chain quantising_chain() {
  return {.name = "quantising",
          .text = "a product of FP8 codes after as many activations were quantised",
          .unsupported = cannot_quantise,
          .steps = steps,
          .between = codes_and_scales,
          .scratch = scratch,
          .prepare = prepare};
}

}  // namespace moat
