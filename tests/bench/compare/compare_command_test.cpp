// SPDX-License-Identifier: Apache-2.0
// `moat compare` as a user runs it.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "bench/record/file.hpp"
#include "bench/text/exit_codes.hpp"
#include "tests/bench/compare/synthetic.hpp"
#include "tests/bench/run/spawn.hpp"
#include "tests/support/temporary_folder.hpp"

namespace moat {
namespace {

namespace fs = std::filesystem;

class CompareCommand : public testing::Test {
 protected:
  void SetUp() override {
    base_ = write("base.json", 1e-3);
    same_ = write("same.json", 1.001e-3);
    slow_ = write("slow.json", 1.5e-3);
  }

  // A record in which gemm takes `seconds` and a sum 1 ms.
  std::string write(const std::string& name, double seconds) const {
    const auto samples = [](double s) {
      std::vector<double> values(20);
      for (std::size_t i = 0; i < values.size(); ++i) {
        values[i] = s * (1 + 0.001 * static_cast<double>(i));  // a drift of 2 %
      }
      return values;
    };
    const NamedRecord r =
        timed_record({{"gemm/f32/m8n8k8", samples(seconds)}, {"sum/f32/n1000", samples(1e-3)}});
    write_file(folder_ / name, to_text(r.record));
    return (folder_ / name).string();
  }

  TemporaryFolder temporary_;
  fs::path folder_ = temporary_.path();
  std::string base_;
  std::string same_;
  std::string slow_;
};

TEST_F(CompareCommand, GatePassesAndFails) {
  EXPECT_EQ(moat_command({"compare", base_, same_, "--gate", "5%"}).exit_code, kCompareOk);
  const Finished slow = moat_command({"compare", base_, slow_, "--gate", "5%"});
  EXPECT_EQ(slow.exit_code, kCompareSlower);
  EXPECT_NE(slow.err.find("moat: gate 5 %: gemm/f32/m8n8k8/cpu/moat is slower: +50.0 % (+"),
            std::string::npos)
      << slow.err;
  EXPECT_TRUE(slow.out.ends_with("gate 5 %: not passed: 1 slower\n")) << slow.out;
  const Finished passed = moat_command({"compare", base_, same_, "--gate", "5%"});
  EXPECT_NE(
      passed.out.find("\ngate 5 %: passed; the slowest of 2 cases is gemm/f32/m8n8k8/cpu/moat: "
                      "+0.1 % ("),
      std::string::npos)
      << passed.out;
  EXPECT_EQ(slow.err.find("sum/"), std::string::npos) << slow.err;
  EXPECT_NE(slow.out.find("+50.0 %"), std::string::npos) << slow.out;
  EXPECT_EQ(moat_command({"compare", slow_, base_, "--gate", "5%"}).exit_code, kCompareOk)
      << "a speed-up passes";
  EXPECT_EQ(moat_command({"compare", base_, slow_}).exit_code, kCompareOk)
      << "without a gate nothing fails";
}

// As a shell's <(…) or a pipe into /dev/stdin.
TEST_F(CompareCommand, RecordsMayComeThroughPipes) {
  const std::string command =
      fmt::format("cat '{}' | '{}' compare /dev/stdin '{}' --gate 5%", base_, MOAT_BINARY, slow_);
  const Finished f = Spawned(
                         {"-c", command}, [] {}, "/bin/sh")
                         .wait();
  EXPECT_EQ(f.exit_code, kCompareSlower) << f.err;
}

TEST_F(CompareCommand, RefusesAGateBelowTheNoiseAndNamesTheFloor) {
  const Finished f = moat_command({"compare", base_, slow_, "--gate", "0.1%"});
  EXPECT_EQ(f.exit_code, kCompareNoise);
  EXPECT_NE(f.err.find("--gate 0.1% is refused: below the noise floor of 1.0 %"), std::string::npos)
      << f.err;
  EXPECT_NE(f.out.find("gate 0.1 %: refused: below the noise floor"), std::string::npos) << f.out;
}

TEST_F(CompareCommand, ARefusedGateNamesWhatIsWrong) {
  const NamedRecord r = timed_record({{"gemm/f32/m8n8k8", std::vector<double>(20, 1e-3)}});
  const std::string lacking = (folder_ / "lacking.json").string();
  write_file(lacking, to_text(r.record));
  const Finished f = moat_command({"compare", base_, lacking, "--gate", "0.1%"});
  EXPECT_EQ(f.exit_code, kCompareNoise);
  EXPECT_NE(f.err.find("--gate 0.1% is refused: "), std::string::npos) << f.err;
  EXPECT_NE(f.err.find("gate 0.1 %: sum/f32/n1000/cpu/moat is missing: not in the new record"),
            std::string::npos)
      << f.err;
}

TEST_F(CompareCommand, RoundsThatDoNotFitTheirSamplesAreRefused) {
  NamedRecord r = timed_record({{"sum/f32/n1000", std::vector<double>(20, 1e-3)}});
  r.record.run.session = "s";
  Json json = parse_strict(to_text(r.record));
  json["cases"][0]["series"][0]["rounds"] = {0, 1};
  const std::string path = (folder_ / "rounds.json").string();
  write_file(path, json.dump());
  for (const auto& command : std::vector<std::vector<std::string>>{
           {"compare", base_, path}, {"compare", path, path}, {"compare", "--across", path}}) {
    const Finished f = moat_command(command);
    EXPECT_EQ(f.exit_code, kCompareUnreadable) << f.err;
    EXPECT_NE(f.err.find("rounds.json: at \"/cases/0/series/0/rounds\": has 2 rounds of 20"),
              std::string::npos)
        << f.err;
  }
}

// Samples beyond any doubt, but fewer than a ratio needs: no verdict, and no pass.
TEST_F(CompareCommand, AGateThatCannotJudgeDoesNotPass) {
  const auto with = [&](const std::string& name, std::size_t samples, double seconds) {
    const NamedRecord r = timed_record({{"gemm/f32/m8n8k8", std::vector<double>(samples, seconds)},
                                        {"sum/f32/n1000", std::vector<double>(20, 1e-3)}});
    write_file(folder_ / name, to_text(r.record));
    return (folder_ / name).string();
  };
  const std::string few = with("few.json", 4, 0.1);
  for (const char* format : {"table", "markdown", "json", "junit", "github"}) {
    const Finished f = moat_command({"compare", base_, few, "--gate", "5%", "--format", format});
    EXPECT_EQ(f.exit_code, kCompareUndecided) << format;
    EXPECT_NE(f.out.find("too few samples"), std::string::npos) << f.out;
    EXPECT_NE(f.err.find("gate 5 %: gemm/f32/m8n8k8/cpu/moat has 4 samples; 10 are needed"),
              std::string::npos)
        << f.err;
  }
  EXPECT_EQ(moat_command({"compare", few, base_, "--gate", "5%"}).exit_code, kCompareUndecided);
  EXPECT_EQ(moat_command({"compare", base_, few}).exit_code, kCompareOk);
}

TEST_F(CompareCommand, AnEmptyValueIsAMistake) {
  for (const char* option : {"--gate", "--threshold", "--baseline", "--rate-of", "--format",
                             "--out", "--seed", "--resamples"}) {
    for (const char* value : {"", " ", "\t"}) {
      const Finished f = moat_command({"compare", base_, slow_, option, value});
      EXPECT_EQ(f.exit_code, kCompareUsage) << option;
      EXPECT_NE(f.err.find(std::string(option) + ": its value is empty"), std::string::npos)
          << f.err;
      EXPECT_EQ(f.out, "");
    }
    const std::string joined = std::string(option) + "=";
    const Finished f = moat_command({"compare", joined, base_, slow_});
    EXPECT_EQ(f.exit_code, kCompareUsage) << joined;
    EXPECT_NE(f.err.find("its value is empty"), std::string::npos) << f.err;
  }
  for (const char* option : {"--out", "-o", "--csv", "--baseline"}) {
    EXPECT_EQ(moat_command({"report", base_, option, ""}).exit_code, kCompareUsage) << option;
  }
  for (const char* option :
       {"--suite", "--case", "--kernel", "--dtype", "--filter", "--backend", "--device", "--seed",
        "--threads", "--budget", "--samples", "--ab", "--out", "--format", "--benchmark_filter="}) {
    const Finished f = moat_command({"run", option, ""});
    EXPECT_EQ(f.exit_code, kCompareUsage) << option;
  }
  const Finished f = moat_command({"compare", "", slow_});
  EXPECT_EQ(f.exit_code, kCompareUsage);
  EXPECT_NE(f.err.find("is empty"), std::string::npos) << f.err;
}

TEST_F(CompareCommand, ATimeOfZeroIsRefusedWithItsPlace) {
  NamedRecord r = timed_record({{"sum/f32/n1000", std::vector<double>(20, 1e-3)}});
  Json json = parse_strict(to_text(r.record));
  json["cases"][0]["series"][0]["seconds"][3] = 0.0;
  const std::string zero = (folder_ / "zero.json").string();
  write_file(zero, json.dump());
  const std::vector<std::vector<std::string>> commands = {
      {"compare", zero, base_, "--gate", "5%"},
      {"compare", base_, zero},
      {"compare", zero, zero, "--format", "json"},
      {"compare", zero, zero, "--format", "junit"},
      {"compare", "--across", zero},
      {"compare", "--libraries", zero},
      {"report", zero, "-o", (folder_ / "r.html").string()},
  };
  for (const auto& command : commands) {
    const Finished f = moat_command(command);
    EXPECT_EQ(f.exit_code, kCompareUnreadable) << f.err;
    EXPECT_NE(f.err.find("zero.json: at \"/cases/0/series/0/seconds/3\": is 0.0, not above 0"),
              std::string::npos)
        << f.err;
  }
}

// A copy of a record is no second run, which would seem to have no noise.
TEST_F(CompareCommand, ACopyCountsOnce) {
  fs::create_directories(folder_ / "copies");
  write("copies/a.json", 1e-3);
  fs::copy_file(folder_ / "copies" / "a.json", folder_ / "copies" / "b.json");
  const Finished f = moat_command({"compare", (folder_ / "copies").string(), base_});
  EXPECT_EQ(f.out.find("(2 runs)"), std::string::npos) << f.out;
}

TEST_F(CompareCommand, OursBesideTheLibrariesOfTheRecord) {
  // Our kernel with another schedule is no library.
  NamedRecord r = timed_record({{"sum/f32/n1000", std::vector<double>(20, 1e-3)},
                                {"sum/f32/n1000", std::vector<double>(20, 3e-3), "moat.4w"},
                                {"sum/f32/n1000", std::vector<double>(20, 2e-3), "onednn"}});
  write_file(folder_ / "beside.json", to_text(r.record));
  const std::string path = (folder_ / "beside.json").string();
  Finished f = moat_command({"compare", "--libraries", path, "--format", "json"});
  ASSERT_EQ(f.exit_code, kCompareOk) << f.err;
  const Json entries = parse_strict(f.out)["records"][0]["cases"];
  EXPECT_EQ(entries.size(), 1U);
  const Json& entry = entries[0];
  EXPECT_EQ(entry["other"], "onednn");
  EXPECT_EQ(entry["speed"]["ratio"], 2.0);
  EXPECT_EQ(entry["verdict"], "faster");
  f = moat_command({"compare", "--libraries", path});
  EXPECT_NE(f.out.find("2.00 (2.00–2.00)"), std::string::npos) << f.out;
  EXPECT_EQ(moat_command({"compare", "--libraries", path, "--gate", "5%"}).exit_code,
            kCompareUsage);
  EXPECT_EQ(moat_command({"compare", "--libraries", "--across", path}).exit_code, kCompareUsage);
  EXPECT_EQ(f.out.find("warning"), std::string::npos) << f.out;
  r.record.run.planned = 5;
  write_file(folder_ / "beside.json", to_text(r.record));
  f = moat_command({"compare", "--libraries", path});
  EXPECT_NE(f.out.find("beside.json: the record has 3 of the 5 cases that were planned"),
            std::string::npos)
      << f.out;
}

// One that the records lack is no mistake in the option.
TEST_F(CompareCommand, ARateOfACaseThatNoRecordHasIsSaid) {
  const Finished f =
      moat_command({"compare", "--libraries", base_, "--rate-of", "gemm/f32/m9n9k9"});
  EXPECT_EQ(f.exit_code, kCompareOk) << f.err;
  EXPECT_NE(f.err.find("no record has gemm/f32/m9n9k9 of ours"), std::string::npos) << f.err;
}

TEST_F(CompareCommand, FoldersAreSetsOfRuns) {
  fs::create_directories(folder_ / "runs" / "deep");
  write("runs/a.json", 1e-3);
  write("runs/deep/b.json", 1.002e-3);
  write_file(folder_ / "runs" / "other.json", "{\"schema\": \"of another program\"}\n");
  const Finished f = moat_command({"compare", (folder_ / "runs").string(), slow_, "--gate", "5%"});
  EXPECT_EQ(f.exit_code, kCompareSlower) << f.err;
  EXPECT_NE(f.out.find("(2 runs)"), std::string::npos) << f.out;
  EXPECT_NE(f.err.find("moat: 1 document of other schemas than moat-record left out, it is: "),
            std::string::npos)
      << f.err;
  EXPECT_NE(f.err.find("other.json (of another program)\n"), std::string::npos) << f.err;
  // However many there are, they have one line.
  write_file(folder_ / "runs" / "third.json", "{\"schema\": \"of a third one\"}\n");
  const std::string of_two = moat_command({"compare", (folder_ / "runs").string(), slow_}).err;
  EXPECT_NE(of_two.find("moat: 2 documents of other schemas"), std::string::npos) << of_two;
  EXPECT_EQ(of_two.find("third.json"), std::string::npos) << of_two;
}

// However a record is written, it takes part; what cannot be read ends the comparison.
TEST_F(CompareCommand, NoRecordOfAFolderIsDropped) {
  fs::create_directories(folder_ / "runs");
  write("runs/a.json", 1e-3);
  NamedRecord r = timed_record({{"gemm/f32/m8n8k8", std::vector<double>(20, 3e-3)},
                                {"sum/f32/n1000", std::vector<double>(20, 1e-3)}});
  const nlohmann::json sorted = nlohmann::json::parse(to_text(r.record));
  const fs::path other = folder_ / "runs" / "b.json";
  write_file(other, sorted.dump(4));
  ASSERT_GT(sorted.dump(4).find("moat-record"), 4096u);
  const std::vector<std::string> gate = {"compare", base_, (folder_ / "runs").string(), "--gate",
                                         "200%"};
  const Finished both = moat_command(gate);
  EXPECT_NE(both.out.find("(2 runs)"), std::string::npos) << both.out << both.err;
  // The same record, written in another order, is a copy of it.
  write_file(folder_ / "runs" / "copy.json", to_text(r.record));
  EXPECT_NE(moat_command(gate).out.find("(2 runs)"), std::string::npos);
  for (const std::string& text : {std::string(), std::string("{\"schema\": \"moat-rec"),
                                  std::string("{\"no\": \"record\"}"), std::string("[]")}) {
    write_file(other, text);
    const Finished f = moat_command(gate);
    EXPECT_EQ(f.exit_code, kCompareUnreadable) << text;
    EXPECT_NE(f.err.find("b.json"), std::string::npos) << f.err;
  }
}

TEST_F(CompareCommand, ATimeBeyondAllSenseIsRefused) {
  const NamedRecord r = timed_record({{"sum/f32/n1000", std::vector<double>(20, 1e-3)}});
  for (const double seconds : {1.7e308, 1e-320, 1e-13, 1e10}) {
    Json json = parse_strict(to_text(r.record));
    json["cases"][0]["series"][0]["seconds"] = std::vector<double>(20, seconds);
    const std::string path = (folder_ / "beyond.json").string();
    write_file(path, json.dump());
    for (const char* format : {"table", "json", "junit", "github"}) {
      const Finished f = moat_command({"compare", base_, path, "--gate", "5%", "--format", format});
      EXPECT_EQ(f.exit_code, kCompareUnreadable) << seconds;
      EXPECT_NE(f.err.find("at \"/cases/0/series/0/seconds/0\""), std::string::npos) << f.err;
    }
  }
}

TEST_F(CompareCommand, WritesAFileForCi) {
  const std::string out = (folder_ / "compare.xml").string();
  const Finished f =
      moat_command({"compare", base_, slow_, "--gate", "5%", "--format", "junit", "--out", out});
  EXPECT_EQ(f.exit_code, kCompareSlower);
  EXPECT_EQ(f.out, "");
  EXPECT_TRUE(fs::exists(out));
}

TEST_F(CompareCommand, ComparesDevices) {
  const Finished f = moat_command({"compare", "--across", folder_.string()});
  EXPECT_EQ(f.exit_code, kCompareOk) << f.err;
  EXPECT_NE(f.out.find("cpu Xeon (= 1)"), std::string::npos) << f.out;
}

TEST_F(CompareCommand, EachMistakeHasItsMessageAndCode) {
  write_file(folder_ / "cut.json", "{\"schema\": \"moat-record\"");
  fs::create_directories(folder_ / "empty");
  write_file(folder_ / "empty" / "x.json", "{\"schema\": \"other\"}\n");
  const std::string cut = (folder_ / "cut.json").string();
  struct Mistake {
    std::vector<std::string> arguments;
    int exit_code;
    std::string message;
  };
  const std::vector<Mistake> mistakes = {
      {{"compare"}, kCompareUsage, "RECORD is missing"},
      {{"compare", "--across", base_, "--rate-of", "x"}, kCompareUsage, "belongs to --libraries"},
      {{"compare", "--libraries", base_, "--rate-of", "nosuch"}, kCompareUsage, "--rate-of: "},
      {{"report", "--table", base_, "--out", "t.txt"}, kCompareUsage, "--out belongs to"},
      {{"report", "--table", base_, "--csv", "t.csv"}, kCompareUsage, "--csv belongs to"},
      {{"report", "--svg", base_, "--csv", "t.csv"}, kCompareUsage, "--csv belongs to"},
      {{"report", "--svg", base_, "--baseline", "cpu"}, kCompareUsage, "--baseline belongs to"},
      {{"report", "--svg", base_, "--table"}, kCompareUsage, "ask one at a time"},
      {{"report", "--readme", base_, "--svg", base_}, kCompareUsage, "ask one at a time"},
      {{"report", "--readme", base_, "--check", "--out", "t", base_},
       kCompareUsage,
       "--out belongs"},
      {{"compare", base_}, kCompareUsage, "takes BASE and NEW, not 1"},
      {{"compare", base_, same_, slow_}, kCompareUsage, "not 3"},
      {{"compare", base_, base_, "--gate", "5%"}, kCompareUsage, "are the same run"},
      {{"compare", base_, same_, "--gate", "5"}, kCompareUsage, "--gate: 5: without % it is a"},
      {{"compare", base_, same_, "--gate", "5% "}, kCompareUsage, "--gate: 5% : not a share"},
      {{"compare", base_, same_, "--gate", "0.05 "}, kCompareUsage, "--gate: 0.05 : not a share"},
      {{"report", base_, "--readme", base_, "--max-spread", "nan"}, kCompareUsage, "not a number"},
      {{"report", base_, "--readme", base_, "--max-spread", "inf"}, kCompareUsage, "not a number"},
      {{"report", base_, "--readme", base_, "--max-spread", "-1"}, kCompareUsage, "not a number"},
      {{"compare", base_, same_, "--threshold", "nan"}, kCompareUsage, "--threshold: nan: it must"},
      {{"compare", base_, same_, "--rate-of", "x"}, kCompareUsage, "belongs to --libraries"},
      {{"compare", base_, same_, "--format", "html"}, kCompareUsage, "--format"},
      {{"compare", base_, same_, "--baseline", "cuda"}, kCompareUsage, "belongs to --across"},
      {{"compare", "--across", base_, "--gate", "5%"}, kCompareUsage, "judges none"},
      {{"compare", "--across", base_, "--baseline", "tpu"}, kCompareUsage, "tpu names 0"},
      {{"compare", base_, "/nowhere.json"}, kCompareUnreadable, "/nowhere.json: cannot be read"},
      {{"compare", base_, cut}, kCompareUnreadable, "cut.json"},
      {{"compare", base_, (folder_ / "empty").string()}, kCompareUnreadable, "no record there"},
      {{"compare", base_, same_, "--out", "/proc/x/y"}, kCompareOutput, "/proc/x"},
  };
  for (const auto& m : mistakes) {
    const Finished f = moat_command(m.arguments);
    EXPECT_EQ(f.exit_code, m.exit_code) << m.message << "\n" << f.err;
    EXPECT_NE((f.out + f.err).find(m.message), std::string::npos) << m.message << "\n" << f.err;
  }
  NamedRecord other = timed_record({{"max/f32/n1", {1, 1, 1}}});
  write_file(folder_ / "other.json", to_text(other.record));
  const Finished f = moat_command({"compare", base_, (folder_ / "other.json").string()});
  EXPECT_EQ(f.exit_code, kCompareNothing);
  EXPECT_NE(f.err.find("no case in common"), std::string::npos) << f.err;
  const Finished gated = moat_command(
      {"compare", base_, (folder_ / "other.json").string(), "--gate", "5%", "--format", "junit"});
  EXPECT_EQ(gated.exit_code, kCompareNothing);
  EXPECT_NE(gated.out.find(R"(<error type="gate" message="the records have no case in common"/>)"),
            std::string::npos)
      << gated.out;
}

TEST_F(CompareCommand, HelpHasExamplesAndExitCodes) {
  const Finished f = moat_command({"compare", "--help"});
  EXPECT_EQ(f.exit_code, kCompareOk);
  EXPECT_NE(f.out.find("examples:"), std::string::npos);
  EXPECT_NE(f.out.find("below the noise floor"), std::string::npos);
  EXPECT_NE(f.out.find("  9    a case could not be judged"), std::string::npos) << f.out;
}

}  // namespace
}  // namespace moat
