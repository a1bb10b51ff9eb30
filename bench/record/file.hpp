// SPDX-License-Identifier: Apache-2.0
// Where results go: files that are either whole or not there, and what cannot be replaced.
#pragma once

#include <filesystem>
#include <stdexcept>
#include <string>
#include <string_view>

namespace moat {

// An output that could not be written: names it, the step and the system's reason.
struct WriteError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// Puts `text` where `path` leads, through any links, which stay:
// - A file, or a name that is free: replaced by a temporary file beside it that was flushed to the
//   disk. It keeps its mode and, where the system allows it, its owner. A file that has further
//   names (hard links), or whose folder takes no other file, is overwritten in place.
// - A device, FIFO or socket: written to. A FIFO waits some seconds for its reader.
// - "-", /dev/stdout, /dev/fd/N and the like: written to that descriptor, where it stands.
// Throws WriteError; a file that was to be replaced is then as it was, one that is overwritten may
// hold a part, and no other is left.
void write_file(const std::filesystem::path& path, std::string_view text);

// The same, but never over a file: if `path` exists, the first free one of the names with -2, -3 …
// before the extension is taken. Returns the name.
std::filesystem::path write_new_file(const std::filesystem::path& path, std::string_view text);

// Makes the folder of `path` and tries whether write_file could write there, leaving nothing.
// Throws WriteError.
void require_writable(const std::filesystem::path& path);

// Makes the folder `path`, or the first of path-2, path-3 … that nobody had. Throws WriteError.
std::filesystem::path make_new_folder(const std::filesystem::path& path);

// Whether both lead to one file, FIFO or descriptor, whatever they are called: the first text would
// be lost or mixed with the second. Character devices such as /dev/null take any number.
bool same_output(const std::filesystem::path& a, const std::filesystem::path& b);

// Whether `path` is "-", /dev/stdout or what standard output was redirected to, but for a character
// device, which takes what is printed too.
bool is_standard_output(const std::filesystem::path& path);

// Whether there is something at `path` that is neither file nor folder, or `path` is "-".
bool is_stream(const std::filesystem::path& path);

}  // namespace moat
