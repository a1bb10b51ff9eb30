// SPDX-License-Identifier: Apache-2.0
// What a path of the command line leads to.
#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

namespace moat {

struct OutputTarget {
  enum class Kind : std::uint8_t {
    absent,      // nothing there: `path` is where it would be made
    file,        // a regular file
    folder,      // cannot be written
    descriptor,  // one that the process has
    device,      // a device, FIFO or socket
  };

  Kind kind = Kind::absent;
  std::filesystem::path path;  // behind all links
  int descriptor = -1;
  struct stat status {};  // of what is there
};

// Follows the links of `path`; "-" is standard output. Throws WriteError where that is impossible.
OutputTarget output_target(const std::filesystem::path& path);

// Throws WriteError: "PATH: STEP: the system's words for `error`".
[[noreturn]] void fail_output(const std::filesystem::path& path, std::string_view step, int error);

}  // namespace moat
