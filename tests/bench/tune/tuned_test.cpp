// SPDX-License-Identifier: Apache-2.0
#include "bench/tune/tuned.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "bench/cases/case.hpp"
#include "bench/record/file.hpp"
#include "bench/run/usage_error.hpp"
#include "tests/support/temporary_folder.hpp"

namespace moat {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::ThrowsMessage;

TunedFile sample() {
  return {.version = "0.1.0",
          .commit = "abc",
          .record = "tuned.record.json",
          .hot = true,
          .devices = {{.backend = "cpu",
                       .name = "Some CPU",
                       .architecture = "avx2",
                       .compute_units = 2,
                       .driver = {},
                       .classes = {{.shape_class = "gemm/f32/m16n4096k4096bt",
                                    .schedule = "streamed-576x1024x128",
                                    .instead_of = "in-place-16x128x512",
                                    .speed = 1.2,
                                    .cases = {{"gemm/f32/m9n4096k4096bt", 1.2, 1.1, 1.3}}}},
                       .kept = {"gemm/f32/m1n4096k4096bt"},
                       .undecided = {"gemm/f32/m64n64k64"}}}};
}

DeviceInfo device() {
  DeviceInfo info;
  info.backend = "cpu";
  info.name = "Some CPU";
  info.architecture = "avx2";
  info.compute_units = 2;
  return info;
}

class TunedFileTest : public testing::Test {
 protected:
  TunedFile read(const std::string& text) {
    write_file(path_, text);
    return read_tuned(path_);
  }

  TemporaryFolder folder_;
  std::filesystem::path path_ = folder_.path() / "tuned.json";
};

TEST_F(TunedFileTest, HoldsWhatWasWritten) {
  const TunedFile file = read(to_text(sample()));
  EXPECT_EQ(to_text(file), to_text(sample()));
  ASSERT_EQ(file.devices.size(), 1u);
  ASSERT_EQ(file.devices[0].classes.size(), 1u);
  EXPECT_EQ(file.devices[0].classes[0].cases.at(0).lower, 1.1);
  EXPECT_FALSE(file.devices[0].driver);
  EXPECT_TRUE(file.hot);
}

TEST_F(TunedFileTest, WhatIsNoneIsRefusedByName) {
  const auto refused = [&](const std::string& text, const std::string& why) {
    EXPECT_THAT([&] { read(text); },
                ThrowsMessage<UsageError>(
                    AllOf(HasSubstr("--tuned: "), HasSubstr(path_.string()), HasSubstr(why))))
        << text;
  };
  refused("{", "line 1");
  refused("[]", "not of schema moat-tuned");
  refused(R"({"schema": "moat-record", "version": 1})", "not of schema moat-tuned");
  refused(R"({"schema": "moat-tuned", "version": 2})", "of version 2, this moat knows 1");
  refused(R"({"schema": "moat-tuned", "version": 1})", "program");
  std::string text = to_text(sample());
  text.replace(text.find("1.2"), 3, "\"fast\"");
  refused(text, "must be number");
  // Modulo 2^32 it would be this machine's.
  text = to_text(sample());
  const std::string units = "\"compute_units\": 2";
  text.replace(text.find(units), units.size(), "\"compute_units\": 4294967298");
  refused(text, "4294967298 is no number of units");
  TunedFile twice = sample();
  twice.devices[0].classes.push_back(twice.devices[0].classes[0]);
  refused(to_text(twice), "class gemm/f32/m16n4096k4096bt is there twice");
  EXPECT_THAT([] { read_tuned("/no/such/file.json"); },
              ThrowsMessage<UsageError>(HasSubstr("/no/such/file.json")));
}

TEST(TunedDevices, AreTheSameInAllThatDecidesASchedule) {
  const TunedFile file = sample();
  const TunedFor same = find_device(file, device());
  ASSERT_EQ(same.device, file.devices.data());
  const auto why_not = [&](auto change) {
    DeviceInfo info = device();
    change(info);
    const TunedFor found = find_device(file, info);
    EXPECT_EQ(found.device, nullptr);
    return found.why_not;
  };
  EXPECT_EQ(why_not([](DeviceInfo& i) { i.backend = "other"; }),
            "it has no device of the backend other");
  EXPECT_EQ(why_not([](DeviceInfo& i) { i.name = "Another"; }),
            "name: Some CPU there, Another here");
  EXPECT_EQ(why_not([](DeviceInfo& i) { i.architecture = "amx"; }),
            "architecture: avx2 there, amx here");
  EXPECT_EQ(why_not([](DeviceInfo& i) { i.compute_units = 1; }), "units: 2 there, 1 here");
  EXPECT_EQ(why_not([](DeviceInfo& i) { i.driver = "570"; }), "driver: none there, 570 here");
}

TEST(TunedClasses, HoldForAllOfTheirCases) {
  const TunedFile file = sample();
  const auto find = [&](const char* name) { return find_class(file.devices[0], parse_case(name)); };
  ASSERT_NE(find("gemm/f32/m12n4000k2049bt"), nullptr);
  EXPECT_EQ(find("gemm/f32/m12n4000k2049bt")->schedule, "streamed-576x1024x128");
  EXPECT_EQ(find("gemm/f32/m17n4000k2049bt"), nullptr);
  EXPECT_EQ(find("gemm/f32/m1n4096k4096bt"), nullptr);
  EXPECT_EQ(find("gemm/bf16/m12n4000k4000bt"), nullptr);
}

}  // namespace
}  // namespace moat
