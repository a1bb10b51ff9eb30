// SPDX-License-Identifier: Apache-2.0
// The machine code of this build's kernels: all of it is known, and the executor sees what is wrong
// in it. Kernels of the build are changed in single words and solve small problems; what changes
// the result, or the order of memory operations, must be found: as a fault, or by verification.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "backends/hip/device.hpp"
#include "bench/cases/case.hpp"
#include "bench/verify/verify.hpp"
#include "tests/executors/hip_runtime/mutations.hpp"
#include "tests/executors/settings.hpp"

namespace moat::hip_runtime {
namespace {

struct Tally {
  int tried = 0;
  int equal = 0;  // same result, same order
  int faults = 0;
  int wrong = 0;      // by verification
  int explained = 0;  // another result or order, which nothing can see
  int missed = 0;     // another result or order, and nobody noticed
};

// Changes that nothing can see: why, and how many at most in the kernels of a problem. Places move
// with every compiler.
struct Explained {
  std::string_view architecture;  // begins so, and the next two
  std::string_view problem;
  std::string_view kind;
  int most;
  std::string_view why;
};
constexpr Explained kExplained[] = {
    {"gfx", "gemm/", "wait ", 1, "what it ends is next touched behind another wait for it"},
    {"gfx", "attention/", "wait ", 2, "what it ends is next touched behind another wait for it"},
    {"gfx11", "softmax/", "LDS offset", 1,
     "leaves out the rounding errors of a wave's sum (Sum::lost), which the bound allows"},
};

// A problem on the interpreted device.
class Trial {
 public:
  explicit Trial(std::string_view name)
      : inputs_(parse_case(name), 1),
        host_(inputs_.problem()),
        with_peaks_(add_peaks()),
        devices_(list_hip_devices()),
        verifier_(with_peaks_ ? Verifier(host_, Data::any, options())
                              : Verifier(inputs_, options())),
        operands_(fresh_operands()) {}

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
    operands_ = fresh_operands();
  }

 private:
  Device& device() { return *devices_.devices.at(0); }
  VerifyOptions options() { return options_for(device().info()); }
  std::unique_ptr<Operands> fresh_operands() {
    auto operands = std::make_unique<Operands>(device(), inputs_, 1);
    operands->load(host_);
    return operands;
  }

  // Softmax hardly depends on what is taken for a row's maximum unless an exponential overflows:
  // the rows of the second half are 0 but for 100 at one place, each row elsewhere, so that one is
  // in every wave's columns.
  bool add_peaks() {
    auto* const p = std::get_if<RowsProblem>(&host_);
    if (p == nullptr || p->op != RowsOp::softmax || p->dtype != DType::f32) return false;
    const auto rows = static_cast<std::size_t>(p->rows);
    const auto cols = static_cast<std::size_t>(p->cols);
    const auto* const x = static_cast<const float*>(p->x);
    values_.assign(x, x + rows * cols);
    for (std::size_t row = rows / 2; row < rows; ++row) {
      float* const begin = values_.data() + row * cols;
      std::fill(begin, begin + cols, 0.f);
      begin[(row - rows / 2) * cols / (rows - rows / 2)] = 100.f;
    }
    p->x = values_.data();
    return true;
  }

  Inputs inputs_;
  std::vector<float> values_;
  Problem host_;
  bool with_peaks_;
  DeviceList devices_;
  Verifier verifier_;
  std::unique_ptr<Operands> operands_;
};

const Explained* explanation(std::string_view architecture, std::string_view problem,
                             std::string_view kind) {
  const auto it = std::ranges::find_if(kExplained, [&](const Explained& e) {
    return architecture.starts_with(e.architecture) && problem.starts_with(e.problem) &&
           kind.starts_with(e.kind);
  });
  return it == std::end(kExplained) ? nullptr : it;
}

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

// Which of the waits' mutations change an order: in gfx9's encoding vmcnt(0) lgkmcnt(0) is
// 0xbf8c0070, lgkmcnt(0) is 0xbf8cc07f and vmcnt(0) 0xbf8c0f70.
TEST(MachineCode, WaitsThatOthersRepeatOrderNothing) {
  const auto orders = [](const std::vector<std::pair<std::uint32_t, std::string>>& waits) {
    Executed executed;
    for (const auto& [encoding, operands] : waits) {
      amdgcn::Line line;
      line.mnemonic = operands.empty() ? "s_nop" : "s_waitcnt";
      line.operands = operands;
      line.encoding = encoding;
      executed.lines.push_back(line);
    }
    executed.trace.executed.assign(waits.size(), 1);
    executed.trace.completed.assign(waits.size(), 1);
    std::string found;
    for (const Mutation& m : mutations("kernel", executed, "gfx90a")) {
      found += m.kind == "wait removed" ? " removed" : " raised";
      found += m.changes_order ? "!" : "";
    }
    return found;
  };
  const std::pair<std::uint32_t, std::string> both{0xbf8c0070, "vmcnt(0) lgkmcnt(0)"};
  const std::pair<std::uint32_t, std::string> lds{0xbf8cc07f, "lgkmcnt(0)"};
  const std::pair<std::uint32_t, std::string> vector{0xbf8c0f70, "vmcnt(0)"};
  const std::pair<std::uint32_t, std::string> other{0xbf800000, ""};
  EXPECT_EQ(orders({lds, lds}), " removed raised removed! raised!");
  EXPECT_EQ(orders({lds, other, lds}), " removed! raised! removed! raised!");
  EXPECT_EQ(orders({lds, vector}), " removed! raised! removed! raised!");
  EXPECT_EQ(orders({both, lds}), " removed! raised raised removed! raised!");
  EXPECT_EQ(orders({both, lds, vector}),
            " removed raised raised removed! raised! removed! raised!");
}

TEST(MachineCode, MutantsAreFound) {
  const auto most = static_cast<std::size_t>(number_setting("MOAT_MUTANTS_OF_A_KIND", 6));
  Interpreter& interpreter = Interpreter::instance();
  std::map<std::string, Tally> tallies;
  Tally all;
  for (const char* name :
       {"gemm/bf16/m67n71k73bt", "gemm/f32/m15n23k31", "gemm/bf16/m136n264k72",
        "attention/bf16/b2q13kv41h6hkv3d64causal", "attention/bf16/b1q1kv501h4hkv2d64",
        "sum/f16/n30001", "softmax/f32/r16c1031", "rmsnorm/bf16/r7c1031"}) {
    Trial trial(name);
    std::map<std::string, Executed> executed;
    interpreter.set_patches({});
    interpreter.set_instruction_limit(100'000'000);
    interpreter.note_launches(&executed);
    const Trial::Outcome right = trial.solve();
    interpreter.note_launches(nullptr);
    ASSERT_EQ(right.fault, "");
    ASSERT_TRUE(right.check.passed) << name << ": " << right.check.message;
    std::map<const Explained*, int> explained;
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
        } else if (const Explained* const why =
                       explanation(interpreter.architecture(), name, m.kind);
                   m.changes_order != differs && why != nullptr && explained[why] < why->most) {
          ++explained[why];
          std::printf("explained: %s in %s, %s: %s\n", m.kind.c_str(), name, m.text.c_str(),
                      std::string(why->why).c_str());
          ++tally.explained;
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
  std::printf("%-20s %6s %7s %7s %9s %7s %7s\n", interpreter.architecture().c_str(), "tried",
              "faults", "wrong", "explained", "missed", "equal");
  for (const auto& [kind, t] : tallies) {
    std::printf("%-20s %6d %7d %7d %9d %7d %7d\n", kind.c_str(), t.tried, t.faults, t.wrong,
                t.explained, t.missed, t.equal);
    all.faults += t.faults;
    all.wrong += t.wrong;
    all.missed += t.missed;
    EXPECT_GT(t.faults + t.wrong, 0) << kind;
  }
  const int found = all.faults + all.wrong;
  EXPECT_GT(found, 0);
  EXPECT_GE(found, 0.95 * (found + all.missed));
}

}  // namespace
}  // namespace moat::hip_runtime
