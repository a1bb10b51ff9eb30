// SPDX-License-Identifier: Apache-2.0
// The machine code of this build's kernels: all of it is known, and the executor sees what is wrong
// in it. Kernels of the build are changed in single words and solve small problems; what changes
// the result, or the order of memory operations, must be found: as a fault, or by verification.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "backends/hip/device.hpp"
#include "bench/cases/case.hpp"
#include "bench/verify/verify.hpp"
#include "tests/executors/hip_runtime/mutations.hpp"

namespace moat::hip_runtime {
namespace {

struct Tally {
  int tried = 0;
  int equal = 0;  // same result, same order
  int faults = 0;
  int wrong = 0;   // by verification
  int missed = 0;  // another result or order, and nobody noticed
};

// A problem on the interpreted device.
class Trial {
 public:
  explicit Trial(std::string_view name)
      : inputs_(parse_case(name), 1),
        devices_(list_hip_devices()),
        verifier_(inputs_, {.flushes_subnormals = device().info().flushes_subnormals}),
        operands_(std::make_unique<Operands>(device(), inputs_, 1)) {}

  struct Outcome {
    std::string fault;
    Check check;
    std::vector<std::byte> output;
  };

  Outcome solve() {
    Outcome o;
    operands_->poison(0);
    try {
      device().run(operands_->problem(0));
      device().synchronize();
    } catch (const DeviceError& e) {
      o.fault = e.what();
    }
    o.output = operands_->download(0);
    o.check = verifier_.check(o.output);
    return o;
  }

  // What a wrong launch left in device memory, such as the count of arrivals, is gone then.
  void reopen() {
    operands_.reset();
    devices_ = list_hip_devices();
    operands_ = std::make_unique<Operands>(device(), inputs_, 1);
  }

 private:
  Device& device() { return *devices_.devices.at(0); }

  Inputs inputs_;
  DeviceList devices_;
  Verifier verifier_;
  std::unique_ptr<Operands> operands_;
};

// At most `most` of a kind, spread over all of them.
std::vector<Mutation> spread(const std::vector<Mutation>& all, std::size_t most) {
  std::map<std::string, std::vector<Mutation>> by_kind;
  for (const Mutation& m : all) {
    // Waits that end nothing order nothing.
    if (m.kind.starts_with("wait") && !m.changes_order) continue;
    by_kind[m.kind].push_back(m);
  }
  std::vector<Mutation> chosen;
  for (const auto& [kind, of_kind] : by_kind) {
    const std::size_t count = std::min(most, of_kind.size());
    for (std::size_t i = 0; i < count; ++i) chosen.push_back(of_kind[i * of_kind.size() / count]);
  }
  return chosen;
}

TEST(MachineCode, IsDecodedCompletely) {
  const Interpreter::Decoded all = Interpreter::instance().decode_all();
  EXPECT_GT(all.kernels, 60);
  for (const std::string& line : all.unknown) ADD_FAILURE() << line;
}

TEST(MachineCode, AllocationsAreOutOfReachOfEachOther) {
  Interpreter& interpreter = Interpreter::instance();
  std::vector<std::uintptr_t> begins;
  for (int i = 0; i < 64; ++i) {
    begins.push_back(reinterpret_cast<std::uintptr_t>(interpreter.allocate(1000)));
  }
  std::ranges::sort(begins);
  for (std::size_t i = 1; i < begins.size(); ++i) {
    EXPECT_GE(begins[i] - begins[i - 1], std::uintptr_t{1} << 32);
  }
  for (const std::uintptr_t p : begins) {
    EXPECT_TRUE(interpreter.release(reinterpret_cast<void*>(p)));
  }
}

TEST(MachineCode, MutantsAreFound) {
  const char* const wanted = std::getenv("MOAT_MUTANTS_OF_A_KIND");
  const std::size_t most = wanted != nullptr ? std::strtoul(wanted, nullptr, 10) : 6;
  Interpreter& interpreter = Interpreter::instance();
  std::map<std::string, Tally> tallies;
  Tally all;
  for (const char* name :
       {"gemm/bf16/m67n71k73bt", "gemm/f32/m15n23k31", "gemm/bf16/m136n264k72",
        "attention/bf16/b2q13kv41h6hkv3d64causal", "attention/bf16/b1q1kv501h4hkv2d64",
        "sum/f16/n30001", "softmax/f32/r7c1031", "rmsnorm/bf16/r7c1031"}) {
    Trial trial(name);
    std::map<std::string, Executed> executed;
    interpreter.set_patches({});
    interpreter.set_instruction_limit(100'000'000);
    interpreter.note_launches(&executed);
    const Trial::Outcome right = trial.solve();
    interpreter.note_launches(nullptr);
    ASSERT_EQ(right.fault, "");
    ASSERT_TRUE(right.check.passed) << name << ": " << right.check.message;
    // A loop whose end is lost is a fault soon.
    interpreter.set_instruction_limit(1'000'000);
    for (const auto& [kernel, run] : executed) {
      for (const Mutation& m : spread(mutations(kernel, run, interpreter.architecture()), most)) {
        interpreter.set_patches({m.patch});
        const Trial::Outcome o = trial.solve();
        // What cannot be executed is found for no reason of its own.
        EXPECT_EQ(o.fault.find("does not know"), std::string::npos) << o.fault;
        Tally& tally = tallies[m.kind];
        ++tally.tried;
        const bool differs = o.output != right.output;
        if (!o.fault.empty() || differs) trial.reopen();
        if (!o.fault.empty()) {
          ++tally.faults;
        } else if (!o.check.passed) {
          ++tally.wrong;
        } else if (differs || m.changes_order) {
          ++tally.missed;
          std::printf("missed: %s in %s, +0x%llx %s%s\n", m.kind.c_str(), name,
                      static_cast<unsigned long long>(m.patch.address - run.lines[0].address),
                      m.text.c_str(), differs ? ": another result within the bound" : "");
        } else {
          ++tally.equal;
        }
      }
    }
    interpreter.set_patches({});
  }
  std::printf("%-20s %6s %7s %7s %7s %7s\n", interpreter.architecture().c_str(), "tried", "faults",
              "wrong", "missed", "equal");
  for (const auto& [kind, t] : tallies) {
    std::printf("%-20s %6d %7d %7d %7d %7d\n", kind.c_str(), t.tried, t.faults, t.wrong, t.missed,
                t.equal);
    all.faults += t.faults;
    all.wrong += t.wrong;
    all.missed += t.missed;
    EXPECT_GT(t.faults + t.wrong, 0) << kind;
  }
  const int found = all.faults + all.wrong;
  EXPECT_GE(found, 0.95 * (found + all.missed));
}

}  // namespace
}  // namespace moat::hip_runtime
