// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <tuple>
#include <vector>

#include "backends/cpu/processor.hpp"
#include "bench/record/record.hpp"
#include "bench/text/exit_codes.hpp"
#include "tests/bench/run/spawn.hpp"
#include "tests/support/temporary_folder.hpp"

namespace moat {
namespace {

namespace fs = std::filesystem;

class Command : public testing::Test {
 protected:
  void SetUp() override { record_ = folder_ / "record.json"; }

  // A run of a moment on the CPU alone.
  std::vector<std::string> run_of(const std::string& problem,
                                  const std::vector<std::string>& more = {}) const {
    std::vector<std::string> arguments = {
        "run",       "--backend", "cpu",      "--case", problem, "--out", record_.string(),
        "--samples", "10",        "--budget", "2"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return arguments;
  }

  // The same command but for the ceilings, which take seconds.
  static Finished quick_command(const std::vector<std::string>& arguments) {
    return Spawned(
               arguments, [] {}, QUICK_MOAT_BINARY)
        .wait();
  }

  // Every result was right; on a busy machine some have no number.
  static bool measured(const Finished& f) {
    return f.exit_code == kExitOk || f.exit_code == kExitDisturbed;
  }

  static std::string read(const fs::path& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }

  TemporaryFolder temporary_;
  fs::path folder_ = temporary_.path();
  fs::path record_;
};

TEST_F(Command, RunPrintsTheTableAndLeavesTheRecord) {
  const Finished f = moat_command(run_of("gemm/f32/m65n33k129", {"--no-baselines"}));
  EXPECT_TRUE(measured(f)) << f.err;
  EXPECT_NE(f.out.find("f32/m65n33k129"), std::string::npos) << f.out;
  EXPECT_EQ(f.out.find('\x1b'), std::string::npos) << "colours in a pipe";
  EXPECT_EQ(f.err, "record: " + record_.string() + "\n") << "progress in a pipe";
  const Record record = parse_record(read(record_));
  ASSERT_EQ(record.cases.size(), 1u);
  EXPECT_EQ(record.cases[0].status, f.exit_code == kExitOk ? Status::ok : Status::disturbed);
  EXPECT_EQ(record.cases[0].gflops.value.has_value(), f.exit_code == kExitOk);
  EXPECT_EQ(record.run.arguments[1], "run");
}

TEST_F(Command, ProgressIsALineForEachCaseWhenAskedFor) {
  const Finished f = moat_command(run_of("sum/f32/n1000", {"--no-baselines", "--progress"}));
  EXPECT_TRUE(measured(f)) << f.err;
  EXPECT_NE(f.err.find("[1/2] ceilings of cpu:0, "), std::string::npos) << f.err;
  EXPECT_NE(f.err.find("\n[2/2] sum/f32/n1000, "), std::string::npos) << f.err;
  EXPECT_EQ(f.err.find('\x1b'), std::string::npos) << f.err;
}

TEST_F(Command, FewerThreadsThanCoresStayOnTheSameCores) {
  const std::vector<int> cores = cpu::processors_of_cores();
  if (cores.size() < 2) GTEST_SKIP() << "one core";
  EXPECT_TRUE(
      measured(quick_command(run_of("sum/f32/n1000", {"--no-baselines", "--threads", "1"}))));
  EXPECT_EQ(parse_record(read(record_)).run.processors.value, std::vector{cores[0]});

  // Left to the user, who leaves them to the system.
  const auto place = [] { setenv("OMP_PROC_BIND", "false", 1); };
  Spawned placed(run_of("sum/f32/n1000", {"--no-baselines", "--threads", "1"}), place,
                 QUICK_MOAT_BINARY);
  EXPECT_TRUE(measured(placed.wait()));
  EXPECT_NE(parse_record(read(record_)).run.processors.value, std::vector{cores[0]});

  // Threads with a place each, of which the first is this process's own.
  const auto spread = [] { setenv("OMP_PLACES", "cores", 1); };
  Spawned apart(run_of("sum/f32/n1000", {"--no-baselines", "--threads", "2"}), spread,
                QUICK_MOAT_BINARY);
  EXPECT_TRUE(measured(apart.wait()));
  const auto& kept = parse_record(read(record_)).run.processors;
  EXPECT_TRUE(!kept.value || kept.value->size() >= 2);
}

TEST_F(Command, RefusesEachMistakeWithItsOwnMessage) {
  using Mistake = std::tuple<std::vector<std::string>, int, std::string>;
  const std::vector<Mistake> mistakes = {
      {{}, kExitUsage, "subcommand is required"},
      {{"rum"}, kExitUsage, "Did you mean run?"},
      {{"run", "--suite", "quik"}, kExitUsage, "Did you mean quick?"},
      {{"run", "--backend", "cudda"}, kExitUsage, "cudda is not known"},
      {{"run", "--device", "cpu:99"}, kExitUsage, "there is no cpu:99"},
      {{"run", "--kernel", "gem"}, kExitUsage, "Did you mean gemm?"},
      {{"run", "--dtype", "fp16"}, kExitUsage, "Did you mean f16?"},
      {{"run", "--dtype", "in4"}, kExitUsage, "Did you mean int4?"},
      {{"run", "--case", "gemm/f32/m0n1k1"}, kExitUsage, "m0n1k1"},
      {{"run", "--case", "gemm/f32/m-1n1k1"}, kExitUsage, "m-1n1k1"},
      {{"run", "--case", "gemm/f32/m1000000000000n1k1"}, kExitUsage, "1000000000000"},
      {{"run", "--case", "gemm/f32/m1000000n1000000k1000000"}, kExitUsage, "cpu:0"},
      {{"run", "--case", "gem/f32/m1n1k1"}, kExitUsage, "gem"},
      {{"run", "--threads", "0"}, kExitUsage, "--threads"},
      {{"run", "--budget", "-1"}, kExitUsage, "--budget"},
      {{"run", "--seed", "x"}, kExitUsage, "--seed"},
      {{"run", "--format", "html"},
       kExitUsage,
       "moat: --format: html is not known. Known: csv, markdown, table; see moat run --help"},
      {{"--hlp"}, kExitUsage, "unknown argument --hlp (did you mean --help?); see moat --help"},
      {{"--threads", "1", "run"},
       kExitUsage,
       "moat: --threads stands before run: options come after the command, as in moat run "
       "--threads"},
      {{"--benchmark_filter=x", "run"}, kExitUsage, "as in moat run --benchmark_filter"},
      {{"--theads=1", "run"},
       kExitUsage,
       "--theads (did you mean --threads?); see moat run --help"},
      {{"--threads", "1"}, kExitUsage, "moat: --threads lacks its command: "},
      {{"port", "--from", "cuda", "diff", "a", "b"},
       kExitUsage,
       "moat: --from stands before diff: options come after the command, as in moat port diff "
       "--from"},
      // It would be heeded neither here nor there.
      {{"port", "--json", "diff", "/", "/"}, kExitUsage, "as in moat port diff --json"},
      {{"port", "--check", "diff", "/", "/"},
       kExitUsage,
       "moat: --check is an option of moat port, not of moat port diff; see moat port diff --help"},
      {{"port", "--from", "cuda"}, kExitUsage, "as in moat port diff --from"},
      {{"port", "--details", "diff"}, kExitUsage, "--details diff: no such kernel"},
      {{"compare"}, kExitUsage, "moat: RECORD is missing; see moat compare --help"},
      {{"report"}, kExitUsage, "moat: RECORD is missing; see moat report --help"},
      {{"run", "--case"}, kExitUsage, "moat: --case needs a value; see moat run --help"},
      {{"run", "--seed"}, kExitUsage, "moat: --seed needs a value; see moat run --help"},
      {{"run", "--export", "gbench"}, kExitUsage, "moat: --export needs FORMAT FILE; see moat run"},
      {{"run", "--sampels", "3"},
       kExitUsage,
       "unknown argument --sampels (did you mean --samples?)"},
      {{"port", "--detials", "gemm"},
       kExitUsage,
       "moat: unknown argument --detials (did you mean --details?); see moat port --help"},
      {{"compare", "a", "b", "--gates=5%"}, kExitUsage, "--gates=5% (did you mean --gate?)"},
      {{"codegen", "--filter", "("}, kExitUsage, "--filter ("},
      {{"compare", "a", "b", "--format", "jsn"}, kExitUsage, "Did you mean json?"},
      {{"port", "diff", "a"}, kExitUsage, "see moat port diff --help"},
      {{"run", "--export", "xml", "f"}, kExitUsage, "xml is not known"},
      {{"run", "--frobnicate"}, kExitUsage, "unknown argument --frobnicate"},
      {{"run", "--benchmark_repetition=2"}, kExitUsage, "Did you mean repetitions?"},
      {{"run", "--filter", "nothing-has-this-name"}, kExitNothing, "no case matches"},
      {{"run", "--benchmark_filter=nothing"}, kExitNothing, "no case matches"},
      {{"run", "--benchmark_filter"}, kExitUsage, "--benchmark_filter=REGEX"},
      {{"run", "--backend", "cpu", "--out", "/proc/moat/x.json"}, kExitOutput, "/proc/moat"},
      {{"run", "--backend", "cpu", "--out", "/dev/null/x.json"}, kExitOutput, "/dev/null"},
      {{"list", "--suite", "quik"}, kExitUsage, "Did you mean quick?"},
      {{"run", "--model", "/no/such.json"}, kExitUsage, "--model /no/such.json: cannot be read"},
      {{"explain", "--model", "/dev/null", "--device", "all"},
       kExitUsage,
       "not JSON: it is empty; a model's config.json was expected"},
      {{"list", "--model", "/dev/null"}, kExitUsage, "--model /dev/null: not JSON"},
      {{"run", "--tp", "2"}, kExitUsage, "--tp is about --model: name its config.json"},
      {{"list", "--tokens", "2"}, kExitUsage, "--tokens is about --model"},
      {{"run", "--context", "2"}, kExitUsage, "--context is about --model"},
      {{"run", "--quant", "fp8"}, kExitUsage, "--quant is about --model"},
      {{"run", "--quant", "int5"}, kExitUsage, "Did you mean int4?"},
      {{"run", "--tp", "0"}, kExitUsage, "--tp: \"0\" is not a whole number from 1"},
      {{"run", "--tokens", "1,x"}, kExitUsage, "--tokens: \"x\" is not a whole number from 1"},
      {{"run", "--tokens", "65k"}, kExitUsage, "--tokens: \"65k\" is not a whole number from 1"},
      {{"run", "--tokens", "1, 64,"}, kExitUsage, "--tokens: there is no number before or behind"},
      {{"run", "--tokens", "1,"}, kExitUsage, "write them as 1,2, or \"1, 2\" in quotes"},
      {{"run", "--context", ",1"}, kExitUsage, "--context: there is no number before or behind"},
      {{"run", "sum/f32/n1"},
       kExitUsage,
       "moat: unknown argument sum/f32/n1 (did you mean --case sum/f32/n1?); see moat run --help"},
      {{"list", "--model", "Qwen/Qwen3-8B"},
       kExitUsage,
       "--model Qwen/Qwen3-8B: cannot be read: No such file or directory; for a model of that name "
       "on the hub, fetch https://huggingface.co/Qwen/Qwen3-8B/resolve/main/config.json"},
      {{"run", "--model", "x", "--tokens", "512", "--context", "9"},
       kExitUsage,
       "--context: keys of decode, and of --tokens none is up to 256"},
      {{"run", "--cases", "/no/such"}, kExitUsage, "--cases /no/such: cannot be read"},
      {{"run", "--cases", "/dev/null"}, kExitUsage, "there is no case in it"},
      {{"run", "--cases", "-", "--ab", MOAT_BINARY}, kExitUsage, "name a file, not -"},
  };
  for (const auto& [arguments, exit_code, message] : mistakes) {
    const Finished f = moat_command(arguments);
    std::string line;
    for (const auto& a : arguments) line += a + " ";
    EXPECT_EQ(f.exit_code, exit_code) << line << "\n" << f.err;
    EXPECT_NE((f.out + f.err).find(message), std::string::npos) << line << "\n" << f.err;
    EXPECT_EQ(f.out.find("GFLOP/s"), std::string::npos) << line;
  }
}

TEST_F(Command, HelpAndVersion) {
  const Finished help = moat_command({"run", "--help"});
  EXPECT_EQ(help.exit_code, kExitOk);
  std::string types;
  for (const DType t : kDTypes) types += (types.empty() ? "" : ", ") + std::string(name_of(t));
  EXPECT_NE(help.out.find("only these types: " + types + ", "), std::string::npos) << help.out;
  EXPECT_NE(help.out.find("int4"), std::string::npos) << help.out;
  EXPECT_NE(help.out.find("examples:"), std::string::npos);
  EXPECT_NE(help.out.find("exit codes:"), std::string::npos);
  // The parser's own words for types, checks and defaults.
  for (const std::vector<std::string>& command : {std::vector<std::string>{"run"},
                                                  {"list"},
                                                  {"compare"},
                                                  {"report"},
                                                  {"port"},
                                                  {"codegen"},
                                                  {"port", "diff"},
                                                  {"port", "scan"},
                                                  {"port", "history"}}) {
    std::vector<std::string> arguments = command;
    arguments.emplace_back("--help");
    const std::string text = moat_command(arguments).out;
    for (const char* noise : {"INT", "FLOAT", "ENUM", ":FILE", ":from",
                              "Needs:", "Excludes:", "REQUIRED", "18446744073709551615"}) {
      EXPECT_EQ(text.find(noise), std::string::npos) << command.back() << ": " << noise;
    }
  }
  EXPECT_NE(help.out.find("--threads N (from 1 to 4096)"), std::string::npos) << help.out;
  EXPECT_NE(help.out.find("--seed N (default 1)"), std::string::npos) << help.out;
  const Finished version = moat_command({"--version"});
  EXPECT_EQ(version.exit_code, kExitOk);
  EXPECT_TRUE(version.out.starts_with("moat 0.")) << version.out;
}

TEST_F(Command, ListsTheNamesOfGoogleBenchmark) {
  const Finished f =
      moat_command(run_of("sum/f32/n1000", {"--benchmark_list_tests", "--benchmark_filter=moat$"}));
  EXPECT_EQ(f.exit_code, kExitOk);
  EXPECT_EQ(f.out, "sum/f32/n1000/cpu/moat\n");
  EXPECT_FALSE(fs::exists(record_));
}

TEST_F(Command, RunsTheCasesOfAModelAndOfAFile) {
  const fs::path model = folder_ / "config.json";
  std::ofstream(model) << R"({"model_type": "llama", "hidden_size": 128, "intermediate_size": 96,
      "num_attention_heads": 2, "num_key_value_heads": 2, "vocab_size": 60, "rms_norm_eps": 1e-5})";
  const std::vector<std::string> names = {"--benchmark_list_tests", "--no-baselines", "--backend",
                                          "cpu"};
  std::vector<std::string> arguments = {"run",      "--model", folder_.string(), "--tp", "2",
                                        "--tokens", "1, 2",    "--context",      "9,8k", "--quant",
                                        "int4"};
  arguments.insert(arguments.end(), names.begin(), names.end());
  const Finished of_model = moat_command(arguments);
  EXPECT_EQ(of_model.exit_code, kExitOk) << of_model.err;
  for (const char* name :
       {"gemm/bf16/m2n192k128bt/cpu/moat\n", "weightonly/bf16xint4/m1n96k128/cpu/moat\n",
        "attention/bf16/b2q1kv8192h1hkv1d64/cpu/moat\n"}) {
    EXPECT_NE(of_model.out.find(name), std::string::npos) << of_model.out;
  }
  EXPECT_NE(of_model.err.find("left out: int4 has a scale for each 32 numbers"), std::string::npos)
      << of_model.err;
  const Finished listed = moat_command({"list", "--model", model.string(), "--tokens", "3"});
  EXPECT_NE(listed.out.find("\ngemm/bf16/m3n384k128bt\n"), std::string::npos) << listed.out;

  const fs::path file = folder_ / "cases.txt";
  std::ofstream(file) << "sum/f32/n1000 3 # thrice\nsum/f32/n77\n";
  const std::vector<std::string> of_file = {
      "run",       "--backend", "cpu",      "--cases", file.string(),   "--out", record_.string(),
      "--samples", "10",        "--budget", "2",       "--no-baselines"};
  const Finished f = quick_command(of_file);
  ASSERT_TRUE(measured(f)) << f.err;
  EXPECT_NE(f.out.find("\ncpu:0  "), std::string::npos) << f.out;
  const Record record = parse_record(read(record_));
  ASSERT_EQ(record.cases.size(), 2u);
  EXPECT_EQ(record.cases[0].weight, 3);
  EXPECT_EQ(record.cases[1].weight, 1);
}

TEST_F(Command, WritesGoogleBenchmarksFile) {
  const fs::path file = folder_ / "gbench.json";
  const Finished f =
      quick_command(run_of("sum/f32/n1000", {"--no-baselines", "--benchmark_repetitions=2",
                                             "--benchmark_out=" + file.string()}));
  EXPECT_TRUE(measured(f)) << f.err;
  const Json json = read_json_file(file);
  EXPECT_EQ(json["benchmarks"][1]["name"], "sum/f32/n1000/cpu/moat");
  EXPECT_EQ(json["benchmarks"][1]["repetitions"], 2);
}

TEST_F(Command, FullDiskKeepsTheOldRecord) {
  {
    std::ofstream old(record_);
    old << "old";
  }
  const auto limit_files = [] {
    signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{.rlim_cur = 512, .rlim_max = 512};
    setrlimit(RLIMIT_FSIZE, &limit);
  };
  Spawned spawned(run_of("sum/f32/n1000", {"--no-baselines"}), limit_files, QUICK_MOAT_BINARY);
  const Finished f = spawned.wait();
  EXPECT_EQ(f.exit_code, kExitOutput) << f.err;
  EXPECT_NE(f.err.find(record_.string()), std::string::npos) << f.err;
  EXPECT_NE(f.err.find("File too large"), std::string::npos) << f.err;
  EXPECT_NE(f.err.find("nor can the record be kept elsewhere"), std::string::npos) << f.err;
  EXPECT_NE(f.out.find("n1000"), std::string::npos) << "the table is still printed";
  EXPECT_EQ(read(record_), "old");
}

// Google Benchmark's report of the first case tells when the second, which takes seconds, begins.
TEST_F(Command, CtrlCKeepsWhatWasVerified) {
  Spawned spawned(
      {"run", "--backend", "cpu", "--no-baselines", "--case", "sum/f32/n1000", "--case",
       "gemm/f32/m2000n2000k2000", "--case", "sum/f32/n2000", "--benchmark_format=csv", "--out",
       record_.string()},
      [] {}, QUICK_MOAT_BINARY);
  ASSERT_TRUE(spawned.wait_for("sum/f32/n1000/cpu/moat")) << spawned.wait().err;
  spawned.signal(SIGINT);
  const Finished f = spawned.wait();
  EXPECT_EQ(f.exit_code, kExitInterrupted) << f.err;
  const Record record = parse_record(read(record_));
  EXPECT_TRUE(record.run.interrupted);
  EXPECT_EQ(record.run.planned, 3);
  ASSERT_GE(record.cases.size(), 1u);
  EXPECT_LT(record.cases.size(), 3u);
  EXPECT_EQ(record.cases[0].status, Status::ok);
  EXPECT_FALSE(record.cases[0].series.empty());
}

}  // namespace
}  // namespace moat
