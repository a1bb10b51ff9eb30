// SPDX-License-Identifier: Apache-2.0
// On a repository that the test makes with git; the answers are counted by hand.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <string>

#include "bench/migration/history/history_command.hpp"
#include "tests/support/temporary_folder.hpp"

namespace moat {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;

class PortHistory : public testing::Test {
 protected:
  void SetUp() override {
    fs::create_directories(root_);
    git("init -q");
  }

  void git(const std::string& arguments, const std::string& environment = "") const {
    const std::string command = fmt::format(
        "cd '{}' && {} git -c user.name=a -c user.email=a@b -c commit.gpgsign=false -c "
        "core.hooksPath=/dev/null {} > /dev/null 2>&1",
        root_.string(), environment, arguments);
    ASSERT_EQ(std::system(command.c_str()), 0) << command;
  }

  void write(const std::string& file, const std::string& text) const {
    fs::create_directories((root_ / file).parent_path());
    std::ofstream(root_ / file) << text;
  }

  // At noon UTC of a day of January 2024, or at another time of day.
  void commit(int day, const std::string& time = "12:00:00 +0000",
              const std::string& author = "a") const {
    const std::string date = fmt::format("2024-01-{:02} {}", day, time);
    git("add -A");
    git("commit -q -m x",
        fmt::format("GIT_AUTHOR_DATE='{0}' GIT_COMMITTER_DATE='{0}' GIT_AUTHOR_EMAIL='{1}@b'", date,
                    author));
  }

  // Four commits change port/: 2 lines, + 1, one of them replaced, + 1 with a replacement.
  void make_port() const {
    write("base.cu", "1\n2\n3\n");
    commit(1);
    write("port/a.cpp", "one\ntwo\n");
    commit(2);
    write("port/a.cpp", "one\ntwo\nthree\n");
    commit(2, "23:30:00 -0200");  // the 3rd in UTC, the 2nd for its author
    write("port/a.cpp", "one\n2\nthree\n");
    commit(5);
    write("base.cu", "1\n2\n");
    commit(6);
    write("port/a.cpp", "one\n2\n3\nfour");
    commit(12, "12:00:00 +0000", "c");
  }

  TemporaryFolder temporary_;
  fs::path folder_ = temporary_.path();
  fs::path root_ = folder_ / "repository";
};

TEST_F(PortHistory, EffortIsCounted) {
  make_port();
  const PathHistory h = path_history(root_, "HEAD", {"port"});
  EXPECT_EQ(h.commits.size(), 4u);
  EXPECT_EQ(h.authors, 2);
  EXPECT_EQ(h.active_days, 3);  // the 2nd, 5th and 12th
  EXPECT_EQ(h.added, 2 + 1 + 1 + 2);
  EXPECT_EQ(h.removed, 0 + 0 + 1 + 1);
  EXPECT_EQ(h.surviving, 4);
  EXPECT_EQ(h.rework(), 8.0 / 4.0);
  EXPECT_EQ(h.days(), 10.0);
  EXPECT_EQ(h.not_measurable, "");
  EXPECT_EQ(path_history(root_, "HEAD~2", {"port"}).commits.size(), 3u);
  EXPECT_EQ(path_history(root_, "HEAD", {}).commits.size(), 6u);
  const Json json = history_json(h, nullptr);
  EXPECT_EQ(json.at("rework"), 2.0);
  EXPECT_EQ(json.at("first").at("date"), "2024-01-02");
  EXPECT_NE(history_text(json).find("active days      3 in 10.0 days"), std::string::npos);
}

TEST_F(PortHistory, AMovedFileIsNoReworkAndAMergeCountsOnce) {
  make_port();
  fs::create_directories(root_ / "port/sub");
  git("mv port/a.cpp port/sub/b.cpp");
  commit(13);
  git("checkout -q -b side HEAD~1");
  write("port/other.cpp", "x\n");
  commit(14);
  git("checkout -q -");
  git("merge -q --no-ff -m merge side");
  const PathHistory h = path_history(root_, "HEAD", {"port"});
  EXPECT_EQ(h.commits.size(), 6u);
  EXPECT_EQ(h.merges, 1);
  EXPECT_EQ(h.added, 6 + 0 + 1);
  EXPECT_EQ(h.removed, 2);
  EXPECT_EQ(h.surviving, 5);
}

TEST_F(PortHistory, ASquashedOrShallowHistoryIsNotMeasurable) {
  write("port/a.cpp", "one\ntwo\n");
  commit(2);
  const PathHistory h = path_history(root_, "HEAD", {});
  EXPECT_NE(h.not_measurable.find("squashed"), std::string::npos);
  const Json json = history_json(h, nullptr);
  EXPECT_TRUE(json.at("rework").is_null());
  EXPECT_TRUE(json.at("active_days").is_null());
  EXPECT_NE(history_text(json).find("not measurable"), std::string::npos);

  write("port/a.cpp", "one\n");
  commit(3);
  EXPECT_EQ(path_history(root_, "HEAD", {}).not_measurable, "");
  git(fmt::format("clone -q --depth 1 'file://{}' '{}'", root_.string(),
                  (folder_ / "shallow").string()));
  EXPECT_NE(path_history(folder_ / "shallow", "HEAD", {}).not_measurable.find("shallow"),
            std::string::npos);
}

TEST_F(PortHistory, MistakesAreNamed) {
  EXPECT_THROW(path_history(folder_ / "none", "HEAD", {}), std::invalid_argument);
  make_port();
  EXPECT_THROW(path_history(root_, "nothing", {}), std::invalid_argument);
  EXPECT_THROW(path_history(root_, "HEAD", {"prot"}), std::invalid_argument);
}

std::string contents(const fs::path& folder) {
  std::string all;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    all += entry.path().string() + "\n";
  }
  return all;
}

TEST_F(PortHistory, TheFirstGreenCommitIsFound) {
  make_port();
  const PathHistory h = path_history(root_, "HEAD", {"port"});
  // What runs must not be a hook.
  write(".git/hooks/post-checkout", "#!/bin/sh\ntouch '" + (folder_ / "hook").string() + "'\n");
  fs::permissions(root_ / ".git/hooks/post-checkout", fs::perms::owner_all);
  const std::string before = contents(root_);
  const auto find = [&](const std::string& command) {
    return find_green(root_, "HEAD", h.commits.front(), command, milliseconds(20000), nullptr);
  };
  // From the commit of the 2nd on: five.
  const GreenSearch s = find("grep -q '^2$' port/a.cpp && git rev-parse HEAD");
  EXPECT_EQ(s.candidates, 5u);
  ASSERT_TRUE(s.first);
  EXPECT_EQ(s.first->id, h.commits[2].id);
  EXPECT_LE(s.trials.size(), 4u);
  const Json json = history_json(h, &s);
  EXPECT_EQ(json.at("green").at("days"), 3.0);
  EXPECT_NE(history_text(json).find("after 3.0 days"), std::string::npos);
  EXPECT_EQ(find("true").first->id, h.commits.front().id);
  EXPECT_EQ(contents(root_), before);
  EXPECT_FALSE(fs::exists(folder_ / "hook"));
}

TEST_F(PortHistory, ACommandThatFailsOrHangsIsNeverGreen) {
  make_port();
  const PathHistory h = path_history(root_, "HEAD", {"port"});
  const GreenSearch failed =
      find_green(root_, "HEAD", h.commits.front(), "echo why; false", milliseconds(20000), nullptr);
  EXPECT_FALSE(failed.first);
  EXPECT_EQ(failed.trials.size(), 1u);
  EXPECT_EQ(failed.last_output, "why\n");
  const Json json = history_json(h, &failed);
  EXPECT_TRUE(json.at("green").at("days").is_null());
  EXPECT_NE(history_text(json).find("n/a: the command does not succeed"), std::string::npos);

  const auto start = std::chrono::steady_clock::now();
  const GreenSearch late = find_green(root_, "HEAD", h.commits.front(), "sleep 60 & sleep 60; true",
                                      milliseconds(200), nullptr);
  EXPECT_FALSE(late.first);
  EXPECT_TRUE(late.trials.front().timed_out);
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(20));
}

}  // namespace
}  // namespace moat
