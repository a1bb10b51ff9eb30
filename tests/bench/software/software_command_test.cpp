// SPDX-License-Identifier: Apache-2.0
// The command as a user meets it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "bench/record/strict_json.hpp"
#include "bench/text/exit_codes.hpp"
#include "tests/bench/run/spawn.hpp"
#include "tests/support/temporary_folder.hpp"

namespace moat {
namespace {

using testing::HasSubstr;

class SoftwareCommand : public testing::Test {
 protected:
  static Finished software(std::vector<std::string> arguments,
                           const std::string& executable = QUICK_MOAT_BINARY) {
    arguments.insert(arguments.begin(), "software");
    return Spawned(
               arguments, [] {}, executable)
        .wait();
  }

  // Every way was right; on a busy machine some have no time.
  static bool measured(const Finished& f) {
    return f.exit_code == kExitOk || f.exit_code == kExitDisturbed;
  }

  std::filesystem::path write(const std::string& name, const std::string& text) const {
    std::ofstream(folder_ / name) << text;
    return folder_ / name;
  }

  static void refuses(const std::vector<std::string>& arguments, const std::string& why) {
    const Finished f = software(arguments);
    EXPECT_EQ(f.exit_code, kExitUsage) << f.err;
    EXPECT_THAT(f.err, HasSubstr(why));
    EXPECT_EQ(f.out, "");
  }

  TemporaryFolder temporary_;
  std::filesystem::path folder_ = temporary_.path();
};

// Every kind of way, with the real kernels and ceilings.
TEST_F(SoftwareCommand, ComparesTinyWaysOnTheCpu) {
  const Finished f = software(
      {"--backend", "cpu", "--samples", "10", "--budget", "0.2", "--json", "--ways",
       "gemm/f32/m4n256k256bt", "gemm/bf16/m4n256k256bt", "scaledgemm/bf16xe4m3/m4n256k256",
       "weightonly/bf16xint4/m4n256k256", "attention/bf16/b1q1kv64h8hkv8d64",
       "attention/bf16/b1q1kv64h8hkv1d64", "materialised:attention/f32/b1q16kv16h2hkv2d64scale1",
       "attention/f32/b1q16kv16h2hkv2d64scale1", "unfused:addrmsnorm/bf16/r8c512",
       "addrmsnorm/bf16/r8c512"},
      MOAT_BINARY);
  ASSERT_TRUE(measured(f)) << f.exit_code << f.err << f.out;
  EXPECT_EQ(f.err, "");
  const Json document = parse_strict(f.out);
  EXPECT_EQ(document.at("devices").at(0).at("name"), "cpu:0");
  EXPECT_TRUE(document.at("devices").at(0).at("ceilings").contains("read_bytes"));
  const Json& ways = document.at("pairings").at(0).at("ways");
  ASSERT_EQ(ways.size(), 10u);
  for (const Json& way : ways) {
    EXPECT_THAT(way.at("status"), testing::AnyOf("ok", "disturbed")) << way;
    EXPECT_TRUE(way.contains("error_over_bound")) << way;
  }
}

TEST_F(SoftwareCommand, PrintsATableAndJudgesClaimsByIt) {
  const auto claims = write("claims.json", R"({"claims": [
    {"id": "smaller", "says": "FP8 weights are smaller", "what": "weights", "unit": "share",
     "operator": ">", "value": 0.5, "measure": {"metric": "kept_bytes_saved",
     "pairing": "product-decode", "plain": "f32", "way": "fp8"}}]})");
  const auto out = folder_ / "software.json";
  const Finished f = software({"--claims", claims.string(), "--backend", "cpu", "--samples", "10",
                               "--budget", "0.1", "--json", "--out", out.string()});
  ASSERT_TRUE(measured(f)) << f.exit_code << f.err;
  EXPECT_EQ(f.out, "");
  const Json document = read_json_file(out);
  EXPECT_EQ(document.at("claims").at(0).at("verdict"), "holds");
  ASSERT_EQ(document.at("pairings").size(), 1u) << "only what the claims ask for is measured";

  const Finished judged = software({"--claims", claims.string(), "--evidence", out.string()});
  EXPECT_EQ(judged.exit_code, kExitOk) << judged.err;
  EXPECT_THAT(judged.out, HasSubstr("holds: smaller on cpu:0\n"));
}

TEST_F(SoftwareCommand, JudgesThePressWithoutMeasuring) {
  const Finished f = software({"--claims", MOAT_PRESS_CLAIMS, "--no-measuring"});
  EXPECT_EQ(f.exit_code, kExitOk) << f.err;
  EXPECT_THAT(f.out, HasSubstr("does not hold: compute-97-percent\n"));
  EXPECT_THAT(f.out, HasSubstr("but holds for routed experts of DeepSeek-V3 that a token does not "
                               "meet: 96.9 %\n"));
  EXPECT_THAT(f.out, HasSubstr("holds: v3-cache-70272-bytes\n"));
  EXPECT_THAT(f.out, HasSubstr("not testable: v2-throughput-5.76-times\n"));
}

// Of one length alone it is not known from which one on a way pays.
TEST_F(SoftwareCommand, TellsFromWhichLengthOnAWayPays) {
  const Finished f = software({"--pairing", "sparse-attention-2048", "--backend", "cpu",
                               "--samples", "10", "--budget", "0.1"});
  ASSERT_TRUE(measured(f)) << f.exit_code << f.err;
  EXPECT_THAT(f.out, HasSubstr("sparse-attention on cpu:0: sparse takes less time than full\n"
                               "  - measured: not known: fewer than two lengths have a ratio\n"));
}

TEST_F(SoftwareCommand, EndsWhenItIsInterrupted) {
  // Progress goes where the test can wait for it: it tells when the handler is there.
  Spawned run(
      {"software", "--backend", "cpu", "--budget", "60", "--samples", "1000000", "--json",
       "--progress", "--ways", "gemm/f32/m64n64k64", "gemm/f32/m64n64k32"},
      [] { dup2(STDOUT_FILENO, STDERR_FILENO); }, QUICK_MOAT_BINARY);
  ASSERT_TRUE(run.wait_for("ways on cpu:0"));
  run.signal(SIGINT);
  const Finished f = run.wait();
  EXPECT_EQ(f.exit_code, kExitInterrupted) << f.out;
  EXPECT_THAT(f.out, HasSubstr("\"interrupted\": true"));
}

TEST_F(SoftwareCommand, ListsPairings) {
  const Finished f = software({"--list"});
  EXPECT_EQ(f.exit_code, kExitOk) << f.err;
  EXPECT_THAT(f.out, HasSubstr("attention-decode: "));
  EXPECT_THAT(f.out, HasSubstr("materialised"));
  const Finished one = software({"--list", "--pairing", "swiglu"});
  EXPECT_EQ(one.exit_code, kExitOk) << one.err;
  EXPECT_THAT(one.out, HasSubstr("  swiglu: "));
  EXPECT_THAT(one.out, testing::Not(HasSubstr("attention-decode: ")));
  refuses({"--list", "--pairing", "swigl"}, "--pairing: swigl is not known");
}

TEST_F(SoftwareCommand, RefusesOptionsThatAModeWouldNotHeed) {
  refuses({"--list", "--backend", "cpu"}, "--backend does not go with --list");
  refuses({"--list", "--json"}, "--json does not go with --list");
  refuses({"--list", "--claims", MOAT_PRESS_CLAIMS}, "--claims does not go with --list");
  refuses({"--claims", MOAT_PRESS_CLAIMS, "--no-measuring", "--pairing", "swiglu"},
          "--pairing does not go with --no-measuring");
  refuses({"--claims", MOAT_PRESS_CLAIMS, "--evidence", "software.json", "--budget", "1"},
          "--budget does not go with --evidence");
}

TEST_F(SoftwareCommand, SaysWhatIsWrongWithItsOptions) {
  refuses({"--pairing", "product"}, "--pairing: product is not known");
  refuses({"--ways", "gemm/f32/m8n8k8"}, "--ways: needs a plain way and at least one");
  refuses({"--ways", "gemm/f32/m8n8k8", "gemm/f32/m8n8k8"}, "stands there twice");
  refuses({"--ways", "gemm/f32/m8n8k8", "gem/f32/m8n8k8"},
          "--ways: way 'gem/f32/m8n8k8': no kernel gem in this build; a way is a case, such as '");
  refuses({"--ways", "gemm/f32/m8n8k8", "gemm/f32/m8"}, "--ways: case 'gemm/f32/m8'");
  refuses({"--no-measuring"}, "--no-measuring: judges claims; name them with --claims");
  refuses({"--claims", (folder_ / "none.json").string()}, "none.json");
  refuses({"--claims", write("bad.json", "{\"claims\": [{}]}").string()},
          "bad.json: claim 1: lacks the text \"id\"");
  refuses({"--claims", write("text.json", "{").string()}, "text.json");
  refuses({"--backend", "gpu"}, "backend gpu is not known");
  const Finished f =
      software({"--claims", MOAT_PRESS_CLAIMS, "--evidence", write("other.json", "{}").string()});
  EXPECT_EQ(f.exit_code, kExitDevice);
  EXPECT_THAT(f.err, HasSubstr("other.json: not of schema moat-software"));
  const Finished lacking =
      software({"--claims", MOAT_PRESS_CLAIMS, "--evidence",
                write("lacking.json", R"({"schema": "moat-software", "version": 1})").string()});
  EXPECT_EQ(lacking.exit_code, kExitDevice);
  EXPECT_THAT(lacking.err, HasSubstr("lacking.json: "));
}

TEST_F(SoftwareCommand, SaysWhatCouldNotBeWritten) {
  const Finished f = software({"--list", "--out", "/proc/none/file"});
  EXPECT_EQ(f.exit_code, kExitOutput);
  EXPECT_THAT(f.err, HasSubstr("/proc/none"));
}

}  // namespace
}  // namespace moat
