#include "bench/record/file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <string>
#include <system_error>

namespace moat {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void fail(const fs::path& path, std::string_view step, int error) {
  throw WriteError(
      fmt::format("{}: {}: {}", path.string(), step, std::generic_category().message(error)));
}

fs::path folder_of(const fs::path& path) {
  return path.has_parent_path() ? path.parent_path() : fs::path(".");
}

// A file beside `target` that is removed unless it was renamed to it.
class TemporaryFile {
 public:
  explicit TemporaryFile(const fs::path& target)
      : target_(target), name_((folder_of(target) / ".moat-XXXXXX").string()) {
    descriptor_ = mkstemp(name_.data());
    if (descriptor_ < 0) fail(target_, "cannot create a file in its folder", errno);
  }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  ~TemporaryFile() {
    if (descriptor_ >= 0) close(descriptor_);
    if (!renamed_) unlink(name_.c_str());
  }

  void write(std::string_view text) {
    while (!text.empty()) {
      const ssize_t written = ::write(descriptor_, text.data(), text.size());
      if (written < 0) {
        if (errno == EINTR) continue;
        fail(target_, "cannot be written", errno);
      }
      text.remove_prefix(static_cast<std::size_t>(written));
    }
  }

  void replace_target() {
    // mkstemp makes files that only their owner may read.
    const mode_t mask = umask(0);
    umask(mask);
    if (fchmod(descriptor_, 0666 & ~mask) != 0) fail(target_, "cannot be made readable", errno);
    if (fsync(descriptor_) != 0) fail(target_, "cannot be flushed to the disk", errno);
    const int closed = close(descriptor_);
    descriptor_ = -1;
    if (closed != 0) fail(target_, "cannot be closed", errno);
    if (rename(name_.c_str(), target_.c_str()) != 0) fail(target_, "cannot be replaced", errno);
    renamed_ = true;
    // The rename itself is durable once the folder is; not every file system can sync one.
    if (const int folder = open(folder_of(target_).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        folder >= 0) {
      fsync(folder);
      close(folder);
    }
  }

 private:
  fs::path target_;
  std::string name_;
  int descriptor_ = -1;
  bool renamed_ = false;
};

}  // namespace

void write_file(const fs::path& path, std::string_view text) {
  TemporaryFile file(path);
  file.write(text);
  file.replace_target();
}

void require_writable(const fs::path& path) {
  std::error_code error;
  if (fs::is_directory(path, error)) fail(path, "cannot be written", EISDIR);
  fs::create_directories(folder_of(path), error);
  if (error) fail(folder_of(path), "cannot be made", error.value());
  const TemporaryFile probe(path);
}

}  // namespace moat
