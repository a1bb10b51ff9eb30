// SPDX-License-Identifier: Apache-2.0
// Times that a command of the user's tells. Nothing here verifies or times what it does.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

#include "bench/record/record.hpp"
#include "problems/problem.hpp"

namespace moat {

// A text whose placeholders no problem has.
struct CommandError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// The text with the problem's numbers: {m}, and whatever else the keys of its shape are called (a
// word like bt is 1 or 0, a number that the name leaves out 0), {dtype} as the name has it,
// {kernel} and {case}. {{ and }} are braces. Throws CommandError for another placeholder, with
// those that there are.
std::string fill_in(std::string_view text, const Problem& problem);

// The time that the last line of an output tells which begins with "time": "time 1.23 us", in s,
// ms, us or ns, of one call. A reason if there is none.
Reading<double> parse_told_time(std::string_view output);

// Runs the command in a shell for at most `seconds`, and all it started ends with it.
ToldRecord ask_command(const std::string& command, const Problem& problem, double seconds);

}  // namespace moat
