// SPDX-License-Identifier: Apache-2.0
#include "bench/record/output_target.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <optional>
#include <system_error>

#include "bench/record/file.hpp"

namespace moat {
namespace {

namespace fs = std::filesystem;
using Kind = OutputTarget::Kind;

// Links that a path may go through, as many as the kernel allows.
constexpr int kMostLinks = 40;

// N of a name in this process's folder of descriptors. Such a link is no text that one could
// follow: behind it may be a pipe, or a file of which others hold the position.
std::optional<int> descriptor_of(const fs::path& path) {
  const std::string name = path.filename().string();
  int number = -1;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
  if (error != std::errc() || end != name.data() + name.size() || number < 0) return std::nullopt;
  std::error_code unreadable;
  const fs::path folder = fs::canonical(path.parent_path(), unreadable);
  const fs::path own = fs::canonical("/proc/self", unreadable);
  if (unreadable || folder.filename() != "fd") return std::nullopt;
  const fs::path process = folder.parent_path();
  const bool thread = process.parent_path() == own / "task";
  return process == own || thread ? std::optional(number) : std::nullopt;
}

}  // namespace

void fail_output(const fs::path& path, std::string_view step, int error) {
  throw WriteError(
      fmt::format("{}: {}: {}", path.string(), step, std::generic_category().message(error)));
}

OutputTarget output_target(const fs::path& path) {
  OutputTarget target{.kind = Kind::absent, .path = path, .descriptor = -1, .status = {}};
  if (path.empty()) fail_output("\"\"", "cannot be written", ENOENT);
  if (path == "-") {
    target.kind = Kind::descriptor;
    target.descriptor = STDOUT_FILENO;
    return target;
  }
  for (int links = 0;; ++links) {
    if (links > kMostLinks) fail_output(path, "cannot be followed", ELOOP);
    if (const auto number = descriptor_of(target.path)) {
      target.kind = Kind::descriptor;
      target.descriptor = *number;
      return target;
    }
    struct stat status {};
    if (lstat(target.path.c_str(), &status) != 0) {
      if (errno != ENOENT) fail_output(path, "cannot be written", errno);
      return target;
    }
    if (!S_ISLNK(status.st_mode)) {
      target.status = status;
      break;
    }
    std::error_code error;
    const fs::path next = fs::read_symlink(target.path, error);
    if (error) fail_output(path, "cannot be followed", error.value());
    target.path = next.is_absolute() ? next : target.path.parent_path() / next;
  }
  const mode_t mode = target.status.st_mode;
  target.kind = S_ISREG(mode) ? Kind::file : S_ISDIR(mode) ? Kind::folder : Kind::device;
  return target;
}

}  // namespace moat
