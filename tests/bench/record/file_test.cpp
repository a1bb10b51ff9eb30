// SPDX-License-Identifier: Apache-2.0
#include "bench/record/file.hpp"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <iterator>
#include <string>

#include "tests/support/temporary_folder.hpp"

namespace moat {
namespace {

namespace fs = std::filesystem;

std::string read(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

class File : public testing::Test {
 protected:
  std::ptrdiff_t count() const {
    return std::distance(fs::directory_iterator(folder_), fs::directory_iterator());
  }

  TemporaryFolder temporary_;
  fs::path folder_ = temporary_.path();
};

// Limits the size of the files that this process may write, as a full disk does.
class SizeLimit {
 public:
  explicit SizeLimit(rlim_t bytes) {
    handler_ = std::signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &old_);
    const rlimit limited{.rlim_cur = bytes, .rlim_max = old_.rlim_max};
    setrlimit(RLIMIT_FSIZE, &limited);
  }
  SizeLimit(const SizeLimit&) = delete;
  SizeLimit& operator=(const SizeLimit&) = delete;
  ~SizeLimit() {
    setrlimit(RLIMIT_FSIZE, &old_);
    std::signal(SIGXFSZ, handler_);
  }

 private:
  rlimit old_{};
  void (*handler_)(int);
};

TEST_F(File, IsWrittenAndReplaced) {
  const fs::path path = folder_ / "record.json";
  write_file(path, "old");
  write_file(path, "new");
  EXPECT_EQ(read(path), "new");
  EXPECT_EQ(count(), 1);
}

TEST_F(File, HasTheModeThatTheUserWants) {
  const mode_t old = umask(027);
  write_file(folder_ / "f", "x");
  umask(old);
  struct stat status{};
  ASSERT_EQ(stat((folder_ / "f").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0640u);
}

TEST_F(File, FullDiskKeepsTheOldOneAndLeavesNoOther) {
  const fs::path path = folder_ / "record.json";
  write_file(path, "old");
  {
    const SizeLimit limit(1000);
    try {
      write_file(path, std::string(5000, 'x'));
      ADD_FAILURE() << "5000 bytes fitted into 1000";
    } catch (const WriteError& e) {
      EXPECT_NE(std::string(e.what()).find(path.string()), std::string::npos) << e.what();
      EXPECT_NE(std::string(e.what()).find("File too large"), std::string::npos) << e.what();
    }
  }
  EXPECT_EQ(read(path), "old");
  EXPECT_EQ(count(), 1);
}

TEST_F(File, RequireWritableMakesFoldersAndLeavesNothingElse) {
  require_writable(folder_ / "a" / "b" / "record.json");
  EXPECT_TRUE(fs::is_empty(folder_ / "a" / "b"));
}

TEST_F(File, RequireWritableRefuses) {
  EXPECT_THROW(require_writable(folder_), WriteError);
  write_file(folder_ / "file", "x");
  EXPECT_THROW(require_writable(folder_ / "file" / "record.json"), WriteError);
  EXPECT_THROW(require_writable("/proc/moat/record.json"), WriteError);
}

}  // namespace
}  // namespace moat
