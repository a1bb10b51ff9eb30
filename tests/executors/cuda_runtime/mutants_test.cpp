// SPDX-License-Identifier: Apache-2.0
// Does the executor see what is wrong with PTX? One thing at a time is changed in a kernel of the
// build; the change is found if the executor reports a fault or the result fails its check.
#include "tests/executors/ptx/mutants.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <cstdio>
#include <memory>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "backends/cuda/device.hpp"
#include "bench/cases/suites.hpp"
#include "bench/verify/verify.hpp"
#include "tests/executors/cuda_runtime/stand_in.hpp"

namespace moat {
namespace {

// Changes of an order that nothing can see, and why.
struct Explained {
  std::string_view what;
  std::string_view at;  // a part of the statement
  std::string_view why;
};
constexpr Explained kExplained[] = {
    {"removed", "fence.mbarrier_init", "fence.proxy.async follows, which shows mbarriers too"},
    {"removed", "fence.proxy.async",
     "fence.mbarrier_init came before, and nothing else is to show"},
    {"removed", "setmaxnreg.inc", "how many registers a warp has is ptxas's matter"},
};

// A problem, and how many of its kernels' synchronising instructions order nothing there.
struct Subject {
  const char* architecture;
  const char* problem;
  int needless;
  const char* why;
};
constexpr const char* kOneTile =
    "the barrier behind the last step protects the stages from the next tile, and a block has one";
constexpr const char* kFlag = "what follows the read of last_arrival's flag waits before it writes";

// Null if the build has no code for it.
std::unique_ptr<Device> open(std::string_view architecture) {
  for (auto& device : list_cuda_devices().devices) {
    if (device->info().architecture == architecture) return std::move(device);
  }
  return nullptr;
}

struct Outcome {
  std::string found;  // how; empty if it was not
  std::vector<std::byte> output;
};

// On a device of its own, as the mutant may leave its counters in any state.
Outcome solve(const Subject& subject, const Inputs& inputs, const Verifier& verifier) {
  Outcome outcome;
  try {
    const auto device = open(subject.architecture);
    Operands operands(*device, inputs);
    const Check check =
        verify_once(*device, operands, 0, verifier, [&](const Problem& p) { device->run(p); });
    outcome.output = operands.download(0);
    if (!check.passed) outcome.found = "wrong: " + check.message;
  } catch (const DeviceError& e) {
    outcome.found = cuda_runtime::take_fault();
    if (outcome.found.empty()) outcome.found = e.what();
  }
  return outcome;
}

std::string_view explained(const ptx::Mutant& mutant) {
  const auto it = std::ranges::find_if(kExplained, [&](const Explained& e) {
    return mutant.what == e.what && mutant.at.find(e.at) != std::string::npos;
  });
  return it == std::end(kExplained) ? std::string_view{} : it->why;
}

// GoogleTest prints the bytes of what it does not know.
void PrintTo(const Subject& subject, std::ostream* out) {
  *out << subject.architecture << ' ' << subject.problem;
}

class PtxMutants : public testing::TestWithParam<Subject> {};

TEST_P(PtxMutants, AreFound) {
  const Subject subject = GetParam();
  VerifyOptions options;
  if (const auto device = open(subject.architecture)) {
    options = options_for(device->info());
  } else {
    GTEST_SKIP() << "this build has no code for " << subject.architecture;
  }
  const Inputs inputs(parse_case(subject.problem), 1);
  const Verifier verifier(inputs, options);
  cuda_runtime::forget_launched();
  cuda_runtime::limit_instructions(std::uint64_t{1} << 31);
  const Outcome original = solve(subject, inputs, verifier);
  ASSERT_EQ(original.found, "");

  int found = 0;
  int unchanged = 0;
  int missed = 0;
  int needless = 0;
  for (const cuda_runtime::Launched& launched : cuda_runtime::launched()) {
    cuda_runtime::limit_instructions(4 * launched.counts.warp_instructions + 100'000);
    for (const ptx::Mutant& mutant :
         ptx::mutants(*launched.code, launched.text, launched.visits, 1000)) {
      SCOPED_TRACE(mutant.what + ", " + mutant.at);
      cuda_runtime::replace_entry(launched.kernel, mutant.text);
      const Outcome outcome = solve(subject, inputs, verifier);
      // What cannot be read is found for no reason of its own.
      EXPECT_EQ(outcome.found.find("PTX line"), std::string::npos) << outcome.found;
      if (!outcome.found.empty()) {
        ++found;
      } else if (!explained(mutant).empty() ||
                 (!mutant.orders && outcome.output == original.output)) {
        ++unchanged;
      } else if (mutant.what == "removed" && outcome.output == original.output) {
        ++needless;
        fmt::print("needless: {}\n", mutant.at.substr(0, 120));
      } else {
        ++missed;
        fmt::print("missed: {}, {}{}\n", mutant.what, mutant.at.substr(0, 120),
                   outcome.output == original.output ? "" : ": another result");
      }
    }
    cuda_runtime::replace_entry(launched.kernel, "");
  }
  fmt::print("{} of {} mutants found; {} more change nothing that can be seen\n", found,
             found + missed, unchanged + needless);
  std::fflush(stdout);
  EXPECT_GT(found, 50);
  EXPECT_EQ(needless, subject.needless) << subject.why;
  EXPECT_GE(found, 0.95 * (found + missed));
}

std::string name(const testing::TestParamInfo<Subject>& info) {
  std::string name = fmt::format("{}_{}", info.param.architecture, info.param.problem);
  std::ranges::replace_if(
      name, [](unsigned char c) { return std::isalnum(c) == 0; }, '_');
  return name;
}

INSTANTIATE_TEST_SUITE_P(
    Kernels, PtxMutants,
    testing::Values(Subject{"sm_80", "gemm/f16/m70n70k200", 1, kOneTile},
                    Subject{"sm_80", "gemm/f32/m67n72k140bt", 1, kOneTile},
                    Subject{"sm_80", "attention/bf16/b1q70kv150h2hkv2d64causal", 1, kOneTile},
                    Subject{"sm_80", "attention/f16/b1q1kv501h4hkv2d64", 1, kOneTile},
                    Subject{"sm_80", "sum/f32/n30001", 1, kFlag},
                    Subject{"sm_80", "softmax/f16/r7c1031", 0, ""},
                    Subject{"sm_90a", "gemm/bf16/m136n264k328", 0, ""},
                    Subject{"sm_90a", "gemm/f16/m136n264k328bt", 0, ""},
                    Subject{"sm_90a", "attention/bf16/b1q140kv300h3hkv3d64causal", 0, ""}),
    name);

}  // namespace
}  // namespace moat
