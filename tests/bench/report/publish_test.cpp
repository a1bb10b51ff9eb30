// SPDX-License-Identifier: Apache-2.0
#include "bench/report/publish.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "bench/compare/record_set.hpp"
#include "bench/port/record.hpp"
#include "tests/bench/report/publishable.hpp"
#include "tests/support/temporary_folder.hpp"

namespace moat {
namespace {

namespace fs = std::filesystem;

std::string read(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

class Publish : public testing::Test {
 protected:
  void SetUp() override {
    fs::create_directories(root_ / "results" / "xeon");
    fs::create_directories(root_ / "results" / "porting");
    std::ofstream(root_ / "results/porting/porting.json")
        << fmt::format(R"({{"schema": "moat-porting", "version": {}, "ports": {{"cpu": null}}, )"
                       R"("families": {{}}, "files": {{}}, "null_reasons": {{}}}})",
                       kPortingVersion);
    std::string text = "# A suite\n";
    for (const char* part : {"figure", "table", "porting"}) {
      text += std::string("<!-- moat:") + part + ":begin -->\n<!-- moat:" + part + ":end -->\n";
    }
    std::ofstream(options_.readme.value()) << text;
    write(publishable());
    options_.max_spread = 60;
  }

  void write(const Record& record) const { std::ofstream(options_.record) << to_text(record); }

  TemporaryFolder folder_;
  fs::path root_ = folder_.path();
  PublishOptions options_ = {.table = false,
                             .svg = false,
                             .readme = root_ / "README.md",
                             .check = false,
                             .max_spread = 10,
                             .record = root_ / "results/xeon/r.json",
                             .out = std::nullopt};
};

TEST_F(Publish, WritesTheDocumentAndThePictureAndSeesAnyChange) {
  PublishOptions check = options_;
  check.check = true;
  EXPECT_EQ(publish(check), 1);
  ASSERT_EQ(publish(options_), 0);
  EXPECT_EQ(publish(check), 0);
  const std::string text = read(root_ / "README.md");
  EXPECT_NE(text.find("](results/xeon/speed.svg)"), std::string::npos) << text;
  EXPECT_NE(text.find("([record](results/xeon/r.json))"), std::string::npos) << text;
  EXPECT_TRUE(read(root_ / "results/xeon/speed.svg").starts_with("<svg"));
  std::ofstream(root_ / "results/xeon/speed.svg", std::ios::app) << " ";
  EXPECT_EQ(publish(check), 1);
}

TEST_F(Publish, RefusesADirtyTreeAndAWideSpreadAndWritesNothing) {
  const std::string before = read(root_ / "README.md");
  options_.max_spread = 10;
  EXPECT_EQ(publish(options_), 1);
  options_.max_spread = 60;
  Record record = publishable();
  record.build.dirty = Reading<bool>::of(true);
  write(record);
  EXPECT_EQ(publish(options_), 1);
  EXPECT_EQ(read(root_ / "README.md"), before);
  EXPECT_FALSE(fs::exists(root_ / "results/xeon/speed.svg"));
}

TEST_F(Publish, RefusesCountsOfAnOlderVersion) {
  std::ofstream(root_ / "results/porting/porting.json")
      << R"({"schema": "moat-porting", "version": 3})";
  const std::string before = read(root_ / "README.md");
  try {
    publish(options_);
    FAIL() << "was published";
  } catch (const std::runtime_error& e) {
    EXPECT_NE(std::string(e.what()).find("porting.json: /version: a porting record of version 3"),
              std::string::npos)
        << e.what();
  }
  EXPECT_EQ(read(root_ / "README.md"), before);
}

TEST_F(Publish, OtherDocumentsOfMoatAreNoRecordsAndLeftOut) {
  const fs::path porting = root_ / "results/porting/porting.json";
  testing::internal::CaptureStderr();
  const auto records = read_records({options_.record, porting});
  const std::string note = testing::internal::GetCapturedStderr();
  EXPECT_EQ(records.size(), 1U);
  EXPECT_NE(note.find("left out, it is: " + porting.string()), std::string::npos) << note;
  EXPECT_THROW(read_records({porting}), RecordError);
  std::ofstream(root_ / "other.json") << R"({"schema": "of another program"})";
  EXPECT_THROW(read_records({options_.record, root_ / "other.json"}), RecordError);
}

}  // namespace
}  // namespace moat
