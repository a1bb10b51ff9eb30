// SPDX-License-Identifier: Apache-2.0
// `moat model` on this CPU, with a model of a moment.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "bench/record/record.hpp"
#include "bench/text/exit_codes.hpp"
#include "tests/bench/run/spawn.hpp"
#include "tests/support/temporary_folder.hpp"

namespace moat {
namespace {

using testing::HasSubstr;

class ModelCommand : public testing::Test {
 protected:
  void SetUp() override {
    std::ofstream(config_)
        << R"({"model_type":"llama","hidden_size":128,"intermediate_size":256,)"
           R"("num_hidden_layers":2,"num_attention_heads":2,"num_key_value_heads":1,)"
           R"("head_dim":64,"vocab_size":512,"rms_norm_eps":1e-5})";
  }

  Finished model(const std::vector<std::string>& more) const {
    std::vector<std::string> arguments = {"model", config_.string()};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return Spawned(
               arguments, [] {}, QUICK_MOAT_BINARY)
        .wait();
  }

  // Every result was right; on a busy machine some have no number.
  Finished measured(const std::string& prefill) const {
    return model({"--backend", "cpu", "--context", "1k", "--prefill", prefill, "--samples", "10",
                  "--budget", "1", "--out", record_.string()});
  }

  static Record read(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    return parse_record(std::string{std::istreambuf_iterator<char>(file), {}});
  }

  TemporaryFolder temporary_;
  std::filesystem::path folder_ = temporary_.path();
  std::filesystem::path config_ = folder_ / "config.json";
  std::filesystem::path record_ = folder_ / "record.json";
};

TEST_F(ModelCommand, MeasuresAndPutsTogether) {
  const Finished f = measured("0");
  ASSERT_TRUE(f.exit_code == kExitOk || f.exit_code == kExitDisturbed) << f.err;
  const Record record = read(record_);
  ASSERT_TRUE(record.model);
  EXPECT_EQ(record.model->context, 1024);
  ASSERT_EQ(record.model->devices.size(), 1u);
  ASSERT_EQ(record.model->devices[0].steps.size(), 1u);
  EXPECT_TRUE(record.model->devices[0].fits);
  if (f.exit_code == kExitDisturbed) {
    EXPECT_THAT(f.out, HasSubstr("no rate: "));
    return;
  }
  EXPECT_THAT(f.out, HasSubstr("tokens/s ≤"));
  // What is there is not measured again, and gives the same.
  const Finished again = model({"--context", "1k", "--prefill", "0", "--from", record_.string(),
                                "--no-measuring", "--json"});
  EXPECT_EQ(again.exit_code, kExitOk) << again.err;
  const Json section = parse_strict(again.out);
  EXPECT_EQ(section["devices"][0]["steps"][0]["seconds_at_least"],
            *record.model->devices[0].steps[0].seconds_at_least.value);
  // A further context is one case more.
  const std::filesystem::path second = folder_ / "second.json";
  const Finished more =
      model({"--backend", "cpu", "--context", "2k", "--prefill", "0", "--samples", "10", "--budget",
             "1", "--from", record_.string(), "--out", second.string()});
  ASSERT_TRUE(more.exit_code == kExitOk || more.exit_code == kExitDisturbed) << more.err;
  EXPECT_EQ(read(second).cases.size(), 1u);
  EXPECT_THAT(more.out, HasSubstr("times in part from " + record_.string()));
}

TEST_F(ModelCommand, ASumWithoutACaseIsWithheld) {
  const Finished f = measured("0");
  ASSERT_TRUE(f.exit_code == kExitOk || f.exit_code == kExitDisturbed) << f.err;
  const Finished without = model({"--context", "4k", "--prefill", "0", "--from", record_.string(),
                                  "--no-measuring", "--price", "2.40USD/h"});
  EXPECT_EQ(without.exit_code, kExitNothing);
  EXPECT_THAT(without.out, HasSubstr("no rate: "));
  EXPECT_THAT(without.out, HasSubstr("kv4096h2hkv1d64: not measured"));
  EXPECT_THAT(without.err, HasSubstr("no source given"));
}

TEST_F(ModelCommand, RefusesEachMistakeWithItsOwnMessage) {
  const std::vector<std::pair<std::vector<std::string>, std::string>> mistakes = {
      {{"--context", "8q"}, "8q"},
      {{"--batch", "0"}, "from 1 to 4096"},
      {{"--price", "2.40"}, "as in 2.40USD/h"},
      {{"--power-price", "0.3USD/kWh"}, "needs --watts"},
      {{"--no-measuring"}, "needs --from"},
      {{"--tp", "3"}, "do not divide"},
      {{"--quant", "int3"}, "int3 is not known"},
      {{"--resume"}, "needs --out FILE.json"}};
  for (const auto& [arguments, text] : mistakes) {
    const Finished f = model(arguments);
    EXPECT_EQ(f.exit_code, kExitUsage) << text;
    EXPECT_THAT(f.err, HasSubstr(text));
  }
  const Finished none = Spawned(
                            {"model", "lama3-8b"}, [] {}, QUICK_MOAT_BINARY)
                            .wait();
  EXPECT_EQ(none.exit_code, kExitUsage);
  EXPECT_THAT(none.err, HasSubstr("llama3-8b"));
}

}  // namespace
}  // namespace moat
