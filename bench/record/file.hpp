// Files that are either whole or not there.
#pragma once

#include <filesystem>
#include <stdexcept>
#include <string_view>

namespace moat {

// A file that could not be written: names it, the step and the system's reason.
struct WriteError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// Replaces `path` by `text`: written to a temporary file beside it, flushed to the disk, renamed.
// On any failure what was there stays, the temporary file goes, and WriteError is thrown.
void write_file(const std::filesystem::path& path, std::string_view text);

// Makes the folder of `path` and tries that a file can be created in it. Throws WriteError.
void require_writable(const std::filesystem::path& path);

}  // namespace moat
