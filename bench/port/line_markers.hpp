// SPDX-License-Identifier: Apache-2.0
// What a preprocessor's output says about the lines that it read.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>

namespace moat {

// File → lines of it that left text in the output. A file that was entered is there even if
// nothing is left of it.
using MarkedLines = std::map<std::string, std::set<int>>;

// Reads the line markers of `-E` output: `# 12 "file" flags` of GCC and clang, `#line 12 "file"`
// of others. Lines that look like markers inside a raw string or a comment are none. `name_of`
// maps a file's name, as the marker spells it, to the key under which it is kept; "" drops it.
MarkedLines read_line_markers(std::string_view output,
                              const std::function<std::string(const std::string&)>& name_of);

// Names relative to `root`, with '/'; "" for files outside of it or inside `excluded`, and for
// the compiler's own "<built-in>". Names that are not absolute are relative to `directory`.
std::function<std::string(const std::string&)> names_within(const std::filesystem::path& root,
                                                            const std::filesystem::path& excluded,
                                                            const std::filesystem::path& directory);

}  // namespace moat
