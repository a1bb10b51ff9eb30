// SPDX-License-Identifier: Apache-2.0
// What the terminal, and its user, want to see.
#pragma once

#include <cstddef>
#include <string>

namespace moat {

// Whether what is printed on standard output may be coloured. The first that is said counts:
// NO_COLOR (no-color.org) and FORCE_COLOR=0: no; FORCE_COLOR or CLICOLOR_FORCE=1: yes; then only on
// a terminal, unless TERM is dumb or missing or CLICOLOR is 0. A variable that is empty says
// nothing.
bool color_wanted();

// Whether standard error is a terminal on which a line can be rewritten.
bool rewrites_lines();

// Columns of the terminal of standard error, `otherwise` if it does not tell.
std::size_t terminal_columns(std::size_t otherwise);

// The same of standard output.
std::size_t output_columns(std::size_t otherwise);

// A line as several of at most `columns` characters, where blanks allow it, those behind the first
// `indent` blanks in and without a newline behind the last. A number stays with its unit.
std::string wrapped(std::string line, std::size_t indent, std::size_t columns);

// The first characters of a text in UTF-8, each one column wide.
std::string first_columns(const std::string& text, std::size_t columns);

}  // namespace moat
