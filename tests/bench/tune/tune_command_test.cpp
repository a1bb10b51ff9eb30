// SPDX-License-Identifier: Apache-2.0
// The command as a user meets it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "bench/record/record.hpp"
#include "bench/text/exit_codes.hpp"
#include "bench/tune/tuned.hpp"
#include "tests/bench/run/spawn.hpp"
#include "tests/support/temporary_folder.hpp"

namespace moat {
namespace {

using testing::AnyOf;
using testing::HasSubstr;

class TuneCommand : public testing::Test {
 protected:
  static Finished moat(const std::vector<std::string>& arguments) {
    return Spawned(
               arguments, [] {}, QUICK_MOAT_BINARY)
        .wait();
  }
  std::vector<std::string> tune(std::vector<std::string> more) const {
    std::vector<std::string> arguments = {"tune", "--backend", "cpu", "--threads",
                                          "1",    "--samples", "10",  "--budget",
                                          "0.05", "--out",     out_};
    std::ranges::move(more, std::back_inserter(arguments));
    return arguments;
  }
  Record record() const {
    std::ifstream file(folder_.path() / "tuned.record.json");
    return parse_record(std::string{std::istreambuf_iterator<char>(file), {}});
  }

  TemporaryFolder folder_;
  std::string out_ = folder_.path() / "tuned.json";
};

// The real kernels with all that their menus hold; then a run with what won, if anything did.
TEST_F(TuneCommand, WritesWhatARunCanUse) {
  const std::vector<std::string> cases = {"--case", "gemm/f32/m4n64k64bt", "gemm/bf16/m20n64k64"};
  const Finished f = moat(tune(cases));
  EXPECT_THAT(f.exit_code, AnyOf(kExitOk, kExitDisturbed)) << f.err;
  EXPECT_THAT(f.out, HasSubstr(" classes have a faster schedule than the table's"));
  const Record r = record();
  EXPECT_GE(r.cases.size(), 4u);
  for (const CaseRecord& c : r.cases) {
    EXPECT_THAT(c.status, AnyOf(Status::ok, Status::disturbed)) << c.name << ' ' << c.message;
    EXPECT_TRUE(c.schedule) << c.name;
  }
  const TunedFile tuned = read_tuned(out_);
  ASSERT_EQ(tuned.devices.size(), 1u);
  EXPECT_EQ(tuned.devices[0].backend, "cpu");

  const Finished again = moat(tune(cases));
  EXPECT_THAT(again.err, HasSubstr(" are left to measure"));
  const Finished used = moat({"run", "--backend", "cpu", "--threads", "1", "--samples", "10",
                              "--budget", "0.05", "--no-baselines", "--tuned", out_, "--out",
                              folder_.path() / "run.json", "--case", "gemm/f32/m4n64k64bt"});
  EXPECT_THAT(used.exit_code, AnyOf(kExitOk, kExitDisturbed)) << used.err;
  EXPECT_EQ(used.err.find("warning: --tuned"), std::string::npos) << used.err;
}

// All that the suite of edges holds takes longer than a second.
TEST_F(TuneCommand, EndsWithItsTime) {
  const Finished f = moat(tune({"--suite", "edges", "--kernel", "gemm", "--time", "1"}));
  EXPECT_THAT(f.exit_code, AnyOf(kExitOk, kExitDisturbed)) << f.err;
  EXPECT_THAT(f.out, HasSubstr(" results are there; the same command goes on"));
  EXPECT_TRUE(record().run.interrupted);
  EXPECT_NO_THROW(read_tuned(out_));
}

// Neither a file of somebody else nor a result without its samples is replaced.
TEST_F(TuneCommand, ReplacesOnlyItsOwn) {
  const std::vector<std::string> cases = {"--case", "gemm/f32/m4n64k64bt"};
  std::ofstream(out_) << "mine";
  const Finished other = moat(tune(cases));
  EXPECT_EQ(other.exit_code, kExitUsage);
  EXPECT_THAT(other.err, HasSubstr("there is a file that moat tune did not write"));
  std::ifstream file(out_);
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(file), {}), "mine");
  std::filesystem::remove(out_);
  EXPECT_THAT(moat(tune(cases)).exit_code, AnyOf(kExitOk, kExitDisturbed));
  std::filesystem::remove(folder_.path() / "tuned.record.json");
  const Finished alone = moat(tune(cases));
  EXPECT_EQ(alone.exit_code, kExitUsage);
  EXPECT_THAT(alone.err, HasSubstr("but not its record"));
}

TEST_F(TuneCommand, RefusesWhatItCannotDo) {
  const Finished none = moat(tune({"--case", "softmax/f32/r4c100"}));
  EXPECT_EQ(none.exit_code, kExitNothing);
  EXPECT_THAT(none.err, HasSubstr("no case that was asked for has more than one schedule"));
  EXPECT_FALSE(std::filesystem::exists(out_));
  const Finished name = moat({"tune", "--out", "tuned.txt"});
  EXPECT_EQ(name.exit_code, kExitUsage);
  EXPECT_THAT(name.err, HasSubstr("--out tuned.txt: a file that ends in .json is needed"));
  const Finished missing = moat({"run", "--tuned", "/no/such.json", "--case", "gemm/f32/m4n64k64"});
  EXPECT_EQ(missing.exit_code, kExitUsage);
  EXPECT_THAT(missing.err, HasSubstr("--tuned: /no/such.json"));
}

}  // namespace
}  // namespace moat
