// SPDX-License-Identifier: Apache-2.0
// The subcommands for other people's code, by their command lines.
#include "tests/support/command.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "bench/migration/claims/claims_command.hpp"
#include "bench/migration/corpus/corpus_command.hpp"
#include "bench/migration/diff/diff_command.hpp"
#include "bench/migration/scan/scan_command.hpp"
#include "bench/record/file.hpp"
#include "tests/support/temporary_folder.hpp"

namespace moat {
namespace {

namespace fs = std::filesystem;

using Result = test::CommandResult;

class PortCode : public testing::Test {
 protected:
  static Result port(std::vector<std::string> arguments) {
    return test::run_command(std::move(arguments), [](CLI::App& app, int& exit_code) {
      add_diff_commands(app, exit_code);
      add_corpus_command(app, exit_code);
      add_scan_command(app, exit_code);
      add_claims_commands(app, exit_code);
    });
  }

  std::string write(const std::string& file, const std::string& text) const {
    fs::create_directories((folder_ / file).parent_path());
    std::ofstream(folder_ / file) << text;
    return (folder_ / file).string();
  }
  std::string path(const std::string& file) const { return (folder_ / file).string(); }

  // `n` programs of 10 lines each, of which `changed` are rewritten by hand.
  void make_ports(const std::string& folder, int n, int changed) const {
    for (int i = 0; i < n; ++i) {
      std::string base;
      std::string port;
      for (int line = 0; line < 10; ++line) {
        const std::string text = fmt::format("value{0} = table{0}[{1}] + {0};\n", line, i);
        base += text;
        port += line < changed ? fmt::format("other_{} ^= ~mask * {};\n", line, i) : text;
      }
      write(fmt::format("{}/p{}-cuda/a.cu", folder, i), base);
      write(fmt::format("{}/p{}-hip/a.cu", folder, i), port);
    }
  }

  std::string corpus(const std::string& folder) const {
    const std::string out = path(folder + ".json");
    EXPECT_EQ(port({"corpus", path(folder), "--json", "--out", out}).exit_code, 0);
    return out;
  }

  std::string claim(const std::string& op, double value, const std::string& to = "hip",
                    const std::string& denominator = "lines of matched base files",
                    const std::string& metric = "changed",
                    const std::string& level = "port") const {
    const Json claims = {{"claims",
                          {{{"id", "c"},
                            {"says", "s"},
                            {"level", level},
                            {"metric", metric},
                            {"denominator", denominator},
                            {"operator", op},
                            {"value", value},
                            {"population", {{"from", "cuda"}, {"to", to}}}}}}};
    return write("claims.json", claims.dump());
  }

  void git(const std::string& arguments) const {
    const std::string command = fmt::format(
        "cd '{}' && git -c user.name=a -c user.email=a@b -c commit.gpgsign=false {} > /dev/null",
        path("repository"), arguments);
    ASSERT_EQ(std::system(command.c_str()), 0) << command;
  }

  static Json verdict(const std::string& claims, const std::string& evidence) {
    const Result r = port({"claims", claims, "--evidence", evidence, "--json"});
    EXPECT_EQ(r.exit_code, 0) << r.err;
    return r.json().at("claims").at(0);
  }

  TemporaryFolder temporary_;
  fs::path folder_ = temporary_.path();
};

TEST_F(PortCode, ScanCountsNamesAndHazards) {
  write("tree/a.cu",
        "#include <cuda_runtime.h>\n"                               // 1
        "__global__ void k(float* p) {\n"                           // 2
        "  int lane = threadIdx.x % 32;\n"                          // 3: warp width
        "  int warp = threadIdx.x >> 5;\n"                          // 4: warp width
        "  float v = __shfl_down_sync(0xffffffff, p[lane], 16);\n"  // 5: mask; warp width
        "  asm volatile(\"bar.sync 0;\");\n"                        // 6
        "  if ((threadIdx.x & 31) == 0) p[warp] = v;\n"             // 7: warp width
        "} unsigned low = packed & 0xffffffff;\n"                   // 8: no hazard
        "int main() {\n"                                            // 9
        "  // cudaFree in a comment, 32 lanes of a warp\n"          // 10
        "  float* p;\n"                                             // 11
        "  cudaMalloc(&p, 32 * sizeof(float));\n"                   // 12: no hazard
        "  k<<<1, 64>>>(p);\n"                                      // 13
        "  cudaMalloc(&p, 32);\n"                                   // 14
        "  cudaGraphUnknownThing(p);\n"                             // 15
        "  cublasSgemm(p);\n"                                       // 16
        "  float h = __half2float(q) + __builtin_expect(1, 1);\n"   // 17: a host's builtin
        "}\n");                                                     // 18
  const Result r = port({"scan", path("tree"), "--to", "hip", "--json"});
  ASSERT_EQ(r.exit_code, 0) << r.err;
  const Json scan = r.json();
  EXPECT_EQ(scan.at("sloc"), 17);
  EXPECT_EQ(scan.at("to"), "hip");
  EXPECT_NE(scan.at("what").get<std::string>().find("prediction"), std::string::npos);
  const auto find = [&](const std::string& name) {
    for (const Json& n : scan.at("names")) {
      if (n.at("name") == name) return n;
    }
    ADD_FAILURE() << name;
    return Json();
  };
  EXPECT_EQ(find("cudaMalloc").at("count"), 2);
  EXPECT_EQ(find("cudaMalloc").at("mapping"), "rename: hipMalloc");
  EXPECT_EQ(find("cudaMalloc").at("places").at(1).at("line"), 14);
  EXPECT_EQ(find("cublasSgemm").at("kind"), "library");
  EXPECT_EQ(find("cublasSgemm").at("mapping"), "rename: hipblasSgemm");
  EXPECT_EQ(find("cudaGraphUnknownThing").at("mapping"), "not in the table");
  EXPECT_EQ(find("<<<").at("kind"), "launch");
  EXPECT_EQ(find("asm").at("kind"), "inline assembly");
  EXPECT_EQ(find("__shfl_down_sync").at("kind"), "intrinsic");
  EXPECT_EQ(find("__shfl_down_sync").at("mapping"),
            "arguments differ: __shfl_down: HIP 5.2 declares it without the mask of lanes");
  EXPECT_EQ(find("__half2float").at("mapping"), "same");
  for (const Json& n : scan.at("names")) EXPECT_NE(n.at("name"), "__builtin_expect");
  // Lines 5, 6 and 12 to 17.
  EXPECT_EQ(scan.at("lines_with_names"), 8);
  std::vector<std::string> hazards;
  for (const Json& h : scan.at("hazards")) {
    EXPECT_EQ(h.at("file"), "a.cu");
    hazards.push_back(fmt::format("{} {}", h.at("line").dump(), h.at("kind").get<std::string>()));
  }
  EXPECT_EQ(hazards, (std::vector<std::string>{"3 warp width", "4 warp width", "5 32-bit lane mask",
                                               "5 warp width", "7 warp width"}));
  const Result text = port({"scan", path("tree")});
  EXPECT_NE(text.out.find("prediction for a port"), std::string::npos);
  EXPECT_NE(text.out.find("     2      3  rename\n"), std::string::npos) << text.out;
  EXPECT_NE(text.out.find("a.cu:4: warp width"), std::string::npos);
  EXPECT_EQ(port({"scan", path("nowhere")}).exit_code, 2);
}

TEST_F(PortCode, CheckSupportsAndRefutes) {
  make_ports("small", 8, 2);  // every port changes 20 %
  const std::string evidence = corpus("small");
  const Json refuted = verdict(claim(">=", 0.8), evidence);
  EXPECT_EQ(refuted.at("verdict"), "refuted");
  EXPECT_EQ(refuted.at("n"), 8);
  EXPECT_EQ(refuted.at("estimate"), 0.2);
  EXPECT_EQ(refuted.at("interval"), Json::array({0.2, 0.2}));
  EXPECT_EQ(verdict(claim(">=", 0.1), evidence).at("verdict"), "supported");
  // Lines of both sides are twice as many as are changed on either: the share stays 20 %; of the
  // lines that either side has, 4 of 12 differ.
  const Json near = verdict(claim(">=", 0.3), evidence);
  EXPECT_EQ(near.at("verdict"), "refuted");
  int flips = 0;
  for (const Json& f : near.at("other_denominators")) {
    if (f.at("flips").get<bool>()) ++flips;
    EXPECT_TRUE(f.at("metric") != "changed" || f.at("level") == "corpus");
    if (f.at("metric") == "jaccard") {
      EXPECT_EQ(f.at("verdict"), "supported");
      EXPECT_EQ(f.at("estimate"), 4.0 / 12.0);
    }
  }
  EXPECT_GE(flips, 1);
  const Result text = port({"claims", claim(">=", 0.3), "--evidence", evidence});
  EXPECT_NE(text.out.find("but supported by jaccard"), std::string::npos) << text.out;
}

TEST_F(PortCode, CheckTellsTheMedianPortFromAllLinesTogether) {
  // 9 ports of 10 lines that change 1, and one of 910 lines that is all new: 919 of 1000 lines.
  make_ports("skewed", 9, 1);
  std::string base;
  std::string port_text;
  for (int i = 0; i < 910; ++i) {
    base += fmt::format("value{0} = table{0}[{0}];\n", i);
    port_text += fmt::format("q{} ^= ~mask;\n", i);
  }
  write("skewed/large-cuda/a.cu", base);
  write("skewed/large-hip/a.cu", port_text);
  const std::string evidence = corpus("skewed");
  const Json changed = read_json_file(evidence).at("distributions").at("changed");
  EXPECT_EQ(changed.at("pooled").at("numerator"), 919);
  EXPECT_EQ(changed.at("pooled").at("denominator"), 1000);
  const Json median = verdict(claim(">=", 0.5), evidence);
  EXPECT_EQ(median.at("verdict"), "refuted");
  EXPECT_EQ(median.at("statistic"), "median");
  EXPECT_EQ(median.at("estimate"), 0.1);
  // Without the large port, which a third of the resamples lack, the share is 10 %.
  const Json pooled = verdict(
      claim(">=", 0.5, "hip", "lines of matched base files", "changed", "corpus"), evidence);
  EXPECT_EQ(pooled.at("statistic"), "pooled");
  EXPECT_EQ(pooled.at("estimate"), 0.919);
  EXPECT_EQ(pooled.at("verdict"), "not testable");
  EXPECT_NEAR(pooled.at("interval").at(0).get<double>(), 0.1, 1e-12);
  EXPECT_GT(pooled.at("interval").at(1).get<double>(), 0.919);
}

TEST_F(PortCode, DiffScoresAPrediction) {
  write("base/a.cu",
        "#include <cuda_runtime.h>\n"          // 1: changes, no word of it
        "cudaMalloc(&p, n);\n"                 // 2: predicted, changes
        "cudaFree(p);\n"                       // 3: predicted, stays
        "int lane = threadIdx.x % 32;\n"       // 4: hazard, changes
        "int warp = threadIdx.x / 32;\n"       // 5: hazard, stays
        "cudaGraphUnknownThing(p);\n"          // 6: not in the table, changes by hand
        "float x = table[i];\n"                // 7: changes, no word of it
        "float y = table[j];\n");              // 8: stays
  write("base/dropped.cu", "cudaFree(q);\n");  // has no counterpart
  write("port/a.cu",
        "#include <hip/hip_runtime.h>\n"
        "hipMalloc(&p, n);\n"
        "cudaFree(p);\n"
        "int lane = threadIdx.x % 64;\n"
        "int warp = threadIdx.x / 32;\n"
        "ourOwnGraph(p);\n"
        "float x = other(i);\n"
        "float y = table[j];\n");
  const std::string scan = path("scan.json");
  ASSERT_EQ(port({"scan", path("base"), "--json", "--out", scan}).exit_code, 0);
  const Result r = port({"diff", path("base"), path("port"), "--score", scan, "--json"});
  ASSERT_EQ(r.exit_code, 0) << r.err;
  const Json score = r.json().at("score");
  EXPECT_EQ(score.at("precision"), Json({{"numerator", 1}, {"denominator", 2}, {"value", 0.5}}));
  EXPECT_EQ(score.at("recall"), Json({{"numerator", 1}, {"denominator", 5}, {"value", 0.2}}));
  const auto row = [&](const char* list, const std::string& key, const std::string& value) {
    for (const Json& n : score.at(list)) {
      if (n.at(key) == value) return n;
    }
    ADD_FAILURE() << value;
    return Json();
  };
  EXPECT_EQ(row("names", "mapping", "rename").at("lines"), 2);
  EXPECT_EQ(row("names", "mapping", "rename").at("changed"), 1);
  EXPECT_EQ(row("names", "mapping", "rename").at("mechanical"), 1);
  EXPECT_EQ(row("names", "mapping", "not in the table").at("predicts"), "nothing");
  EXPECT_EQ(row("names", "mapping", "not in the table").at("changed"), 1);
  EXPECT_EQ(row("hazards", "kind", "warp width").at("lines"), 2);
  EXPECT_EQ(row("hazards", "kind", "warp width").at("changed"), 1);
  EXPECT_EQ(score.at("changed_without_a_word"), Json({{"include", 1}, {"other by hand", 2}}));
  EXPECT_EQ(score.at("places_without_counterpart"), 1);
  const Result text = port({"diff", path("base"), path("port"), "--score", scan});
  EXPECT_NE(text.out.find("1 of 5 (lines predicted to change that did / lines that changed)"),
            std::string::npos)
      << text.out;
  // A prediction of another tree, for another model, or none at all.
  EXPECT_EQ(port({"diff", path("port"), path("port"), "--score", path("base/a.cu")}).exit_code, 2);
  write("base/a.cu", "int one_line;\n");
  const Result other = port({"diff", path("base"), path("port"), "--score", scan});
  EXPECT_EQ(other.exit_code, 2);
  EXPECT_NE(other.err.find("another tree"), std::string::npos) << other.err;
  EXPECT_EQ(port({"diff", path("base"), path("port"), "--to", "musa", "--score", scan}).exit_code,
            2);
}

TEST_F(PortCode, CheckSaysWhatItCannotTest) {
  make_ports("small", 8, 2);
  const std::string evidence = corpus("small");
  const auto reason = [&](const std::string& claims) {
    const Json v = verdict(claims, evidence);
    EXPECT_EQ(v.at("verdict"), "not testable");
    return v.at("reason").get<std::string>();
  };
  EXPECT_NE(reason(claim(">=", 0.3, "cann")).find("no evidence"), std::string::npos);
  EXPECT_NE(reason(claim(">=", 0.8, "hip", "lines of code, somehow")).find("divides by"),
            std::string::npos);
  EXPECT_NE(reason(claim(">=", 2, "hip", "hours", "debugging_time_ratio", "project"))
                .find("not what comparing source code measures"),
            std::string::npos);
  make_ports("few", 5, 2);
  EXPECT_EQ(verdict(claim(">=", 0.8), corpus("few")).at("verdict"), "not testable");
  // Half of the ports on either side of the value.
  make_ports("mixed", 10, 1);
  for (int i = 0; i < 5; ++i) fs::remove_all(folder_ / fmt::format("mixed/p{}-hip", i));
  for (int i = 0; i < 5; ++i) {
    std::string port;
    for (int line = 0; line < 10; ++line) port += fmt::format("q{} ^= ~mask * {};\n", line, i);
    write(fmt::format("mixed/p{}-hip/a.cu", i), port);
  }
  const Json mixed = verdict(claim(">=", 0.8), corpus("mixed"));
  EXPECT_EQ(mixed.at("verdict"), "not testable");
  EXPECT_NE(mixed.at("reason").get<std::string>().find("within the 95 % interval"),
            std::string::npos);
}

TEST_F(PortCode, CheckDrawsNothingFromAGeneratedCorpus) {
  ASSERT_EQ(
      std::system(fmt::format("python3 {} {} --pairs 12 --lines 60", MOAT_MAKE_CORPUS, path("made"))
                      .c_str()),
      0);
  const std::string evidence = corpus("made");
  EXPECT_EQ(read_json_file(evidence).at("generated"), "make_corpus.py");
  const Result r = port({"claims", MOAT_PRESS_CLAIMS, "--evidence", evidence, "--json"});
  ASSERT_EQ(r.exit_code, 0) << r.err;
  EXPECT_EQ(r.json().at("claims").size(), 4u);
  for (const Json& c : r.json().at("claims")) EXPECT_EQ(c.at("verdict"), "not testable") << c;
  // The same claim is refuted by ports that nobody generated.
  make_ports("real", 8, 2);
  const Json real = port({"claims", MOAT_PRESS_CLAIMS, "--evidence", corpus("real"), "--evidence",
                          evidence, "--json"})
                        .json();
  EXPECT_EQ(real.at("claims").at(0).at("verdict"), "refuted");
  for (int i = 1; i < 4; ++i) {
    EXPECT_EQ(real.at("claims").at(i).at("verdict"), "not testable") << i;
  }
}

TEST_F(PortCode, CheckIsCalledClaimsNow) {
  const Result former = port({"check", MOAT_PRESS_CLAIMS, "--evidence", "corpus.json", "--json"});
  EXPECT_EQ(former.exit_code, 2);
  EXPECT_EQ(former.out, "");
  EXPECT_NE(former.err.find("moat port claims;"), std::string::npos) << former.err;
}

TEST_F(PortCode, ClaimsRefuseBadEvidence) {
  make_ports("a", 6, 1);
  make_ports("b", 6, 9);
  const Result two =
      port({"claims", claim(">=", 0.8), "--evidence", corpus("a"), "--evidence", corpus("b")});
  EXPECT_EQ(two.exit_code, 2);
  EXPECT_NE(two.err.find("give one"), std::string::npos);
  Json unmarked = read_json_file(corpus("a"));
  unmarked.erase("generated");
  EXPECT_EQ(port({"claims", claim(">=", 0.8), "--evidence", write("old.json", unmarked.dump())})
                .exit_code,
            2);
  EXPECT_EQ(port({"claims", claim(">=", 0.8), "--evidence", write("no.json", "{}")}).exit_code, 2);
  EXPECT_EQ(port({"claims", claim("==", 0.8), "--evidence", corpus("a")}).exit_code, 2);
  EXPECT_EQ(port({"claims", write("bad.json", "{\"claims\": [{\"id\": \"x\"}]}")}).exit_code, 2);
  EXPECT_EQ(port({"claims", write("bad.json", "{}")}).exit_code, 2);
}

TEST_F(PortCode, DiffNamesCommitsThatThePortDidNotFollow) {
  const auto drift = [&] {
    const Result r = port({"diff", path("repository/cuda"), path("repository/hip"), "--json"});
    EXPECT_EQ(r.exit_code, 0) << r.err;
    const Json warnings = r.json().at("warnings");
    return warnings.empty() ? std::string() : warnings.at(0).get<std::string>();
  };
  write("repository/cuda/a.cu", "int a;\n");
  git("init -q");
  git("add -A");
  git("commit -q -m base");
  write("repository/cuda/a.cu", "int a;\nint before_the_port;\n");
  git("commit -q -a -m base");
  write("repository/hip/a.cu", "int a;\nint before_the_port;\n");
  EXPECT_EQ(drift(), "");  // not committed: nothing is known
  git("add -A");
  git("commit -q -m port");
  EXPECT_EQ(drift(), "");
  write("repository/cuda/a.cu", "int a;\nint both;\n");
  write("repository/hip/a.cu", "int a;\nint both;\n");
  git("commit -q -a -m both");
  EXPECT_EQ(drift(), "");
  write("repository/cuda/a.cu", "int a;\nint both;\nint alone;\nint b;\nint c;\n");
  git("commit -q -a -m alone");
  EXPECT_NE(drift().find(" 1 commit changed "), std::string::npos) << drift();
}

TEST_F(PortCode, RevComparesTwoRevisions) {
  write("repository/gpu/a.cu", "int a;\ncudaFree(p);\nint lane = t % 32;\n");
  write("repository/other/b.cu", "int b;\n");
  git("init -q");
  git("add -A");
  git("commit -q -m base");
  write("repository/gpu/a.cu", "int a;\nhipFree(p);\nint lane = t % 64;\n");
  write("repository/other/b.cu", "int changed;\n");
  git("commit -q -a -m port");
  // What is not committed does not count.
  write("repository/gpu/a.cu", "nothing of it\n");
  const Result r = port({"rev", path("repository"), "HEAD~1..HEAD", "--json", "--", "gpu"});
  ASSERT_EQ(r.exit_code, 0) << r.err;
  const Json changed = r.json().at("shares").at("changed");
  EXPECT_EQ(changed.at("numerator"), 2);
  EXPECT_EQ(changed.at("denominator"), 3);
  EXPECT_EQ(r.json().at("shares").at("mechanical").at("numerator"), 2);
  EXPECT_EQ(r.json().at("shares").at("mechanical").at("denominator"), 4);
  const Result all = port({"rev", path("repository"), "HEAD~1..HEAD", "--json"});
  EXPECT_EQ(all.json().at("shares").at("changed").at("numerator"), 3);
  EXPECT_EQ(all.json().at("shares").at("changed").at("denominator"), 4);
  EXPECT_EQ(port({"rev", path("repository"), "HEAD"}).exit_code, 2);
  EXPECT_EQ(port({"rev", path("repository"), "HEAD~9..HEAD"}).exit_code, 2);
  EXPECT_EQ(port({"rev", path("nowhere"), "HEAD~1..HEAD"}).exit_code, 2);
}

}  // namespace
}  // namespace moat
