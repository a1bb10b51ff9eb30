// SPDX-License-Identifier: Apache-2.0
#include "bench/record/file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string>
#include <system_error>
#include <thread>
#include <utility>

#include "bench/record/output_target.hpp"

namespace moat {
namespace {

namespace fs = std::filesystem;
using Kind = OutputTarget::Kind;

// A shell that starts both ends of a FIFO needs moments; a reader that never comes must not hang
// CI.
constexpr std::chrono::seconds kWaitForReader{10};
constexpr std::chrono::milliseconds kLookForReader{20};

// Names that are tried before a folder counts as hopeless.
constexpr int kMostNames = 10000;

fs::path folder_of(const fs::path& path) {
  return path.has_parent_path() ? path.parent_path() : fs::path(".");
}

mode_t mode_of_new_files() {
  const mode_t mask = umask(0);
  umask(mask);
  return 0666 & ~mask;
}

void write_all(int descriptor, std::string_view text, const fs::path& path) {
  while (!text.empty()) {
    const ssize_t written = ::write(descriptor, text.data(), text.size());
    if (written < 0) {
      if (errno == EINTR) continue;
      // As for what is printed: the reader has gone, as in `moat report -o - | head -1`.
      if (errno == EPIPE && descriptor == STDOUT_FILENO) throw WriteError("");
      fail_output(path, "cannot be written", errno);
    }
    text.remove_prefix(static_cast<std::size_t>(written));
  }
}

void flush_to_disk(int descriptor, const fs::path& path) {
  // Pipes, and some file systems, cannot be synced.
  if (fsync(descriptor) != 0 && errno != EINVAL && errno != ENOTSUP && errno != EROFS) {
    fail_output(path, "cannot be flushed to the disk", errno);
  }
}

// Signals that end the process wait, so that it leaves no temporary file.
class SignalsHeld {
 public:
  SignalsHeld() {
    sigset_t held;
    sigemptyset(&held);
    for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGQUIT}) sigaddset(&held, signal);
    pthread_sigmask(SIG_BLOCK, &held, &before_);
  }
  SignalsHeld(const SignalsHeld&) = delete;
  SignalsHeld& operator=(const SignalsHeld&) = delete;
  ~SignalsHeld() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

 private:
  sigset_t before_{};
};

class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }

  int number() const { return number_; }
  // Some file systems tell only here that the disk is full.
  void close(const fs::path& path) {
    if (::close(std::exchange(number_, -1)) != 0) fail_output(path, "cannot be closed", errno);
  }

 private:
  int number_;
};

// A file beside `target` that is removed unless it was given that name.
class TemporaryFile {
 public:
  TemporaryFile(const fs::path& target, const fs::path& shown)
      : target_(target), shown_(shown), name_((folder_of(target) / ".moat-XXXXXX").string()) {
    descriptor_ = mkostemp(name_.data(), O_CLOEXEC);
    if (descriptor_ < 0) error_ = errno;
  }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  ~TemporaryFile() {
    if (descriptor_ >= 0) close(descriptor_);
    if (exists_ && error_ == 0) unlink(name_.c_str());
  }

  // Why there is none; 0 if there is.
  int error() const { return error_; }

  void fill(std::string_view text, mode_t mode, const struct stat* old) {
    write_all(descriptor_, text, shown_);
    // The owner first: changing it takes some bits of the mode away. A user may not give files to
    // others, and then the file is theirs.
    if (old != nullptr && fchown(descriptor_, old->st_uid, old->st_gid) != 0 &&
        fchown(descriptor_, static_cast<uid_t>(-1), old->st_gid) != 0) {
      mode &= ~static_cast<mode_t>(S_ISUID | S_ISGID);
    }
    if (fchmod(descriptor_, mode) != 0) fail_output(shown_, "cannot be made readable", errno);
    flush_to_disk(descriptor_, shown_);
    const int closed = close(std::exchange(descriptor_, -1));
    if (closed != 0) fail_output(shown_, "cannot be closed", errno);
  }

  // False if the target cannot be replaced but might be overwritten: files that are mounted.
  bool replace_target() {
    if (rename(name_.c_str(), target_.c_str()) != 0) {
      if (errno == EBUSY || errno == EXDEV) return false;
      fail_output(shown_, "cannot be replaced", errno);
    }
    exists_ = false;
    return true;
  }

  // False if the name is taken.
  bool become(const fs::path& name) {
    if (renameat2(AT_FDCWD, name_.c_str(), AT_FDCWD, name.c_str(), RENAME_NOREPLACE) == 0) {
      exists_ = false;
      return true;
    }
    // Not every file system can do that; a second name is made as safely.
    if (errno == EINVAL || errno == ENOSYS) {
      if (link(name_.c_str(), name.c_str()) == 0) return true;
    }
    if (errno == EEXIST) return false;
    fail_output(name, "cannot be made", errno);
  }

 private:
  fs::path target_;
  fs::path shown_;
  std::string name_;
  int descriptor_ = -1;
  int error_ = 0;
  bool exists_ = true;
};

// A rename is durable once the folder is; not every file system can sync one.
void flush_folder(const fs::path& folder) {
  if (const int fd = open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC); fd >= 0) {
    fsync(fd);
    close(fd);
  }
}

void write_descriptor(int descriptor, std::string_view text, const fs::path& path) {
  // What was printed before comes before.
  if (descriptor == STDOUT_FILENO) std::fflush(stdout);
  write_all(descriptor, text, path);
}

int open_device(const OutputTarget& target, const fs::path& path) {
  const auto deadline = std::chrono::steady_clock::now() + kWaitForReader;
  for (;;) {
    // A FIFO without a reader answers at once rather than never.
    const int fd = open(target.path.c_str(), O_WRONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    if (fd >= 0) {
      fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) & ~O_NONBLOCK);
      return fd;
    }
    const bool lonely = errno == ENXIO && S_ISFIFO(target.status.st_mode);
    if (!lonely) fail_output(path, "cannot be opened", errno);
    if (std::chrono::steady_clock::now() > deadline) {
      throw WriteError(fmt::format("{}: nothing read from this FIFO within {} seconds",
                                   path.string(), kWaitForReader.count()));
    }
    std::this_thread::sleep_for(kLookForReader);
  }
}

void write_device(const OutputTarget& target, std::string_view text, const fs::path& path) {
  Descriptor device(open_device(target, path));
  write_all(device.number(), text, path);
  flush_to_disk(device.number(), path);
  device.close(path);
}

void overwrite(const OutputTarget& target, std::string_view text, const fs::path& path) {
  Descriptor file(open(target.path.c_str(), O_WRONLY | O_CLOEXEC));
  if (file.number() < 0) fail_output(path, "cannot be opened", errno);
  // Room first: what stands there is lost only when the new text fits.
  const auto size = static_cast<off_t>(text.size());
  const int full = size > 0 ? posix_fallocate(file.number(), 0, size) : 0;
  if (full != 0 && full != EOPNOTSUPP && full != EINVAL) {
    // As long as it was, if some room was found.
    [[maybe_unused]] const int undone = ftruncate(file.number(), target.status.st_size);
    fail_output(path, "cannot be written", full);
  }
  write_all(file.number(), text, path);
  if (ftruncate(file.number(), size) != 0) fail_output(path, "cannot be shortened", errno);
  flush_to_disk(file.number(), path);
  file.close(path);
}

void require_permission(const OutputTarget& target, const fs::path& path) {
  if (faccessat(AT_FDCWD, target.path.c_str(), W_OK, AT_EACCESS) != 0) {
    fail_output(path, "cannot be written", errno);
  }
}

// Whether a folder refuses further files, though those that are there may be written.
bool takes_no_file(int error) { return error == EACCES || error == EPERM || error == EROFS; }

// A file under the one name would leave the old text under the others.
bool has_other_names(const OutputTarget& target) {
  return target.kind == Kind::file && target.status.st_nlink > 1;
}

void replace(const OutputTarget& target, std::string_view text, const fs::path& path) {
  const bool exists = target.kind == Kind::file;
  if (exists) require_permission(target, path);
  if (has_other_names(target)) return overwrite(target, text, path);
  const SignalsHeld held;
  TemporaryFile file(target.path, path);
  if (file.error() != 0) {
    if (exists && takes_no_file(file.error())) return overwrite(target, text, path);
    fail_output(path, "cannot create a file in its folder", file.error());
  }
  file.fill(text, exists ? target.status.st_mode & 07777 : mode_of_new_files(),
            exists ? &target.status : nullptr);
  if (!file.replace_target()) return overwrite(target, text, path);
  flush_folder(folder_of(target.path));
}

// What is behind a target; nothing if that is a name that is free or a closed descriptor.
std::optional<struct stat> status_of(const OutputTarget& target) {
  if (target.kind == Kind::absent) return std::nullopt;
  if (target.kind != Kind::descriptor) return target.status;
  struct stat status {};
  if (fstat(target.descriptor, &status) != 0) return std::nullopt;
  return status;
}

bool same_target(const OutputTarget& a, const OutputTarget& b) {
  if (a.kind == Kind::folder || b.kind == Kind::folder) return false;
  if (a.kind == Kind::descriptor && b.kind == Kind::descriptor && a.descriptor == b.descriptor) {
    return true;
  }
  const auto x = status_of(a);
  const auto y = status_of(b);
  if (x && y) {
    return !S_ISCHR(x->st_mode) && x->st_dev == y->st_dev && x->st_ino == y->st_ino;
  }
  if (a.kind != Kind::absent || b.kind != Kind::absent) return false;
  std::error_code error;
  return fs::weakly_canonical(fs::absolute(a.path), error) ==
         fs::weakly_canonical(fs::absolute(b.path), error);
}

fs::path numbered(const fs::path& path, int number) {
  if (number == 1) return path;
  return path.parent_path() /
         fmt::format("{}-{}{}", path.stem().string(), number, path.extension().string());
}

}  // namespace

void write_file(const fs::path& path, std::string_view text) {
  const OutputTarget target = output_target(path);
  switch (target.kind) {
    case Kind::folder:
      fail_output(path, "cannot be written", EISDIR);
    case Kind::descriptor:
      return write_descriptor(target.descriptor, text, path);
    case Kind::device:
      return write_device(target, text, path);
    case Kind::absent:
    case Kind::file:
      return replace(target, text, path);
  }
}

fs::path write_new_file(const fs::path& path, std::string_view text) {
  const SignalsHeld held;
  TemporaryFile file(path, path);
  if (file.error() != 0) fail_output(path, "cannot create a file in its folder", file.error());
  file.fill(text, mode_of_new_files(), nullptr);
  for (int number = 1; number <= kMostNames; ++number) {
    const fs::path name = numbered(path, number);
    if (!file.become(name)) continue;
    flush_folder(folder_of(path));
    return name;
  }
  fail_output(path, "and all names like it", EEXIST);
}

void require_writable(const fs::path& path) {
  OutputTarget target = output_target(path);
  if (target.kind == Kind::descriptor) {
    const int flags = fcntl(target.descriptor, F_GETFL);
    if (flags < 0) fail_output(path, "cannot be written", errno);
    if ((flags & O_ACCMODE) == O_RDONLY) fail_output(path, "cannot be written", EBADF);
    return;
  }
  if (target.kind == Kind::folder) fail_output(path, "cannot be written", EISDIR);
  if (target.kind == Kind::device) return require_permission(target, path);
  if (target.kind == Kind::file) {
    require_permission(target, path);
    if (has_other_names(target)) return;
  } else {
    std::error_code error;
    fs::create_directories(folder_of(target.path), error);
    if (error) fail_output(folder_of(target.path), "cannot be made", error.value());
  }
  const fs::path folder = folder_of(target.path);
  // A file without a name leaves nothing behind, whatever happens to the process.
  if (const int fd = open(folder.c_str(), O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600); fd >= 0) {
    close(fd);
    return;
  }
  const SignalsHeld held;
  const TemporaryFile probe(target.path, path);
  if (probe.error() == 0) return;
  if (target.kind == Kind::file && takes_no_file(probe.error())) return;
  fail_output(path, "cannot create a file in its folder", probe.error());
}

fs::path make_new_folder(const fs::path& path) {
  std::error_code error;
  fs::create_directories(folder_of(path), error);
  if (error) fail_output(folder_of(path), "cannot be made", error.value());
  for (int number = 1; number <= kMostNames; ++number) {
    fs::path name = path;
    if (number > 1) name += fmt::format("-{}", number);
    if (mkdir(name.c_str(), 0777) == 0) return name;
    if (errno != EEXIST) fail_output(name, "cannot be made", errno);
  }
  fail_output(path, "and all names like it", EEXIST);
}

bool same_output(const fs::path& a, const fs::path& b) {
  return same_target(output_target(a), output_target(b));
}

bool is_standard_output(const fs::path& path) { return same_output(path, "-"); }

bool is_stream(const fs::path& path) {
  const OutputTarget target = output_target(path);
  return target.kind == Kind::descriptor || target.kind == Kind::device;
}

}  // namespace moat
